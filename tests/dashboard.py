"""The dashboard as a browser uses it: signed in, with the session's token in every form."""

import re
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import dashboard_sessions
from models.database import changed, db
from tests.factories import Shop, TelegramShop
from web.pages import session

ORIGIN = "http://localhost"


@dataclass
class Visitor:
    """Somebody who is signed in on the dashboard, in a browser of his own."""

    browser: FlaskClient
    csrf_token: str

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """GET a page; paths are given below /dashboard."""
        return self.browser.get(f"/dashboard{path}", **kwargs)

    def post(self, path: str, **fields: Any) -> TestResponse:
        """Send a form, as a page of ours would."""
        return self.browser.post(
            f"/dashboard{path}", data={"csrf_token": self.csrf_token, **fields}, headers={"Origin": ORIGIN}
        )


def sign_in(client: FlaskClient, shop: Shop | TelegramShop) -> Visitor:
    """Sign in with the shop's key, in a browser that has no other session."""
    browser = client.application.test_client()
    secret = getattr(shop, "secret", None) or ""
    answer = browser.post("/dashboard/sign-in", data={"api_key": shop.api_key, "secret": secret})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return Visitor(browser, csrf_token_in(browser.get("/dashboard").get_data(as_text=True)))


def sign_in_from_telegram(client: FlaskClient, account_id: int, user_id: int = 77) -> Visitor:
    """Sign in as the Telegram user whose account it is, as if a Mini App had been opened."""
    with db.connection_context():
        changed("INSERT INTO telegram_users (id, account_id) VALUES (%(user_id)s, %(account_id)s)",
                {"user_id": user_id, "account_id": account_id})  # fmt: skip
        token = dashboard_sessions.open_by_telegram(account_id, user_id)
    browser = client.application.test_client()
    browser.set_cookie(session.COOKIE, token, path=session.PATH)
    return Visitor(browser, csrf_token_in(browser.get("/dashboard").get_data(as_text=True)))


def csrf_token_in(page: str) -> str:
    """The token that the forms of a page carry."""
    found = re.search(r'name="csrf_token" value="([0-9a-f]{64})"', page)
    assert found is not None, page
    return found[1]
