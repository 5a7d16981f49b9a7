"""Hostile queries, cursors, ids, paths, methods and headers: always a 4xx in the JSON form, and never a 500."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import Shop, make_product, make_shop
from tests.web.refusals import assert_refused

HUGE = "9" * 4000
NUMBERS = (
    "",
    " ",
    "abc",
    "1.0",
    "1e2",
    "-1",
    "+1",
    "1_0",
    "0x1",
    "٣",
    "1;2",
    "9" * 19,
    "9" * 20,
    HUGE,
    "null",
    "%00",
)
FLAGS = ("", "maybe", "2", "-1", "null", "%00", "tru", "trueish")
QUERIES = [
    *(f"/products?page={value}" for value in (*NUMBERS, "0")),
    *(f"/products?page_size={value}" for value in (*NUMBERS, "0", "201")),
    *(f"/products?min_qty={value}" for value in (*NUMBERS, "0")),
    *(f"/products?updated_since={value}" for value in NUMBERS),
    *(
        f"/products?min_price={value}"
        for value in ("", "abc", "-1", "1,5", "1e2", ".5", "5.", "NaN", "0.0000001", "1" * 41)
    ),
    *(f"/products?max_price={value}" for value in ("", "abc", "-0.01", "Infinity", "2000000000", "%00", "0x10", " 1")),
    *(f"/products?sort={value}" for value in ("", "-name", "Price", "price;", "id,price", "(select 1)")),
    *(f"/products?q={value}" for value in ("%00", "%ff", "%C3%28", "%ED%A0%80", "x" * 201)),
    *(f"/products?category={value}" for value in ("%00", "%fe", "c" * 201)),
    *(f"/products?sku={value}" for value in ("%00", "%80", "s" * 201)),
    "/products?page=1&page=2",
    "/products?sort=id&sort=id",
    *(f"/orders?limit={value}" for value in (*NUMBERS, "0", "201")),
    *(f"/orders?created_from={value}" for value in NUMBERS),
    *(f"/orders?created_to={value}" for value in NUMBERS),
    *(f"/orders?status={value}" for value in ("", "pending", "COMPLETED", "done", "processing,failed", "%00")),
    *(f"/orders?client_reference={value}" for value in ("%00", "%ff", "r" * 65)),
    *(f"/orders/1?wait={value}" for value in FLAGS),
    *(f"/orders/1?timeout={value}" for value in NUMBERS if value != "9" * 19),
    *(f"/balance/transactions?limit={value}" for value in (*NUMBERS, "0", "201")),
    *(f"/balance/transactions?format={value}" for value in ("", "xml", "CSV", "%00")),
]
CURSORS = ("", "0", "abc", "MA", "LTE", "MTA!", "MT A", "MTA==", "M T A", "IDEw", "MV8w", "KzE", "MDE", "%00", "%ff", "٣", "x" * 101,
           "OTIyMzM3MjAzNjg1NDc3NTgwOA", "MS4w", "'", "../1", "MTA=%0A")  # fmt: skip
QUERIES += [f"{path}?cursor={value}" for path in ("/orders", "/balance/transactions") for value in CURSORS]
QUERIES += ["/balance/transactions?cursor=x&format=csv"]


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with money; the product that it can order has the id 1 and costs 10 USDT."""
    assert make_product("10", in_stock=100).id == 1
    return make_shop(client, "1000000")


def order_one(shop: Shop, **headers: Any) -> TestResponse:
    """Place a good order."""
    return shop.post("/orders", {"product_id": 1, "quantity": 1}, **headers)


def test_bad_query_values_are_refused_and_named(shop: Shop) -> None:
    order_one(shop)

    for address in QUERIES:
        document = assert_refused(shop.get(address), 422, "invalid_body")
        name = address.partition("?")[2].partition("=")[0]
        assert document["fields"][0]["field"] == name, address


def test_a_query_that_is_not_utf_8_is_refused(shop: Shop) -> None:
    for query in (b"q=\xff", b"\xff=1", b"%ff=1", b"q=%e9", b"unknown=%ff", b"\xed\xa0\x80"):
        answer = shop.client.get("/api/v1/products", headers={"X-API-Key": shop.api_key},
                                 environ_overrides={"QUERY_STRING": query.decode("latin-1")})  # fmt: skip
        assert_refused(answer, 422, "invalid_body")


def test_a_query_of_ten_thousand_values_is_refused(shop: Shop) -> None:
    assert_refused(shop.get("/products?" + "&".join(f"a{number}=1" for number in range(10_000))), 422, "invalid_body")


def test_query_names_that_are_not_ours_are_left_alone(shop: Shop) -> None:
    assert shop.get("/products?utm_source=mail&utm_source=web&_=1&Page=x&=&&").status_code == 200


def test_a_hostile_wait_is_refused_before_anything_is_ordered(shop: Shop) -> None:
    for query in ("wait=maybe", "wait=true&timeout=-1", "wait=true&timeout=1.5", "wait=%ff", "wait=true&wait=false"):
        assert_refused(shop.post(f"/orders?{query}", {"product_id": 1, "quantity": 1}), 422, "invalid_body")
    assert shop.get("/orders").json["items"] == []


LARGE_IDS = ("0", str(2**63 - 1), str(2**63), str(2**64 + 1), "9" * 400, "9" * 5000)
STRANGE_IDS = ("-1", "+1", "1.0", "1e0", "0x1", "1_0", "1 ", "%201", "abc", "null", "true", "%00", "1%00", "1%0a", "%ff", "1%ff", "٣",
               "%D9%A3", "²", "１", "1;2", "1,2", "*", "..", "%2e%2e", "..%2f..%2fetc", "1'--", "{1}", "%7b%7d")  # fmt: skip


def test_an_id_that_nothing_has_is_not_found(shop: Shop) -> None:
    order_one(shop)

    for number in LARGE_IDS:
        assert_refused(shop.get(f"/products/{number}"), 404, "product_not_found")
        assert_refused(shop.get(f"/orders/{number}"), 404, "order_not_found")
        assert_refused(shop.get(f"/orders/{number}?wait=true"), 404, "order_not_found")
        assert_refused(shop.get(f"/orders/{number}/webhooks"), 404, "order_not_found")
        assert_refused(shop.post(f"/orders/{number}/webhooks/resend"), 404, "order_not_found")


def test_what_is_no_id_is_not_found(shop: Shop) -> None:
    order_one(shop)

    for text in STRANGE_IDS:
        for path in (f"/products/{text}", f"/orders/{text}", f"/orders/{text}/webhooks"):
            assert_refused(shop.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    ["//orders", "/orders//", "/orders//1", "/%2e%2e/orders", "/orders/1/", "/orders/1/items", "/Orders", "/orders%20", "/orders%00",
     "/%ff", "/\xff", "/" + "x" * 5000, "/..;/orders", "/orders;x=y", "/.env", "/orders/1/webhooks/1", "/products/1/stock"],
)  # fmt: skip
def test_an_unknown_path_is_not_found(shop: Shop, path: str) -> None:
    order_id = order_one(shop).json["order_id"]
    answer = shop.get(path)

    if path == "/orders/1/" and order_id == 1:
        assert answer.status_code == 200  # a slash at the end makes no other address
    else:
        assert_refused(answer, 404, "not_found")


def test_a_method_cannot_be_smuggled_in(shop: Shop) -> None:
    body = {"product_id": 1, "quantity": 1}

    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = shop.get("/orders", headers={name: "POST", "Content-Type": "application/json"}, json=body)
        assert answer.json["items"] == []
        header: dict[str, Any] = {name: "GET"}
        assert_refused(shop.post("/products", body, **header), 405, "method_not_allowed")
    assert_refused(shop.post("/products?_method=GET", body), 405, "method_not_allowed")
    assert shop.get("/orders").json["items"] == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "BREW", "\xc9"])
def test_a_strange_method_is_not_allowed(shop: Shop, method: str) -> None:
    answer = shop.client.open(
        "/api/v1/orders", headers={"X-API-Key": shop.api_key}, environ_overrides={"REQUEST_METHOD": method}
    )

    assert_refused(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "evil.example"), ("Host", "[::1"), ("Host", "a b"), ("Host", "\xff"), ("Host", ""), ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-For", "1.1.1.1, \xff"), ("X-Request-Id", "mine\xff"), ("Cookie", "\xff;;=;"), ("Accept", "\xff;q=x, */;q=nan"),
        ("Accept-Encoding", "\xff"), ("If-None-Match", "\"\xff, W/"), ("If-Modified-Since", "yesterday"), ("Range", "bytes=0-1"),
        ("Range", "lines=-"), ("Authorization", "Basic \xff"), ("Authorization", "Bearer"), ("Content-Type", "\xff/\xff; =;"),
        ("Content-Length", "x"), ("Content-Length", "-1"), ("Transfer-Encoding", "chunked, gzip"), ("Expect", "200-maybe"),
        ("User-Agent", "${jndi:ldap://x/a}"), ("Origin", "null"), ("Connection", "upgrade"), ("X-Api-Key-2", "x" * 8000),
    ],
)  # fmt: skip
def test_headers_that_are_not_ours_never_break_an_answer(shop: Shop, name: str, value: str) -> None:
    environ = {"Content-Type": "CONTENT_TYPE", "Content-Length": "CONTENT_LENGTH"}.get(
        name, "HTTP_" + name.upper().replace("-", "_")
    )

    for path in ("/products", "/balance/transactions", "/orders"):
        answer = shop.get(path, environ_overrides={environ: value})
        assert answer.status_code == 200
        assert "evil.example" not in f"{answer.headers}{answer.get_data(as_text=True)}"
        assert answer.headers["X-Request-Id"] != value


@pytest.mark.parametrize("api_key", ["\xff" * 40, "key\tkey", "k" * 8000, "'; --", "%00", " ", "é", "null"])
def test_a_hostile_key_is_an_unknown_key(client: FlaskClient, api_key: str) -> None:
    assert_refused(client.get("/api/v1/health", headers={"X-API-Key": api_key}), 401, "invalid_api_key")
