"""iStar's webhooks: which are believed, and what they say."""

import pytest

from jobs.providers.base import ForgedNotice, Notice
from jobs.providers.istar import IStar
from models.telegram_goods import Good
from settings import settings
from tests.jobs.istar_server import IStarServer, sign
from tests.jobs.provider_orders import lease

TICKET = "hash-of-ada"


def test_a_webhook_tells_the_end(istar_server: IStarServer, istar: IStar) -> None:
    istar.submit(lease(ticket=TICKET))
    name = next(iter(istar_server.sold))
    istar_server.finish(name)
    assert istar.read_notice(*istar_server.notice(name)) == Notice(name, "delivered")

    istar_server.finish(name, "failed", "Fragment\nrefused")
    assert istar.read_notice(*istar_server.notice(name)) == Notice(name, "failed", "Fragment refused")


@pytest.mark.parametrize("spelling", ["{}", "sha256={}", " {} "])
def test_the_signature_may_be_spelled_in_several_ways(istar_server: IStarServer, istar: IStar, spelling: str) -> None:
    body = b'{"event_type": "order.completed", "order": {"id": 7}}'

    assert istar.read_notice(body, {"X-iStar-Signature": spelling.format(sign(body).upper())}) == Notice(
        "7", "delivered"
    )


@pytest.mark.parametrize("signature", [None, "", "00", "sha256=", "é", "f" * 64])
def test_a_forged_webhook_is_not_believed(istar: IStar, signature: str | None) -> None:
    body = b'{"event_type": "order.completed", "order": {"id": "7"}}'

    with pytest.raises(ForgedNotice):
        istar.read_notice(body, {} if signature is None else {"X-iStar-Signature": signature})
    with pytest.raises(ForgedNotice):
        istar.read_notice(body + b" ", {"X-iStar-Signature": sign(body)})


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_no_webhook_is_believed(secret: str | None) -> None:
    unsecured = IStar(settings.istar_api_url, "key", secret, frozenset({Good.STARS}))

    with pytest.raises(ForgedNotice):
        # The signature that an empty key makes of an empty body.
        unsecured.read_notice(
            b"", {"X-iStar-Signature": "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"}
        )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b'"order.completed"',
        b'{"event_type": "order.completed"}',
        b'{"event_type": "order.completed", "order": []}',
        b'{"event_type": "order.completed", "order": {"id": null}}',
        b'{"event_type": "order.completed", "order": {"id": true}}',
        b'{"event_type": "order.completed", "order": {"id": ""}}',
        b'{"event_type": "order.completed", "order": {"id": "a\\u0000b"}}',
        b'{"event_type": "order.created", "order": {"id": "7"}}',
        b'{"event_type": ["order.completed"], "order": {"id": "7"}}',
        b'{"order": {"id": "7"}}',
    ],
)
def test_a_signed_webhook_that_tells_nothing_is_passed_over(istar: IStar, body: bytes) -> None:
    assert istar.read_notice(body, {"X-iStar-Signature": sign(body)}) is None
