"""Crowds: the same thing, or several things, done by many at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import requests

from models.database import db
from tests.desk import Desk


def race(count: int, runner: Callable[[int], Any]) -> list[Any]:
    """Run it so many times at once."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(runner, range(count)))


def at_once(*runners: Callable[[], Any]) -> list[Any]:
    """Run these at the same instant, each with a connection of its own."""
    start = Barrier(len(runners))

    def run(number: int) -> Any:
        with db.connection_context():
            start.wait()
            return runners[number]()

    return race(len(runners), run)


def admin(base: str, desk: Desk, path: str, document: Any) -> requests.Response:
    """POST to the admin API over HTTP."""
    headers = {"Authorization": f"Bearer {desk.token}"}
    return requests.post(f"{base}/api/admin{path}", json=document, headers=headers, timeout=30)
