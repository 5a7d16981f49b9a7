"""Hostile and careless bodies of v2: always a 400 with its text, and nothing is reserved."""

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import exact, make_telegram_goods, make_v2_shop
from tests.web.v2_refusals import assert_v2_refused

HUGE = "9" * 5000
JSON = "invalid_json"
REQUIRED, IMPOSSIBLE = "username_required", "username_invalid"
STARS = "amount must be int between 50 and 1000000"
MONTHS = "duration must be 3, 6, or 12"
TON = "amount must be number between 1 and 10000"
NAME = '"username": "target"'
GOOD = f'{NAME}, "amount": 100'
UNKNOWN = "unknown field: "


def with_number(path: str, error: str, *spelled: str) -> list[tuple[str, str | bytes, str]]:
    """Bodies that are good but for how much they ask for."""
    field = "duration" if path == "/premium" else "amount"
    return [(path, '{%s, "%s": %s}' % (NAME, field, number), error) for number in spelled]


NO_NUMBERS = ("null", "true", "false", '"100"', '"3"', '""', "[100]", '{"value": 100}', "[]", "{}")

BODIES: list[tuple[str, str | bytes, str]] = [
    ("/stars", "", JSON),
    ("/stars", " \r\n\t", JSON),
    ("/stars", "null", JSON),
    ("/stars", "true", JSON),
    ("/stars", "1", JSON),
    ("/stars", '"target"', JSON),
    ("/stars", "[]", JSON),
    ("/stars", "[{%s}]" % GOOD, JSON),
    ("/stars", "username=target&amount=100", JSON),
    ("/stars", "<order><username>target</username></order>", JSON),
    ("/stars", "{%s" % GOOD, JSON),
    ("/stars", "{%s}{%s}" % (GOOD, GOOD), JSON),
    ("/stars", "{%s,}" % GOOD, JSON),
    ("/stars", b"{%s}\0" % GOOD.encode(), JSON),
    ("/stars", "{%s /* one */}" % GOOD, JSON),
    ("/stars", "{'username': 'target', 'amount': 100}", JSON),
    ("/stars", b"\xef\xbb\xbf{%s}" % GOOD.encode(), JSON),
    ("/stars", ("{%s}" % GOOD).encode("utf-16"), JSON),
    ("/stars", b'{"username": "target\xe9", "amount": 100}', JSON),
    ("/stars", b'{"username": "\xed\xa0\x80", "amount": 100}', JSON),
    ("/stars", '{"username": "\\ud800", "amount": 100}', JSON),
    ("/stars", '{%s, "\\ud800": 1}' % GOOD, JSON),
    ("/stars", "[" * 30_000 + "]" * 30_000, JSON),
    ("/stars", '{"a":' * 10_000 + "1" + "}" * 10_000, JSON),
    ("/stars", '{"a":' * 40 + "1" + "}" * 40, JSON),
    ("/stars", '{%s, "amount": 100}' % GOOD, JSON),
    ("/stars", '{%s, "am\\u006funt": 200}' % GOOD, JSON),
    ("/stars", '{%s, "%s": 1, "%s": 2}' % (GOOD, "n" * 20_000, "n" * 20_000), JSON),
    *with_number("/stars", JSON, "NaN", "Infinity", "-Infinity", HUGE, f"-{HUGE}", "01", "0x64", "1_00", "+100", "٣"),
    *with_number("/ton", JSON, "NaN", "Infinity", HUGE, "1e9999999999999999999", ".5", "5."),
    ("/stars", '{%s, "duration": 3}' % GOOD, f"{UNKNOWN}duration"),
    ("/premium", '{%s, "duration": 3, "amount": 1}' % NAME, f"{UNKNOWN}amount"),
    ("/stars", '{%s, "Amount": 1}' % GOOD, f"{UNKNOWN}Amount"),
    ("/stars", '{%s, "": 1}' % GOOD, UNKNOWN),
    ("/stars", '{%s, "price_usd": 0.01}' % GOOD, f"{UNKNOWN}price_usd"),
    ("/stars", '{%s, "account_id": 1}' % GOOD, f"{UNKNOWN}account_id"),
    ("/stars", '{%s, "__proto__": {"amount": 50}}' % GOOD, f"{UNKNOWN}__proto__"),
    ("/stars", '{%s, "<script>": 1}' % GOOD, f"{UNKNOWN}<script>"),
    ("/stars", '{%s, "\\u0000\\r\\nX: 1": 1}' % GOOD, f"{UNKNOWN}\0\r\nX: 1"),
    ("/stars", '{%s, "%s": 1}' % (GOOD, "n" * 50_000), UNKNOWN + "n" * 100),
    ("/stars", '{%s, "%s": 1}' % (GOOD, "🎁" * 10_000), UNKNOWN + "🎁" * 100),
    ("/stars", "{}", REQUIRED),
    ("/stars", '{"amount": 100}', REQUIRED),
    ("/stars", '{"username": null, "amount": 100}', REQUIRED),
    ("/stars", '{"username": "", "amount": 100}', REQUIRED),
    ("/stars", '{"username": " \\t\\n", "amount": 100}', REQUIRED),
    *[
        ("/stars", '{"username": %s, "amount": 100}' % name, IMPOSSIBLE)
        for name in (
            "1", "true", "false", "12.5", '["target"]', '{"name": "target"}', "[]", '"@"', '"abc"', f'"{"a" * 33}"',
            '"1target"', '"_target"', '"tar get"', '" target"', '"target "', '"target\\n"', '"@@target"', '"цель"',
            '"target-x"', '"ｔａｒｇｅｔ"', '"t.me/"', '"t.me/target/1"', '"https://evil.example/target"',
            '"t.me@target"', '"target\\u0000"', f'"{"a" * 60_000}"', "\"x'; DROP TABLE orders; --\"",
        )
    ],
    ("/stars", "{%s}" % NAME, STARS),
    *with_number("/stars", STARS, *NO_NUMBERS, "49", "0", "-0", "-100", "1000001", "100.0", "100.5", "1e2", "1E2"),
    *with_number("/stars", STARS, "4294967396", "18446744073709551716", "1e400", "1e-400", "5e1"),
    ("/premium", "{%s}" % NAME, MONTHS),
    *with_number("/premium", MONTHS, *NO_NUMBERS, "0", "1", "4", "-3", "24", "3.0", "3e0", "12.0", "36893488147419103235"),
    ("/ton", "{%s}" % NAME, TON),
    *with_number("/ton", TON, *NO_NUMBERS, '"1.5"', "0", "0.99", "-5", "10000.01", "10001", "1.001", "1.005", "12.345"),
    *with_number("/ton", TON, "1e400", "1e-400", "1.0000000000000000000000000000000000001", "1e5", "9e99", "2e-1"),
    *[
        ("/ton", '{%s, "amount": 2, "client_reference": %s}' % (NAME, text), f"client_reference {reason}")
        for text, reason in (
            ("5", "must be text of at most 64 characters"),
            ("true", "must be text of at most 64 characters"),
            ('["a"]', "must be text of at most 64 characters"),
            (f'"{"r" * 65}"', "must be text of at most 64 characters"),
            ('"a\\u0000b"', "must not contain control characters"),
            ('"a\\nX-Evil: 1"', "must not contain control characters"),
        )
    ],
    ("/ton", '{%s, "amount": 2, "webhook_url": 5}' % NAME, "webhook_url must be text of at most 2048 characters"),
    (
        "/ton", '{%s, "amount": 2, "webhook_url": "https://93.184.215.14/%s"}' % (NAME, "x" * 2048),
        "webhook_url must be text of at most 2048 characters",
    ),
    (
        "/ton", '{%s, "amount": 2, "webhook_url": "https://93.184.215.14/\\r\\nx"}' % NAME,
        "webhook_url must not contain control characters",
    ),
]  # fmt: skip


def test_no_hostile_body_orders_anything(client: FlaskClient) -> None:
    make_telegram_goods()
    shop = make_v2_shop(client, "1000000")

    for path, body, error in BODIES:
        answer = shop.post(path, raw=body if isinstance(body, bytes) else body.encode())
        assert (answer.status_code, answer.json["error"]) == (400, error), (path, body[:200])
        assert_v2_refused(answer, 400, error)

    assert (shop.balance()["locked_usd"], exact(shop.get("/stats"))["total_orders"]) == (0, 0)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"],
)
def test_only_json_that_says_so_is_read(client: FlaskClient, content_type: str) -> None:
    make_telegram_goods()

    answer = make_v2_shop(client).post("/stars", raw=b"{%s}" % GOOD.encode(), Content_Type=content_type)

    assert_v2_refused(answer, 400, JSON)


def test_a_charset_may_be_named(client: FlaskClient) -> None:
    make_telegram_goods()

    answer = make_v2_shop(client).post(
        "/stars", raw=b"{%s}" % GOOD.encode(), Content_Type="application/json; charset=utf-8"
    )

    assert answer.status_code == 200


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["/stars", "/premium", "/ton"]),
    body=st.dictionaries(
        st.sampled_from(["username", "amount", "duration", "webhook_url", "client_reference"]) | st.text(), _ANY
    ),
)
def test_no_body_whatever_is_a_fault_of_ours(client: FlaskClient, path: str, body: dict[str, object]) -> None:
    shop = make_v2_shop(client, "0")

    answer = shop.post(path, body)

    assert answer.status_code == 400
    assert_v2_refused(answer, 400, answer.json["error"])
