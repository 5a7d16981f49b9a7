"""Whether the process lives, and whether it can serve: for routers and supervisors, without a key."""

from functools import lru_cache
from pathlib import Path

import redis
from flask import Blueprint, Response
from peewee import ProgrammingError

from jobs.redis_calls import redis_client
from models.database import OUTAGES, rows
from web.answers import answer

MIGRATIONS = Path(__file__).parent.parent / "models" / "migrations"

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """The process lives."""
    return answer({"status": "ok"})


@health.get("/readyz")
def readyz() -> Response:
    """Database, Redis and migrations are there."""
    checks = {"database": _database(), "redis": _redis()}
    ready = all(state == "ok" for state in checks.values())
    headers = {} if ready else {"Retry-After": "2"}
    return answer({"status": "ok" if ready else "unavailable", **checks}, 200 if ready else 503, headers)


def _database() -> str:
    try:
        applied = {migration["name"] for migration in rows("SELECT name FROM schema_migration")}
    except OUTAGES:
        return "unreachable"
    except ProgrammingError:
        applied = set()  # there is no such table before the first migration
    return "ok" if _wanted_migrations() <= applied else "migrations are pending: run `pwmigrate up`"


def _redis() -> str:
    try:
        redis_client().ping()
    except redis.RedisError:
        return "unreachable"
    return "ok"


@lru_cache(maxsize=1)
def _wanted_migrations() -> frozenset[str]:
    return frozenset(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))
