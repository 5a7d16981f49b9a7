"""Each key has a version in Redis, which changes with the key: so whoever remembers a key learns that it is another.

Whatever process changes a key must import this: the web for operators and the dashboard, the bot's workers.
"""

import secrets

import structlog
from redis import RedisError

from jobs.redis_calls import redis_client
from models import keys

VERSION_SECONDS = 60

log = structlog.get_logger()


def version_key(fingerprint: str) -> str:
    """Where Redis keeps the version of a key."""
    return f"key-version:{fingerprint}"


def _tell_all_processes(fingerprint: str) -> None:
    """Make every process ask the database anew."""
    try:
        redis_client().set(version_key(fingerprint), secrets.token_hex(8), ex=VERSION_SECONDS)
    except RedisError as error:
        log.warning("known_keys.change_not_told", key=fingerprint, error=type(error).__name__)


keys.on_change(_tell_all_processes)
