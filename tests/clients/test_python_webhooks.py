"""The Python package's verification of webhooks, with messages that we really sent."""

import base64
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import standardwebhooks
from sutler_client import InvalidWebhook, verify

from tests.clients.sutler import Sutler
from tests.receiver import Received, Receiver
from web.signatures import sign

OTHER_SECRET = base64.b64encode(bytes(32)).decode()
STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")


@pytest.fixture(scope="module")
def secret_and_message(sutler: Sutler) -> tuple[str, Received]:
    """A message about an order, as it was received, and the secret of whose order it was."""
    shop = sutler.shop(signed=True)
    with Receiver() as receiver:
        assert shop.order(sutler.sell(1), webhook_url=receiver.url).status_code == 200
        [message] = receiver.wait_for(1)
    assert shop.secret is not None
    return shop.secret, message


def in_standard_form(message: Received) -> dict[str, str]:
    """The headers of the Standard Webhooks specification alone."""
    return {name: message.headers[name] for name in STANDARD}


def test_our_message_is_genuine_in_both_forms(secret_and_message: tuple[str, Received]) -> None:
    secret, message = secret_and_message

    for headers in (message.headers, in_standard_form(message)):
        webhook = verify(secret, {name.title(): value for name, value in headers.items()}, message.body)
        assert webhook.id == message.headers["x-webhook-id"]
        assert webhook.document["status"] == "completed"
        assert isinstance(webhook.document["price_usdt"], Decimal)


def test_what_was_changed_is_refused(secret_and_message: tuple[str, Received]) -> None:
    secret, message = secret_and_message

    for headers, prefix in ((message.headers, "x-webhook-"), (in_standard_form(message), "webhook-")):
        with pytest.raises(InvalidWebhook):
            verify(secret, headers, message.body + b" ")
        with pytest.raises(InvalidWebhook):
            verify(OTHER_SECRET, headers, message.body)
        for name in ("signature", "timestamp"):
            with pytest.raises(InvalidWebhook):
                verify(secret, headers | {prefix + name: "1"}, message.body)


def test_what_is_not_signed_is_refused(secret_and_message: tuple[str, Received]) -> None:
    secret, message = secret_and_message

    with pytest.raises(InvalidWebhook):
        verify(secret, {}, message.body)
    for name in STANDARD:
        with pytest.raises(InvalidWebhook, match=name):
            verify(secret, {other: text for other, text in in_standard_form(message).items() if other != name}, b"{}")


@pytest.mark.parametrize(("seconds_off", "is_taken"), [(-290, True), (290, True), (-310, False), (310, False)])
def test_the_clock_may_be_off_by_five_minutes(seconds_off: int, is_taken: bool) -> None:
    sent_at, body = datetime.now(UTC) + timedelta(seconds=seconds_off), b'{"status":"completed"}'
    timestamp = str(int(time.time()) + seconds_off)
    forms = [
        {"X-Webhook-Id": "msg_1", "X-Webhook-Timestamp": timestamp, "X-Webhook-Signature": sign(OTHER_SECRET, timestamp, body).hex()},
        {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(sent_at.timestamp())), "Webhook-Signature": standardwebhooks.Webhook(OTHER_SECRET).sign("msg_1", sent_at, body.decode())},
    ]  # fmt: skip

    for headers in forms:
        if is_taken:
            assert verify(OTHER_SECRET, headers, body).document == {"status": "completed"}
        else:
            with pytest.raises(InvalidWebhook, match="300 s"):
                verify(OTHER_SECRET, headers, body)
