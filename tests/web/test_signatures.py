"""Signed requests: what is signed, for how long, and only once."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import keys
from models.database import db
from models.tables import Product
from tests.factories import Shop, make_product, make_shop


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client whose key has a secret."""
    return make_shop(client, "1000", signed=True)


@pytest.fixture
def product() -> Product:
    """Something to order, at 10 USDT."""
    return make_product("10", in_stock=100)


def body_for(product: Product, **fields: Any) -> bytes:
    """An order of one, as bytes."""
    return json.dumps({"product_id": product.id, "quantity": 1, **fields}).encode()


def refusal(answer: TestResponse) -> str:
    """The code of a 401."""
    assert answer.status_code == 401
    return str(answer.json["error"])


def orders_of(shop: Shop) -> int:
    """How many orders the client has."""
    return len(shop.get("/orders").json["items"])


def test_a_signature_is_the_hmac_of_timestamp_line_feed_and_body_keyed_with_the_text_of_the_secret(
    client: FlaskClient, shop: Shop, product: Product
) -> None:
    body, timestamp = body_for(product), str(int(time.time()))
    signature = hmac.new((shop.secret or "").encode(), f"{timestamp}\n".encode() + body, hashlib.sha256).hexdigest()

    answer = client.post(
        "/api/v1/orders",
        data=body,
        headers={
            "X-API-Key": shop.api_key, "Content-Type": "application/json",
            "X-Timestamp": timestamp, "X-Signature": signature,
        },
    )  # fmt: skip

    assert answer.status_code == 200


@pytest.mark.parametrize("left_out", [{"X_Signature"}, {"X_Timestamp"}, {"X_Signature", "X_Timestamp"}])
def test_a_post_needs_both_headers(shop: Shop, product: Product, left_out: set[str]) -> None:
    answer = shop.post("/orders", raw=body_for(product), **dict.fromkeys(left_out))

    assert refusal(answer) == "missing_signature"
    assert orders_of(shop) == 0


def test_every_post_needs_a_signature_and_no_get_does(shop: Shop, product: Product) -> None:
    order_id = shop.order(product).json["order_id"]

    answer = shop.post(f"/orders/{order_id}/webhooks/resend", X_Signature=None)

    assert refusal(answer) == "missing_signature"
    for path in (
        "/health",
        "/products",
        "/balance",
        "/balance/transactions",
        "/orders",
        f"/orders/{order_id}",
        "/usage",
    ):
        assert shop.get(path).status_code == 200


def test_a_key_without_a_secret_needs_no_signature_and_heeds_none(client: FlaskClient, product: Product) -> None:
    shop = make_shop(client)

    assert shop.order(product).status_code == 200
    assert shop.post("/orders", raw=body_for(product), X_Timestamp="0", X_Signature="rubbish").status_code == 200


def wrong_signatures(secret: str, timestamp: str, body: bytes) -> dict[str, str]:
    """What clients send who misread the formula."""
    key, text = secret.encode(), timestamp.encode() + b"\n" + body
    right = hmac.digest(key, text, hashlib.sha256)
    return {
        "base64": base64.b64encode(right).decode(),
        "prefixed": "sha256=" + right.hex(),
        "0x": "0x" + right.hex(),
        "cut short": right.hex()[:-1],
        "one digit more": right.hex() + "0",
        "one digit wrong": ("0" if right.hex()[0] != "0" else "1") + right.hex()[1:],
        "not hex": "g" * 64,
        "not ASCII": "é" * 64,
        "full-width digits": "\u00b2" * 64,
        "keyed with the decoded secret": hmac.digest(base64.b64decode(secret), text, hashlib.sha256).hex(),
        "keyed with nothing": hmac.digest(b"", text, hashlib.sha256).hex(),
        "SHA-1": hmac.digest(key, text, hashlib.sha1).hex(),
        "SHA-512": hmac.digest(key, text, hashlib.sha512).hex(),
        "no HMAC": hashlib.sha256(key + text).hexdigest(),
        "no line feed": hmac.digest(key, timestamp.encode() + body, hashlib.sha256).hex(),
        "a full stop": hmac.digest(key, timestamp.encode() + b"." + body, hashlib.sha256).hex(),
        "CR LF": hmac.digest(key, timestamp.encode() + b"\r\n" + body, hashlib.sha256).hex(),
        "the body alone": hmac.digest(key, body, hashlib.sha256).hex(),
        "the parsed body": hmac.digest(key, f"{timestamp}\n{json.loads(body)}".encode(), hashlib.sha256).hex(),
        "no body": hmac.digest(key, timestamp.encode() + b"\n", hashlib.sha256).hex(),
    }


@pytest.mark.parametrize("mistake", wrong_signatures("c2VjcmV0", "0", b"{}"))
def test_a_wrong_signature_is_refused(shop: Shop, product: Product, mistake: str) -> None:
    body, timestamp = body_for(product), str(int(time.time()))
    signature = wrong_signatures(shop.secret or "", timestamp, body)[mistake]

    answer = shop.post("/orders", raw=body, X_Timestamp=timestamp, X_Signature=signature)

    assert refusal(answer) == "invalid_signature"
    assert orders_of(shop) == 0


@pytest.mark.parametrize(
    "timestamp",
    ["now", "-1", "1e9", "1779497200.0", "0x10", "٣٣", "²", "9" * 13, "9" * 5000, "1 2", "2026-11-01T00:00:00Z"],
)
def test_a_timestamp_that_is_no_time_is_refused(shop: Shop, product: Product, timestamp: str) -> None:
    latin = timestamp.encode().decode("latin-1")  # as header values arrive

    assert refusal(shop.post("/orders", raw=body_for(product), X_Timestamp=latin)) == "invalid_signature"


def test_the_raw_bytes_are_signed(shop: Shop, product: Product) -> None:
    spellings = [
        b'{"product_id": %d, "quantity": 1}' % product.id,
        b'\n{ "quantity"\t: 1 ,\r\n "product_id" :  %d }\n' % product.id,
        '{"product_id": %d, "quantity": 1, "client_reference": "заказ № 5 — ünï 🎁"}'.encode() % product.id,
        b'{"product_id": %d, "quantity": 1, "client_reference": "\\u0437\\ud83c\\udf81"}' % product.id,
    ]

    for body in spellings:
        assert shop.post("/orders", raw=body).status_code == 200
        other_spelling = shop.post("/orders", raw=body + b" ", **shop.signature(body))
        assert refusal(other_spelling) == "invalid_signature"


def test_a_signature_holds_for_its_own_key_body_and_timestamp_only(
    client: FlaskClient, shop: Shop, product: Product
) -> None:
    body = body_for(product)
    other_key, other_body, other_time = (
        make_shop(client, signed=True),
        body_for(product, quantity=2),
        shop.signature(body, -1),
    )

    assert refusal(shop.post("/orders", raw=body, **other_key.signature(body))) == "invalid_signature"
    assert refusal(shop.post("/orders", raw=other_body, **shop.signature(body))) == "invalid_signature"
    mixed = shop.signature(body) | {"X-Timestamp": other_time["X-Timestamp"]}
    assert refusal(shop.post("/orders", raw=body, **mixed)) == "invalid_signature"


def test_hex_counts_in_either_case(shop: Shop, product: Product) -> None:
    body = body_for(product)
    signature = shop.signature(body)

    assert shop.post("/orders", raw=body, X_Signature=signature["X-Signature"].upper()).status_code == 200


@pytest.mark.parametrize("seconds_off", [-86_400, -302, 302, 86_400])
def test_a_clock_that_is_more_than_five_minutes_off_is_refused(shop: Shop, product: Product, seconds_off: int) -> None:
    body = body_for(product)

    answer = shop.post("/orders", raw=body, **shop.signature(body, seconds_off))

    assert refusal(answer) == "stale_timestamp"
    assert orders_of(shop) == 0


@pytest.mark.parametrize("seconds_off", [-298, 298])
def test_a_clock_that_is_less_than_five_minutes_off_is_good_enough(
    shop: Shop, product: Product, seconds_off: int
) -> None:
    body = body_for(product)

    assert shop.post("/orders", raw=body, **shop.signature(body, seconds_off)).status_code == 200


def test_whether_a_clock_is_off_is_told_only_to_the_holder_of_the_secret(shop: Shop, product: Product) -> None:
    body = body_for(product)
    stale = shop.signature(body, -1000)

    assert refusal(shop.post("/orders", raw=body, **stale | {"X-Signature": "0" * 64})) == "invalid_signature"


def test_a_rotated_secret_ends_at_once(shop: Shop, product: Product) -> None:
    assert shop.order(product).status_code == 200
    with db.connection_context():
        fresh = keys.rotate_secret("test", shop.fingerprint)

    assert refusal(shop.order(product)) == "invalid_signature"
    shop.secret = fresh
    assert shop.order(product).status_code == 200
