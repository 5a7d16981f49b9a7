"""JSON answers."""

from typing import Any

from flask import Response

from models.money import dumps


def answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer in which every amount has exactly its value."""
    return Response(dumps(document), status, headers, mimetype="application/json")
