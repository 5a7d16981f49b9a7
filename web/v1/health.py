"""Whether the key works and the service is up."""

import time

from flask import Blueprint, Response

from models.database import db
from web.answers import answer
from web.reference.described import described
from web.v1 import shapes


def route(v1: Blueprint) -> None:
    """Add this resource's addresses."""
    v1.get("/health")(show_health)


@described(shapes.Health)
def show_health() -> Response:
    """Whether the key works and the service is up."""
    # The gate has asked Redis by the time this runs, and may have known the key without asking the database.
    db.execute_sql("SELECT 1")
    return answer({"status": "ok", "timestamp": int(time.time())})
