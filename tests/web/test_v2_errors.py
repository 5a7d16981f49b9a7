"""The errors of v2: each with its status and text, in one form."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import catalogue, keys
from models.database import db
from settings import settings
from tests.factories import TelegramShop, exact, make_shop, make_telegram_goods, make_v2_shop
from tests.web.v2_refusals import assert_v2_refused
from web import webhook_urls

STARS = {"username": "target", "amount": 100}
Case = Callable[[TelegramShop], TestResponse]


@pytest.fixture
def shop(client: FlaskClient) -> TelegramShop:
    """A client with money, in a shop that sells all five goods."""
    make_telegram_goods()
    return make_v2_shop(client, "1000")


@contextmanager
def changed_schema(change: str, back: str) -> Iterator[None]:
    """The database as another left it, for a while."""
    with closing(psycopg2.connect(settings.database_url)) as operator:
        operator.autocommit = True
        operator.cursor().execute(change)
        try:
            yield
        finally:
            operator.cursor().execute(back)


def trigger(body: str) -> Any:
    """A trigger that meets every new order."""
    return changed_schema(
        f"CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;"
        " CREATE TRIGGER spoiled BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION spoil()",
        "DROP TRIGGER spoiled ON orders; DROP FUNCTION spoil()",
    )


def authorized(value: str | None) -> Case:
    return lambda shop: shop.client.get("/api/v2/balance", headers={} if value is None else {"Authorization": value})


def revoked(shop: TelegramShop) -> TestResponse:
    with db.connection_context():
        keys.revoke("test", shop.fingerprint)
    return shop.get("/balance")


def over_the_rate(shop: TelegramShop) -> TestResponse:
    limited = make_v2_shop(shop.client, rate_limit=1)
    limited.get("/balance")
    return limited.get("/balance")


def poor(shop: TelegramShop) -> TestResponse:
    return make_v2_shop(shop.client, "1.19").post("/stars", STARS)


def not_for_sale(shop: TelegramShop) -> TestResponse:
    with db.connection_context():
        catalogue.change("test", catalogue.named("tg-star").id, {"active": False})
    return shop.post("/stars", STARS)


def not_in_the_catalogue(shop: TelegramShop) -> TestResponse:
    with db.connection_context():
        catalogue.change("test", catalogue.named("tg-ton").id, {"sku": "old-ton"})
    return shop.post("/ton", {"username": "target", "amount": 2})


def key_reused(shop: TelegramShop) -> TestResponse:
    shop.post("/stars", STARS, Idempotency_Key="one")
    return shop.post("/stars", {**STARS, "amount": 101}, Idempotency_Key="one")


def no_account(shop: TelegramShop) -> TestResponse:
    other = make_v2_shop(shop.client, "0")
    with db.connection_context(), db.atomic():
        db.execute_sql("SET LOCAL session_replication_role = replica")
        db.execute_sql("DELETE FROM accounts WHERE id = %(id)s", {"id": other.account_id})
    assert_v2_refused(other.get("/stats"), 404, "user_not_found")
    return other.get("/balance")


def reservation_failed(shop: TelegramShop) -> TestResponse:
    with trigger("RETURN NULL;"):
        return shop.post("/stars", STARS)


def creation_failed(shop: TelegramShop) -> TestResponse:
    with trigger("RAISE EXCEPTION 'SELECT secrets FROM orders' USING ERRCODE = 'internal_error';"):
        return shop.post("/premium", {"username": "target", "duration": 3})


def faulty_look(shop: TelegramShop) -> TestResponse:
    shop.get("/order/1")
    with changed_schema("ALTER TABLE orders RENAME TO lost", "ALTER TABLE lost RENAME TO orders"):
        return shop.get("/order/1")


MONEY = ("price_usd", "balance_usd", "missing_usd")
CASES: dict[str, tuple[Case, int, str, tuple[str, ...]]] = {
    "no key": (authorized(None), 401, "missing_api_key", ()),
    "a blank key": (authorized("  "), 401, "missing_api_key", ()),
    "an unknown key": (authorized("Bearer sk-unknown"), 401, "invalid_api_key", ()),
    "the scheme alone": (authorized("Bearer"), 401, "invalid_api_key", ()),
    "another scheme": (authorized("Basic c2s6eA=="), 401, "invalid_api_key", ()),
    "a key without a scheme": (
        lambda shop: authorized(shop.api_key)(shop), 401, "invalid_api_key", ()
    ),
    "a key of v1": (
        lambda shop: authorized(f"Bearer {make_shop(shop.client).api_key}")(shop), 401, "invalid_api_key", ()
    ),
    "a key in v1's header": (
        lambda shop: shop.client.get("/api/v2/balance", headers={"X-API-Key": shop.api_key}), 401, "missing_api_key", ()
    ),
    "a revoked key": (revoked, 401, "invalid_api_key", ()),
    "a wrong address": (
        lambda shop: make_v2_shop(shop.client, ip_allowlist=["192.0.2.1"]).get("/balance"), 403, "ip_not_allowed", ()
    ),
    "over the rate": (over_the_rate, 429, "rate_limit_exceeded", ()),
    "no account": (no_account, 404, "user_not_found", ()),
    "no username": (lambda shop: shop.post("/stars", {"amount": 100}), 400, "username_required", ()),
    "no such username": (lambda shop: shop.post("/stars", {**STARS, "username": "x"}), 400, "username_invalid", ()),
    "too few stars": (
        lambda shop: shop.post("/stars", {**STARS, "amount": 49}), 400, "amount must be int between 50 and 1000000", ()
    ),
    "no months of premium": (
        lambda shop: shop.post("/premium", {"username": "target", "duration": 4}), 400, "duration must be 3, 6, or 12", ()
    ),
    "too little TON": (
        lambda shop: shop.post("/ton", {"username": "target", "amount": 0.99}), 400,
        "amount must be number between 1 and 10000", (),
    ),
    "an unknown field": (lambda shop: shop.post("/stars", {**STARS, "price": 1}), 400, "unknown field: price", ()),
    "no JSON": (lambda shop: shop.post("/stars", raw=b"{"), 400, "invalid_json", ()),
    "another type": (lambda shop: shop.post("/stars", STARS, Content_Type="text/plain"), 400, "invalid_json", ()),
    "too long a reference": (
        lambda shop: shop.post("/stars", {**STARS, "client_reference": "r" * 65}), 400,
        "client_reference must be text of at most 64 characters", (),
    ),
    "a bad key for repetitions": (
        lambda shop: shop.post("/stars", STARS, Idempotency_Key="k" * 256), 400,
        "Idempotency-Key must be 1 to 255 printable ASCII characters", (),
    ),
    "a bad query": (lambda shop: shop.post("/stars?wait=maybe", STARS), 400, "wait must be true or false", ()),
    "a bad query of a look": (
        lambda shop: shop.get("/order/1?wait=true&timeout=x"), 400, "timeout must be a whole number", ()
    ),
    "a bad cursor": (
        lambda shop: shop.get("/activity?cursor=x"), 400, "cursor must be the next_cursor of an earlier page", ()
    ),
    "too little money": (poor, 400, "insufficient_balance", MONEY),
    "nothing reserved": (reservation_failed, 400, "reservation_failed", ()),
    "nothing made": (creation_failed, 500, "order_creation_failed", ()),
    "a fault of ours": (faulty_look, 500, "internal_error", ()),
    "not for sale": (not_for_sale, 404, "product_not_found", ()),
    "not in the catalogue": (not_in_the_catalogue, 404, "product_not_found", ()),
    "a key for two requests": (key_reused, 409, "idempotency_key_reused", ()),
    "no time left": (lambda shop: shop.post("/stars?wait=true&timeout=0", STARS), 408, "timeout", ("order_id",)),
    "no order": (lambda shop: shop.get("/order/1"), 404, "order_not_found", ()),
    "no premium order": (lambda shop: shop.get("/premium_order/1"), 404, "order_not_found", ()),
    "no TON order": (lambda shop: shop.get("/ton_order/1"), 404, "order_not_found", ()),
    "too much": (lambda shop: shop.post("/stars", raw=b" " * 65_537), 413, "body_too_large", ()),
    "no address": (lambda shop: shop.get("/nothing"), 404, "not_found", ()),
    "no id": (lambda shop: shop.get("/order/x"), 404, "not_found", ()),
    "the surface alone": (lambda shop: shop.get(""), 404, "not_found", ()),
    "no method": (lambda shop: shop.client.delete("/api/v2/stars"), 405, "method_not_allowed", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_error_has_its_status_its_text_and_the_one_form(shop: TelegramShop, name: str) -> None:
    make, status, error, facts = CASES[name]

    assert_v2_refused(make(shop), status, error, *facts)


def test_what_is_missing_is_told_in_dollars(client: FlaskClient) -> None:
    make_telegram_goods()

    document = assert_v2_refused(
        make_v2_shop(client, "1.199999").post("/stars", STARS), 400, "insufficient_balance", *MONEY
    )

    assert [str(document[name]) for name in MONEY] == ["1.2", "1.199999", "0.000001"]
    assert "v1" not in document["message"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://169.254.169.254/x", "ftp://93.184.215.14/", "nonsense", ""]
)
def test_a_webhook_address_that_we_would_not_send_to_is_refused(
    shop: TelegramShop, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(webhook_urls, "settings", settings.model_copy(update={"webhook_allow_private": False}))

    answer = shop.post("/stars", {**STARS, "webhook_url": url})

    assert_v2_refused(answer, 400, answer.json["error"])
    assert answer.json["error"].startswith("webhook_url ")
    assert shop.balance()["locked_usd"] == 0


def test_a_405_says_which_methods_there_are(shop: TelegramShop) -> None:
    answer = shop.client.patch("/api/v2/stars")

    assert_v2_refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


def test_an_outage_is_told_in_the_form_of_v2(shop: TelegramShop) -> None:
    shop.get("/balance")
    with closing(psycopg2.connect(settings.database_url)) as other:
        other.cursor().execute("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE")
        answer = shop.post("/stars", STARS)

    assert_v2_refused(answer, 503, "service_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_the_first_of_several_faults_is_told(shop: TelegramShop) -> None:
    body: dict[str, Any] = {"x": 1, "username": "!", "amount": 1, "webhook_url": 1, "client_reference": 1}
    for error, mended in (
        ("unknown field: x", {"x": None}), ("username_invalid", {"username": "target"}),
        ("amount must be int between 50 and 1000000", {"amount": 100}),
        ("webhook_url must be text of at most 2048 characters", {"webhook_url": None}),
        ("client_reference must be text of at most 64 characters", {"client_reference": None}),
    ):  # fmt: skip
        assert_v2_refused(shop.post("/stars", body), 400, error)
        body.update(mended)
        body.pop("x", None)
    assert shop.post("/stars", body).status_code == 200


def test_other_surfaces_keep_their_form(client: FlaskClient) -> None:
    for path in ("/api/v1/nothing", "/api/v2x/nothing", "/api/v20", "/nothing"):
        assert set(exact(client.get(path))) == {"error", "message", "request_id"}
