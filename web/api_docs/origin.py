"""What the page and the Postman collection are made for: the application, and the address where we are reached."""

from flask import Flask, current_app, request

from settings import settings

HOSTS_KEPT = 8  # what is made for so many host names is kept; more only come from who makes them up
# Stands for the base where one text is made for all host names: to make it anew for each would let whoever makes them
# up keep a process busy with forty requests a second.
PLACEHOLDER = "https://base.invalid"


def base() -> str:
    """Where clients reach us: what the operator says, or else where the reader does."""
    return settings.public_url or request.host_url.rstrip("/")


def app() -> Flask:
    """The application that serves the request."""
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]  # the way that Flask tells of
