"""`flask catalogue pull`, and the numbers in stock that are taken over in between."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import catalogue_pull
from models import catalogue, interventions
from models.database import db
from models.tables import Product
from settings import settings
from tests.commands.results import Command
from tests.desk import last_action, whole_audit_log
from tests.factories import make_product, make_shop
from tests.jobs.stand_in import HTML, Asked, Reply, instead
from tests.jobs.upstream_server import UpstreamServer


@pytest.fixture
def server() -> Iterator[UpstreamServer]:
    """The upstream, at the address in the settings."""
    with UpstreamServer() as running:
        yield running


def product(sku: str) -> Product:
    """Our product with this sku."""
    return catalogue.named(sku)


def count() -> int:
    """How many products we have."""
    with db.connection_context():
        return Product.select().count()


def lines(stdout: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in stdout.splitlines()]


def test_new_goods_are_added_with_a_markup(server: UpstreamServer, command: Command) -> None:
    server.sell("key", price="0.100001", in_stock=7, min_quantity=3, max_quantity=900_000, description="One\nseat.")
    server.sell("star", price="0.012", in_stock=None, needs_recipient=True, category="Telegram")

    result = command("catalogue", "pull", "--markup", "12.5")

    assert result.exit_code == 0, result.output
    key, star = product("key"), product("star")
    assert (key.price, key.in_stock, key.min_quantity, key.max_quantity) == (112_502, 7, 3, 10_000)
    assert (key.provider, key.category, key.name, key.description) == (
        "upstream",
        "Licence keys",
        "The key",
        "One\nseat.",
    )
    assert (star.price, star.in_stock, star.needs_recipient) == (13_500, None, True)
    assert ["add", "key", "-", "0.112502", "The", "key"] in lines(result.stdout)
    assert result.stdout.splitlines()[-1] == "2 goods there: 2 added."
    assert last_action()["action"] == "product.create"


def test_without_a_markup_new_goods_cost_what_they_cost_us_and_old_prices_stay(
    server: UpstreamServer, command: Command
) -> None:
    server.sell("key", price="8.90")
    command("catalogue", "pull", "--markup", "10")
    server.products[0] |= {"price_usdt": 9, "in_stock": 4}
    server.sell("other", price="2.000001")

    result = command("catalogue", "pull")

    assert (product("key").price, product("key").in_stock, product("other").price) == (9_790_000, 4, 2_000_001)
    assert ["restock", "key", "10", "4"] in [words[:4] for words in lines(result.stdout)]


def test_prices_follow_when_a_markup_is_given(server: UpstreamServer, command: Command) -> None:
    server.sell("key", price="8.90")
    command("catalogue", "pull", "--markup", "10")
    server.products[0] |= {"price_usdt": 9}

    result = command("catalogue", "pull", "--markup", "10")

    assert product("key").price == 9_900_000
    assert ["reprice", "key", "9.79", "9.9"] in [words[:4] for words in lines(result.stdout)]
    assert last_action()["action"] == "product.change"
    assert command("catalogue", "pull", "--markup", "10").stdout == "1 goods there: nothing to change.\n"


def test_a_dry_run_shows_and_changes_nothing(server: UpstreamServer, command: Command) -> None:
    server.sell("key")

    result = command("catalogue", "pull", "--dry-run")

    assert ["add", "key"] in [words[:2] for words in lines(result.stdout)]
    assert "Nothing was changed." in result.stdout
    assert (count(), whole_audit_log()) == (0, "[]")


def test_what_we_sell_from_elsewhere_is_left_alone(server: UpstreamServer, command: Command) -> None:
    ours = make_product("1", 3, sku="key")
    server.sell("key", price="8.90", in_stock=99)

    result = command("catalogue", "pull", "--markup", "5")

    assert (product("key").price, product("key").in_stock, product("key").provider) == (ours.price, 3, "stock")
    assert "we sell it from stock" in result.stdout


def test_only_the_category_that_was_asked_for_is_touched(server: UpstreamServer, command: Command) -> None:
    server.sell("key")
    command("catalogue", "pull")
    server.products[0] |= {"in_stock": 2}
    server.sell("voucher", category="Vouchers")

    assert command("catalogue", "pull", "--category", "Vouchers").exit_code == 0

    assert (product("key").in_stock, product("voucher").category) == (10, "Vouchers")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "two\nlines"},
        {"name": " "},
        {"category": "c" * 201},
        {"price": "0"},
        {"price": "1000000.000001"},
        {"min_quantity": 10_001, "max_quantity": 20_000},
        {"min_quantity": 0},
    ],
)
def test_what_cannot_be_sold_here_is_told(server: UpstreamServer, command: Command, fields: dict[str, Any]) -> None:
    server.sell("key", **fields)
    server.sell("good")

    result = command("catalogue", "pull")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "2 goods there: 1 added, 1 left alone."
    assert count() == 1


@pytest.mark.parametrize("words", [("--markup", "lots"), ("--markup", "-1"), ("--markup", "NaN"), ("--markup", "1001")])
def test_a_markup_that_is_none_is_wrong_use(command: Command, words: tuple[str, ...]) -> None:
    assert command("catalogue", "pull", *words).exit_code == 2


@pytest.mark.parametrize(
    "fault",
    [HTML, instead(200), instead(200, {"items": []}), instead(200, {"items": [1], "pages": 1, "total": 1}),
     instead(200, {"items": [{"sku": "x"}], "pages": 1, "total": 1}), instead(401, {"error": "invalid_api_key"})],
)  # fmt: skip
def test_a_catalogue_that_cannot_be_read_changes_nothing(server: UpstreamServer, command: Command, fault: Any) -> None:
    server.sell("key")
    command("catalogue", "pull")
    server.products[0] |= {"in_stock": 2}
    server.faults["GET /products"] = [fault]

    result = command("catalogue", "pull")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: The upstream's catalogue could not be read: ")
    assert product("key").in_stock == 10


def test_a_large_catalogue_comes_in_pages(server: UpstreamServer, command: Command) -> None:
    for number in range(401):
        server.sell(f"key-{number}")

    result = command("catalogue", "pull")

    assert result.stdout.splitlines()[-1] == "401 goods there: 401 added."
    assert count() == 401
    assert len(server.calls("GET /products")) == 3


def test_the_numbers_in_stock_are_refreshed_and_nothing_else(server: UpstreamServer, command: Command) -> None:
    server.sell("key", price="8.90")
    command("catalogue", "pull")
    before = product("key")
    server.products[0] |= {"in_stock": 3, "price_usdt": 20}
    server.sell("new")

    assert catalogue_pull.refresh_stock() == 1
    assert catalogue_pull.refresh_stock() == 0

    after = product("key")
    assert (after.in_stock, after.price, count()) == (3, before.price, 1)
    assert after.updated_at > before.updated_at


def test_what_is_no_longer_for_sale_there_is_out_of_stock_here(server: UpstreamServer, command: Command) -> None:
    server.sell("key")
    server.sell("star", in_stock=None)
    command("catalogue", "pull")
    server.products.clear()
    server.sell("other")

    assert catalogue_pull.refresh_stock() == 2
    assert (product("key").in_stock, product("star").in_stock) == (0, 0)

    server.sell("star", in_stock=None)
    catalogue_pull.refresh_stock()
    assert product("star").in_stock is None


def test_a_product_that_slips_between_two_pages_stays_in_stock(server: UpstreamServer, command: Command) -> None:
    for number in range(201):
        server.sell(f"key-{number}")
    command("catalogue", "pull")

    def take_one_off_sale(handler: Any, serve: Any) -> None:
        handler.reply(serve())
        del server.products[0]

    server.faults["GET /products"] = [take_one_off_sale]
    catalogue_pull.refresh_stock()

    assert product("key-200").in_stock == 10


def test_orders_that_the_upstream_has_not_seen_yet_stay_counted(
    server: UpstreamServer, command: Command, client: FlaskClient
) -> None:
    server.sell("key", price="8.90")
    command("catalogue", "pull")
    shop = make_shop(client)
    order_id = shop.order(product("key"), 4).get_json()["order_id"]
    assert product("key").in_stock == 6

    assert catalogue_pull.refresh_stock() == 0
    interventions.cancel("ops", order_id)
    assert product("key").in_stock == 10
    assert catalogue_pull.refresh_stock() == 0


def test_the_signs_of_the_wire_format_are_those_of_v1(server: UpstreamServer, client: FlaskClient) -> None:
    make_product("8.90", 3, sku="key")
    theirs = make_shop(client).get("/products").get_json()
    server.sell("key")
    ours = server.answer(Asked("GET", "/products", {}, {"x-api-key": settings.upstream_api_key or ""}, b""))

    assert isinstance(ours, Reply)
    assert (theirs.keys(), theirs["items"][0].keys()) == (ours.document.keys(), ours.document["items"][0].keys())
