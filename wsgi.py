"""The web process: `gunicorn wsgi:app`; and what `flask` commands start from."""

from web import create_app

app = create_app()
