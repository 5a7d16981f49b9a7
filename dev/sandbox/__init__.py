"""The made-up provider of development: a server of its own, which speaks iStar's API and remembers what it sold.

    python -m dev.sandbox --port 20000 --book var/sandbox.db --notify http://127.0.0.1:8000/providers/sandbox/webhook

Who an order is for decides what becomes of it, so that anything can be tried by hand: see `dev.sandbox.shop`.
"""
