"""The forms in which stock is uploaded, and what is wrong with some of it."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.desk import make_desk
from tests.factories import make_product, make_shop
from tests.web.uploads import CSV, DUPLICATE, JSON, JSON_LINES, in_stock, reasons

DEEP = {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}  # 8 levels

# What is wrong with an item, and a part of what is said of it.
BAD_ITEMS = [
    (b"{", "is not valid JSON"),
    (b"nonsense", "is not valid JSON"),
    (b'{"code": "a"} {"code": "b"}', "is not valid JSON"),
    (b"[]", "must be a JSON object"),
    (b'"text"', "must be a JSON object"),
    (b"null", "must be a JSON object"),
    (b"17", "must be a JSON object"),
    (b"{}", "is an empty object"),
    (b'{"a": 1, "a": 2}', "a: is given twice"),
    (b'{"a": {"b": 1, "b": 1}}', "b: is given twice"),
    (b'{"a": NaN}', "a: is NaN"),
    (b'{"a": -Infinity}', "a: is Infinity"),
    (b'{"a": ' + b"9" * 5000 + b"}", "a: is a number out of range"),
    (b'{"a": "\xff"}', "must be UTF-8 text"),
    (b'{"a": "\\ud800"}', "holds half of a character"),
    (b'{"a": "\\u0000"}', "holds a NUL character"),
    (b'{"a": ["\\u0000"]}', "holds a NUL character"),
    (b'{"\\u0000": 1}', "holds a NUL character"),
    (b'{"a": "raw \0 byte"}', "is not valid JSON"),
    (json.dumps({"a": DEEP}).encode(), "is nested too deeply"),
    (b'{"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", "is nested too deeply"),
    (json.dumps({f"n{n}": n for n in range(101)}).encode(), "has 101 fields"),
    (json.dumps({"a": "x" * 32 * 1024}).encode(), "is larger than 32768 bytes"),
    (json.dumps({"a": "x" * 64 * 1024}).encode(), "is longer than 65536 bytes"),
    (b'{"a": "\xef\xbb\xbf' + b"x" * 1_000_000 + b'"}', "is longer than 65536 bytes"),
]
GOOD_ITEMS = [
    {"code": "A-1"},
    {"code": "\\u0000 spelled out", "n": 1.50},
    DEEP,
    {f"n{n}": n for n in range(100)},
    {"a": "x" * (32 * 1024 - 8)},
    {"snow": "☃", "pile": "\U0001f4a9"},
]


@pytest.mark.parametrize(("bad", "reason"), BAD_ITEMS, ids=lambda value: str(value)[:40])
def test_a_bad_line_is_refused_with_its_number_and_the_others_are_added(
    client: FlaskClient, bad: bytes, reason: str
) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    body = b'{"code": "before"}\n\n' + bad + b'\n{"code": "after"}'

    answer = desk.upload(f"/products/{product.id}/stock", body, JSON_LINES)

    assert list(reasons(answer)) == [3]
    assert reason in answer.json["refused"][0]["reason"]
    assert (answer.json["added"], in_stock(product)) == (2, 2)


@pytest.mark.parametrize("item", GOOD_ITEMS, ids=lambda item: str(item)[:40])
@pytest.mark.parametrize("form", [JSON, JSON_LINES])
def test_an_item_within_the_limits_is_added_once(client: FlaskClient, item: dict[str, Any], form: str) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    body = json.dumps({"items": [item, item]}) if form == JSON else f"{json.dumps(item)}\r\n{json.dumps(item)}\r\n"

    answer = desk.upload(f"/products/{product.id}/stock", body.encode(), form)

    assert reasons(answer) == {2: DUPLICATE}
    assert (answer.json["added"], in_stock(product)) == (1, 1)


def test_bad_items_of_a_json_document_are_refused_by_their_place(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    body = b'{"items": [{"a": 1}, [], {"b": NaN}, {"c": 1, "c": 2}, {"a": 1}, {"d": ' + b"9" * 5000 + b'}, {"e": 5}]}'

    answer = desk.upload(f"/products/{product.id}/stock", body, JSON)

    assert reasons(answer) == {
        2: "must be a JSON object", 3: "b: is NaN, which is not a JSON number", 4: "c: is given twice",
        5: DUPLICATE, 6: "d: is a number out of range",
    }  # fmt: skip
    assert answer.json["added"] == 2


@pytest.mark.parametrize(
    "body",
    [
        b"", b"nonsense", b"[]", b"{}", b'{"items": {}}', b'{"items": [{"a": 1},]}', b'{"items": [,{"a": 1}]}',
        b'{"items": [{"a": 1} {"a": 2}]}', b'{"items": [{"a": 1}]', b'{"items": [{"a": 1}]}}', b'{"items": [{"a": 1}], "x": 1}',
        b'{"items": [{"a": 1}], "items": []}', b'{"items": [{"a": 1}, {"b": ]}', b'{"items": [{"a": "\xff"}]}',
        b'{"items": [' + b"[" * 100_000 + b"]}", b'{"items": null}', b'{"things": []}', b'{"items": [{"a": 1}]} x',
    ],
)  # fmt: skip
def test_a_document_that_is_none_adds_nothing(client: FlaskClient, body: bytes) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)

    refused = desk.upload(f"/products/{product.id}/stock", body, JSON)

    assert (refused.status_code, refused.json["error"]) == (422, "invalid_body")
    assert refused.json["fields"][0]["field"] == "body"
    assert in_stock(product) == 0


def test_csv_rows_become_objects_of_strings(client: FlaskClient) -> None:
    desk, shop, product = make_desk(client), make_shop(client), make_product(in_stock=0)
    body = '\ufefflogin,note\r\n=1,"two\r\nlines, ""quoted"""\r\n2,\r\n'

    answer = desk.upload(f"/products/{product.id}/stock", body.encode(), "text/csv; charset=utf-8")

    assert answer.json == {"added": 2, "refused": [], "refused_count": 0}
    same = [{"login": "=1", "note": 'two\r\nlines, "quoted"'}, {"login": "2", "note": ""}]
    assert len(reasons(desk.post(f"/products/{product.id}/stock", {"items": same}))) == 2
    assert shop.order(product, 2).status_code == 200


def test_bad_csv_rows_are_refused_with_the_line_where_they_begin(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    lines = [
        b"login,password",  # 1
        b"good,1",
        b"ragged",
        b"ragged,2,3",
        b"",  # 5
        b",",
        b"good,1",
        b'two,"lines',
        b'long"',
        b"not utf-8,\xff",  # 10
        b"nul,\0",
        b'quote,"a"b',
        b"long," + b"x" * 33 * 1024,
        b"longer," + b"x" * 1_000_000,
        b"good,2",  # 15
        b'half,"' + b"x" * 40_000,
        b"x" * 40_000,
        b'is not a row of its own"',
        b'inner"quote,is"text',
        b"good,3",  # 20
    ]

    answer = desk.upload(f"/products/{product.id}/stock", b"\n".join(lines), CSV)

    assert reasons(answer) == {
        3: "has 1 fields, and there are 2 columns",
        4: "has 3 fields, and there are 2 columns",
        5: "is an empty row",
        6: "is an empty row",
        7: DUPLICATE,
        10: "must be UTF-8 text",
        11: "holds a NUL character",
        12: "has a quote that is out of place or never closed",
        13: "is larger than 32768 bytes",
        14: "is longer than 65536 bytes",
        16: "is longer than 65536 bytes (the row goes on to line 18)",
    }
    assert answer.json["added"] == 5


def test_a_quote_that_is_never_closed_refuses_the_rest_and_says_so(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    body = b"login\n1\n" + b'"2\n' + b"".join(b"row %d\n" % n for n in range(20_000))

    answer = desk.upload(f"/products/{product.id}/stock", body, CSV)

    assert reasons(answer) == {3: "is longer than 65536 bytes (the row goes on to line 20003)"}
    assert answer.json["added"] == 1


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\n1,2\n", b"a,a\n1,2\n", b"a,\n1,2\n", b'"a\n1', b"\xff\n1\n", b"a\0b\n1\n", b"x" * 70_000 + b"\n1\n",
        ",".join(f"c{n}" for n in range(101)).encode() + b"\n",
    ],
)  # fmt: skip
def test_csv_without_proper_column_names_is_refused(client: FlaskClient, body: bytes) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)

    refused = desk.upload(f"/products/{product.id}/stock", body, CSV)

    assert (refused.status_code, refused.json["error"]) == (422, "invalid_body")
    assert "first line" in refused.json["message"] or "columns" in refused.json["message"]
