"""Our short way to Redis, in an outage and after it."""

from urllib.parse import urlsplit

import pytest
import redis

from jobs.redis_calls import RedisCalls
from settings import settings
from tests.faults.proxy import Proxy


def test_any_number_of_failed_connections_is_forgotten_when_the_server_is_back() -> None:
    parts = urlsplit(settings.redis_url)
    proxy = Proxy(parts.hostname or "", parts.port or 6379)
    through_proxy = parts._replace(
        netloc=parts.netloc.rpartition("@")[0] + "@" * ("@" in parts.netloc) + f"127.0.0.1:{proxy.port}"
    )
    calls = RedisCalls(through_proxy.geturl(), seconds=1, most=4)
    assert calls.call(("PING",)) in ([b"PONG"], [True])

    proxy.fail("refuse")
    for _ in range(150):
        with pytest.raises(redis.RedisError):
            calls.call(("PING",))
    proxy.heal()

    assert calls.call(("PING",)) in ([b"PONG"], [True])
    proxy.close()
