"""Hostile and careless bodies: always a 4xx in the JSON form, which names the field where there is one."""

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from gunicorn.http.errors import InvalidChunkSize  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from tests.factories import Shop, exact, make_product, make_shop
from tests.web.refusals import assert_refused

HUGE = "9" * 5000
CHUNKED: dict[str, Any] = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
GOOD = '"product_id": 1, "quantity": 1'  # tables restart their ids for each test

# What is sent, and the field that the answer names.
BODIES: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "body"),
    "white space": (" \r\n\t", "body"),
    "null": ("null", "body"),
    "true": ("true", "body"),
    "a number": ("1", "body"),
    "a string": ('"product_id"', "body"),
    "an array": ("[]", "body"),
    "an order in an array": ("[{%s}]" % GOOD, "body"),
    "a form": ("product_id=1&quantity=1", "body"),
    "XML": ("<order><product_id>1</product_id></order>", "body"),
    "cut short": ("{%s" % GOOD, "body"),
    "two documents": ("{%s}{%s}" % (GOOD, GOOD), "body"),
    "trailing garbage": ("{%s} x" % GOOD, "body"),
    "a trailing comma": ("{%s,}" % GOOD, "body"),
    "a trailing NUL": (b"{%s}\0" % GOOD.encode(), "body"),
    "a leading NUL": (b"\0{%s}" % GOOD.encode(), "body"),
    "a comment": ("{%s /* one */}" % GOOD, "body"),
    "a line comment": ("// one\n{%s}" % GOOD, "body"),
    "single quotes": ("{'product_id': 1, 'quantity': 1}", "body"),
    "bare names": ("{product_id: 1, quantity: 1}", "body"),
    "a byte order mark": (b"\xef\xbb\xbf{%s}" % GOOD.encode(), "body"),
    "UTF-16": (("{%s}" % GOOD).encode("utf-16"), "body"),
    "UTF-32": (("{%s}" % GOOD).encode("utf-32"), "body"),
    "Latin-1": (b'{%s, "client_reference": "\xe9"}' % GOOD.encode(), "body"),
    "an overlong encoding": (b'{%s, "client_reference": "\xc0\xaf"}' % GOOD.encode(), "body"),
    "a surrogate in UTF-8": (b'{%s, "client_reference": "\xed\xa0\x80"}' % GOOD.encode(), "body"),
    "deep arrays": ("[" * 30_000 + "]" * 30_000, "body"),
    "deep arrays in a field": ('{%s, "recipient": %s1%s}' % (GOOD, "[" * 20_000, "]" * 20_000), "body"),
    "deep objects": ('{"a":' * 10_000 + "1" + "}" * 10_000, "body"),
    "arrays that never end": ("[" * 65_000, "body"),
    "an empty object": ("{}", "product_id"),
    "no product": ('{"quantity": 1}', "product_id"),
    "no quantity": ('{"product_id": 1}', "quantity"),
    "a duplicate name": ('{%s, "quantity": 2}' % GOOD, "quantity"),
    "a duplicate name, same value": ('{%s, "quantity": 1}' % GOOD, "quantity"),
    "a duplicate name, escaped": ('{%s, "quant\\u0069ty": 1}' % GOOD, "quantity"),
    "a duplicate unknown name": ('{%s, "x": 1, "x": 1}' % GOOD, "x"),
    "an unknown field": ('{%s, "price_usdt": 0.01}' % GOOD, "price_usdt"),
    "a field in another case": ('{%s, "Quantity": 1}' % GOOD, "Quantity"),
    "an empty name": ('{%s, "": 1}' % GOOD, ""),
    "another's account": ('{%s, "account_id": 2}' % GOOD, "account_id"),
    "a name out of Python": ('{%s, "__class__": {}}' % GOOD, "__class__"),
    "a name out of JavaScript": ('{%s, "__proto__": {"quantity": 2}}' % GOOD, "__proto__"),
    "a name of markup": ('{%s, "<script>": 1}' % GOOD, "<script>"),
    "a name that is half a character": ('{%s, "\\ud800": 1}' % GOOD, "?"),
    "a name of control characters": ('{%s, "\\u0000\\r\\n": 1}' % GOOD, "\0\r\n"),
    "a very long name": ('{%s, "%s": 1}' % (GOOD, "n" * 50_000), "n" * 100),
    "product_id null": ('{"product_id": null, "quantity": 1}', "product_id"),
    "product_id in a string": ('{"product_id": "1", "quantity": 1}', "product_id"),
    "product_id true": ('{"product_id": true, "quantity": 1}', "product_id"),
    "product_id 1.0": ('{"product_id": 1.0, "quantity": 1}', "product_id"),
    "product_id 1e0": ('{"product_id": 1e0, "quantity": 1}', "product_id"),
    "product_id 0": ('{"product_id": 0, "quantity": 1}', "product_id"),
    "product_id -1": ('{"product_id": -1, "quantity": 1}', "product_id"),
    "product_id 2^63": ('{"product_id": 9223372036854775808, "quantity": 1}', "product_id"),
    "product_id of 5,000 digits": ('{"product_id": %s, "quantity": 1}' % HUGE, "product_id"),
    "product_id an array": ('{"product_id": [1], "quantity": 1}', "product_id"),
    "product_id an object": ('{"product_id": {"$gt": 0}, "quantity": 1}', "product_id"),
    "product_id SQL": ('{"product_id": "1; DROP TABLE orders", "quantity": 1}', "product_id"),
    "quantity null": ('{"product_id": 1, "quantity": null}', "quantity"),
    "quantity in a string": ('{"product_id": 1, "quantity": "1"}', "quantity"),
    "quantity true": ('{"product_id": 1, "quantity": true}', "quantity"),
    "quantity false": ('{"product_id": 1, "quantity": false}', "quantity"),
    "quantity 1.0": ('{"product_id": 1, "quantity": 1.0}', "quantity"),
    "quantity 1.5": ('{"product_id": 1, "quantity": 1.5}', "quantity"),
    "quantity 1E0": ('{"product_id": 1, "quantity": 1E0}', "quantity"),
    "quantity 0": ('{"product_id": 1, "quantity": 0}', "quantity"),
    "quantity -0": ('{"product_id": 1, "quantity": -0}', "quantity"),
    "quantity -1": ('{"product_id": 1, "quantity": -1}', "quantity"),
    "quantity 10,001": ('{"product_id": 1, "quantity": 10001}', "quantity"),
    "quantity 2^31": ('{"product_id": 1, "quantity": 2147483648}', "quantity"),
    "quantity 2^64 + 1": ('{"product_id": 1, "quantity": 18446744073709551617}', "quantity"),
    "quantity of 5,000 digits": ('{"product_id": 1, "quantity": %s}' % HUGE, "quantity"),
    "quantity of minus 5,000 digits": ('{"product_id": 1, "quantity": -%s}' % HUGE, "quantity"),
    "quantity 1e400": ('{"product_id": 1, "quantity": 1e400}', "quantity"),
    "quantity 1e9999999999999999999": ('{"product_id": 1, "quantity": 1e9999999999999999999}', "quantity"),
    "quantity NaN": ('{"product_id": 1, "quantity": NaN}', "quantity"),
    "quantity Infinity": ('{"product_id": 1, "quantity": Infinity}', "quantity"),
    "quantity -Infinity": ('{"product_id": 1, "quantity": -Infinity}', "quantity"),
    "quantity with a plus": ('{"product_id": 1, "quantity": +1}', "body"),
    "quantity 01": ('{"product_id": 1, "quantity": 01}', "body"),
    "quantity 0x1": ('{"product_id": 1, "quantity": 0x1}', "body"),
    "quantity 1_0": ('{"product_id": 1, "quantity": 1_0}', "body"),
    "quantity in Arabic digits": ('{"product_id": 1, "quantity": ٣}', "body"),
    "payment_method null": ('{%s, "payment_method": null}' % GOOD, "payment_method"),
    "payment_method unknown": ('{%s, "payment_method": "cash"}' % GOOD, "payment_method"),
    "payment_method in capitals": ('{%s, "payment_method": "BALANCE"}' % GOOD, "payment_method"),
    "payment_method with a space": ('{%s, "payment_method": "balance "}' % GOOD, "payment_method"),
    "payment_method half a character": ('{%s, "payment_method": "\\ud800"}' % GOOD, "payment_method"),
    "payment_method a number": ('{%s, "payment_method": 1}' % GOOD, "payment_method"),
    "client_reference a number": ('{%s, "client_reference": 5}' % GOOD, "client_reference"),
    "client_reference an array": ('{%s, "client_reference": ["a"]}' % GOOD, "client_reference"),
    "client_reference too long": ('{%s, "client_reference": "%s"}' % (GOOD, "r" * 65), "client_reference"),
    "client_reference NUL": ('{%s, "client_reference": "a\\u0000b"}' % GOOD, "client_reference"),
    "client_reference raw NUL": (b'{%s, "client_reference": "a\0b"}' % GOOD.encode(), "body"),
    "client_reference a line feed": ('{%s, "client_reference": "a\\nX-Evil: 1"}' % GOOD, "client_reference"),
    "client_reference half a character": ('{%s, "client_reference": "\\udc00"}' % GOOD, "client_reference"),
    "client_reference NaN": ('{%s, "client_reference": NaN}' % GOOD, "client_reference"),
    "max_price_usdt true": ('{%s, "max_price_usdt": true}' % GOOD, "max_price_usdt"),
    "max_price_usdt 0": ('{%s, "max_price_usdt": 0}' % GOOD, "max_price_usdt"),
    "max_price_usdt negative": ('{%s, "max_price_usdt": -10}' % GOOD, "max_price_usdt"),
    "max_price_usdt 7 decimals": ('{%s, "max_price_usdt": 10.0000001}' % GOOD, "max_price_usdt"),
    "max_price_usdt 7 decimals in a string": ('{%s, "max_price_usdt": "10.0000001"}' % GOOD, "max_price_usdt"),
    "max_price_usdt 38 decimals": ('{%s, "max_price_usdt": 10.%s1}' % (GOOD, "0" * 37), "max_price_usdt"),
    "max_price_usdt 37 decimals in a string": ('{%s, "max_price_usdt": "10.%s1"}' % (GOOD, "0" * 36), "max_price_usdt"),
    "max_price_usdt 1e-7": ('{%s, "max_price_usdt": 1e-7}' % GOOD, "max_price_usdt"),
    "max_price_usdt 1e-2000000": ('{%s, "max_price_usdt": 1e-2000000}' % GOOD, "max_price_usdt"),
    "max_price_usdt 1e400": ('{%s, "max_price_usdt": 1e400}' % GOOD, "max_price_usdt"),
    "max_price_usdt of 5,000 digits": ('{%s, "max_price_usdt": %s}' % (GOOD, HUGE), "max_price_usdt"),
    "max_price_usdt NaN": ('{%s, "max_price_usdt": NaN}' % GOOD, "max_price_usdt"),
    "max_price_usdt NaN in a string": ('{%s, "max_price_usdt": "NaN"}' % GOOD, "max_price_usdt"),
    "max_price_usdt Infinity in a string": ('{%s, "max_price_usdt": "Infinity"}' % GOOD, "max_price_usdt"),
    "max_price_usdt 1e2 in a string": ('{%s, "max_price_usdt": "1e2"}' % GOOD, "max_price_usdt"),
    "max_price_usdt with a comma": ('{%s, "max_price_usdt": "10,00"}' % GOOD, "max_price_usdt"),
    "max_price_usdt with a space": ('{%s, "max_price_usdt": " 10"}' % GOOD, "max_price_usdt"),
    "max_price_usdt in Arabic digits": ('{%s, "max_price_usdt": "٣٠"}' % GOOD, "max_price_usdt"),
    "max_price_usdt an empty string": ('{%s, "max_price_usdt": ""}' % GOOD, "max_price_usdt"),
    "max_price_usdt half a character": ('{%s, "max_price_usdt": "\\ud800"}' % GOOD, "max_price_usdt"),
    "recipient a number": ('{%s, "recipient": 12345}' % GOOD, "recipient"),
    "recipient too short": ('{%s, "recipient": "abc"}' % GOOD, "recipient"),
    "recipient too long": ('{%s, "recipient": "a%s"}' % (GOOD, "b" * 32), "recipient"),
    "recipient with a line feed": ('{%s, "recipient": "durov\\n"}' % GOOD, "recipient"),
    "recipient with a NUL": ('{%s, "recipient": "durov\\u0000"}' % GOOD, "recipient"),
    "recipient in Cyrillic": ('{%s, "recipient": "дуров"}' % GOOD, "recipient"),
    "recipient half a character": ('{%s, "recipient": "durov\\ud800"}' % GOOD, "recipient"),
    "webhook_url a number": ('{%s, "webhook_url": 1}' % GOOD, "webhook_url"),
    "webhook_url empty": ('{%s, "webhook_url": ""}' % GOOD, "webhook_url"),
    "webhook_url no address": ('{%s, "webhook_url": "example.com/cb"}' % GOOD, "webhook_url"),
    "webhook_url a file": ('{%s, "webhook_url": "file:///etc/passwd"}' % GOOD, "webhook_url"),
    "webhook_url with a password": ('{%s, "webhook_url": "https://a:b@93.184.215.14/"}' % GOOD, "webhook_url"),
    "webhook_url on port 0": ('{%s, "webhook_url": "https://93.184.215.14:0/"}' % GOOD, "webhook_url"),
    "webhook_url with a line feed": ('{%s, "webhook_url": "https://93.184.215.14/\\r\\nX: y"}' % GOOD, "webhook_url"),
    "webhook_url too long": ('{%s, "webhook_url": "https://93.184.215.14/%s"}' % (GOOD, "p" * 2048), "webhook_url"),
    "webhook_url with a bad bracket": ('{%s, "webhook_url": "https://[::1/"}' % GOOD, "webhook_url"),
    "webhook_url half a character": ('{%s, "webhook_url": "https://93.184.215.14/\\ud800"}' % GOOD, "webhook_url"),
}


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with money; the product that it can order has the id 1 and costs 10 USDT."""
    assert make_product("10", in_stock=100).id == 1
    return make_shop(client, "1000000")


def order_one(shop: Shop, **headers: Any) -> TestResponse:
    """Place a good order."""
    return shop.post("/orders", {"product_id": 1, "quantity": 1}, **headers)


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_and_the_field_named(shop: Shop, name: str) -> None:
    body, field = BODIES[name]

    answer = shop.post("/orders", raw=body if isinstance(body, bytes) else body.encode())

    document = assert_refused(answer, 422, "invalid_body")
    assert field in [fault["field"] for fault in document["fields"]]
    assert all(fault["message"] for fault in document["fields"])
    assert shop.get("/orders").json["items"] == []


def test_every_field_at_fault_is_named(shop: Shop) -> None:
    answer = shop.post("/orders", {"product_id": "1", "quantity": 0, "max_price_usdt": [], "x": 1, "y": None})

    document = assert_refused(answer, 422, "invalid_body")
    assert {fault["field"] for fault in document["fields"]} == {"product_id", "quantity", "max_price_usdt", "x", "y"}


def test_ten_thousand_faults_make_no_long_answer(shop: Shop) -> None:
    answer = shop.post("/orders", {f"f{number}": 0 for number in range(5_000)})

    assert len(assert_refused(answer, 422, "invalid_body")["fields"]) <= 50


def test_a_hundred_thousand_levels_are_refused(shop: Shop) -> None:
    assert_refused(shop.post("/orders", raw=b"[" * 100_000 + b"]" * 100_000), 413, "body_too_large")


def test_a_body_over_64_kib_is_refused_with_and_without_its_length(shop: Shop) -> None:
    largest = (b"{%s}" % GOOD.encode()).ljust(65_536)
    assert shop.post("/orders", raw=largest).status_code == 200

    assert_refused(shop.post("/orders", raw=largest + b" "), 413, "body_too_large")
    answer = shop.client.post(
        "/api/v1/orders",
        data=largest + b" ",
        headers={"X-API-Key": shop.api_key, "Content-Type": "application/json"},
        environ_overrides=CHUNKED,
    )
    assert_refused(answer, 413, "body_too_large")


class BrokenChunks(io.RawIOBase):
    """A chunked body of which gunicorn cannot make sense."""

    def readable(self) -> bool:
        """It could be read, if it were whole."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What gunicorn does at a chunk without a size."""
        raise InvalidChunkSize(b"zz")


def test_a_body_whose_chunks_are_broken_is_refused(shop: Shop) -> None:
    answer = shop.client.post(
        "/api/v1/orders",
        headers={"X-API-Key": shop.api_key, "Content-Type": "application/json"},
        environ_overrides=CHUNKED | {"wsgi.input": BrokenChunks()},
    )

    assert_refused(answer, 400, "bad_request")


def test_a_length_that_lies_is_refused(shop: Shop) -> None:
    headers = {"X-API-Key": shop.api_key, "Content-Type": "application/json"}
    body = b"{%s}" % GOOD.encode()

    for length, status in (("5", 422), ("0", 422), ("-1", 422), ("x", 422), ("9" * 30, 413)):
        answer = shop.client.post(
            "/api/v1/orders", data=body, headers=headers, environ_overrides={"CONTENT_LENGTH": length}
        )
        assert_refused(answer, status, "body_too_large" if status == 413 else "invalid_body")


@pytest.mark.parametrize(
    "content_type",
    [
        None, "", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/xml", "application/jsonp", "application/x-ndjson", "application/octet-stream", "json", "*/*",
        "application/json, text/plain", "text/plain; application/json", "é",
    ],
)  # fmt: skip
def test_a_body_that_does_not_say_it_is_json_is_refused(shop: Shop, content_type: str | None) -> None:
    answer = shop.post("/orders", raw=b"{%s}" % GOOD.encode(), Content_Type=content_type)

    assert_refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json;x=y"]
)
def test_json_is_known_by_any_spelling_of_its_name(shop: Shop, content_type: str) -> None:
    assert shop.post("/orders", raw=b"{%s}" % GOOD.encode(), Content_Type=content_type).status_code == 200


@pytest.mark.parametrize(
    "key", ["", "k" * 256, "tab\there", "caf\xe9", "\x7f", "\x01", "\xff" * 10, "\u00a0", "emoji \xf0\x9f\x8e\x81"]
)
def test_a_hostile_idempotency_key_is_refused(shop: Shop, key: str) -> None:
    document = assert_refused(order_one(shop, Idempotency_Key=key), 422, "invalid_body")

    assert document["fields"][0]["field"] == "Idempotency-Key"
    assert shop.get("/orders").json["items"] == []


@pytest.mark.parametrize(
    "key", ["k" * 255, " ", "'; DROP TABLE orders; --", "%00", "a,b", "../..", "~", "{}", "%(key)s"]
)
def test_any_printable_idempotency_key_works(shop: Shop, key: str) -> None:
    first, again = order_one(shop, Idempotency_Key=key), order_one(shop, Idempotency_Key=key)

    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert exact(first) == exact(again)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NEAR_ORDERS = st.fixed_dictionaries(
    {"product_id": st.sampled_from([1, 1, 1, 2]) | JSON_VALUES, "quantity": st.integers(-1, 11_000) | JSON_VALUES},
    optional={
        "payment_method": st.sampled_from(["balance", "invoice"]) | JSON_VALUES,
        "client_reference": st.text(st.characters(), max_size=70) | JSON_VALUES,
        "max_price_usdt": st.decimals(allow_nan=False, allow_infinity=False, places=7).map(str) | JSON_VALUES,
        "recipient": st.from_regex(r"@?\w{3,33}") | JSON_VALUES,
        "webhook_url": st.just("http://93.184.215.14/") | JSON_VALUES,
        "extra": JSON_VALUES,
    },
)


@settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(document=JSON_VALUES | NEAR_ORDERS)
def test_whatever_json_is_sent_it_is_an_order_or_refused(shop: Shop, document: Any) -> None:
    answer = shop.post("/orders", raw=json.dumps(document).encode())

    if answer.status_code == 200:
        assert exact(answer)["status"] == "processing"
    else:
        assert 400 <= answer.status_code < 500 or answer.json["error"] == "invoice_not_implemented"
        assert_refused(answer, answer.status_code, answer.json["error"])


@settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(max_size=60))
def test_whatever_bytes_are_sent_they_are_refused(shop: Shop, body: bytes) -> None:
    assert_refused(shop.post("/orders", raw=body), 422, "invalid_body")
