"""`flask demo load`: what development starts with."""

import json
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from models import catalogue, demo
from models.database import db, rows
from settings import settings
from tests.commands.results import Command
from tests.factories import Shop, make_shop
from web.commands import demo as demo_command

MICROS = 1_000_000


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the file of keys goes."""
    return tmp_path / "var" / "demo.json"


def load(command: Command, out: Path) -> Any:
    """Load the demo data; returns what the file says."""
    result = command("demo", "load", "--out", out)
    assert result.exit_code == 0, result.output
    return json.loads(out.read_text())


def query(sql: str) -> list[dict[str, Any]]:
    """Rows of the database."""
    with db.connection_context():
        return rows(sql)


def opens(client: FlaskClient, document: Any) -> bool:
    """Whether the file's keys work, and are the accounts' that it says."""
    v1 = Shop(client, document["v1"]["api_key"], document["v1"]["secret"], 1, "")
    unsigned = Shop(client, document["v1_unsigned"]["api_key"], None, 2, "")
    return (
        v1.post("/orders", {"product_id": 1, "quantity": 1}).status_code == 200
        and unsigned.post("/orders", {"product_id": 1, "quantity": 1}).status_code == 200
        and query("SELECT DISTINCT account_id FROM orders ORDER BY 1") == [{"account_id": 1}, {"account_id": 2}]
    )


def test_an_empty_database_gets_three_clients_with_money(command: Command, client: FlaskClient, out: Path) -> None:
    document = load(command, out)

    assert list(document) == ["base_url", "admin_token", "v1", "v1_unsigned", "v2"]
    assert document["base_url"] == f"http://127.0.0.1:{settings.port}"
    assert document["admin_token"] == settings.admin_token
    assert [sorted(document[name]) for name in ("v1", "v1_unsigned", "v2")] == [
        ["account_id", "api_key", "secret"], ["account_id", "api_key"], ["account_id", "api_key"],
    ]  # fmt: skip
    assert [document[name]["account_id"] for name in ("v1", "v1_unsigned", "v2")] == [1, 2, 3]
    assert document["v2"]["api_key"].startswith("sk-")
    assert {account["available"] for account in query("SELECT available FROM accounts")} == {1_000_000 * MICROS}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert opens(client, document)


def test_the_catalogue_has_what_tools_rely_on(command: Command, out: Path) -> None:
    load(command, out)
    products = query("SELECT * FROM products WHERE provider = 'stock' ORDER BY id")

    assert products[0]["id"] == 1
    assert products[0]["price"] >= 7_500_000
    assert products[0]["min_quantity"] == 1
    assert products[0]["in_stock"] >= 5000
    assert any(product["min_quantity"] == 10 for product in products)
    assert [product["in_stock"] for product in products].count(3) == 1
    assert 3 <= len({product["category"] for product in products}) <= 4
    assert all(product["in_stock"] and product["description"] for product in products)


TELEGRAM_GOODS = [
    ("tg-star", Decimal("0.012"), 50, 1_000_000),
    ("tg-premium-3", 12, 1, 1),
    ("tg-premium-6", 16, 1, 1),
    ("tg-premium-12", 29, 1, 1),
    ("tg-ton", Decimal("3.5"), 1, 10_000),
]


def telegram_goods() -> list[tuple[Any, ...]]:
    """The catalogue's Telegram goods: sku, price in dollars, and the quantities that an order may have."""
    found = query("SELECT * FROM products WHERE category = 'Telegram' ORDER BY id")
    assert all(
        (product["provider"], product["needs_recipient"], product["in_stock"]) == ("sandbox", True, None)
        and product["description"]
        for product in found
    )
    return [
        (product["sku"], Decimal(product["price"]) / MICROS, product["min_quantity"], product["max_quantity"])
        for product in found
    ]


def test_telegram_goods_are_made_to_order_by_the_sandbox(command: Command, out: Path) -> None:
    load(command, out)

    assert telegram_goods() == TELEGRAM_GOODS
    assert query("SELECT min(id) AS first FROM products WHERE provider = 'sandbox'") == [{"first": 11}]


def test_without_a_sandbox_there_are_no_telegram_goods_until_a_start_with_one(
    command: Command, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(demo, "settings", settings.model_copy(update={"sandbox_api_url": None}))
        load(command, out)
    assert telegram_goods() == []

    load(command, out)
    load(command, out)

    assert telegram_goods() == TELEGRAM_GOODS


def test_a_later_start_leaves_the_telegram_goods_as_operators_changed_them(command: Command, out: Path) -> None:
    load(command, out)
    with db.connection_context():
        catalogue.change("test", catalogue.named("tg-star").id, {"price": 15_000})

    load(command, out)

    assert telegram_goods() == [("tg-star", Decimal("0.015"), 50, 1_000_000), *TELEGRAM_GOODS[1:]]


def test_a_later_start_keeps_the_keys_and_renews_the_rest(
    command: Command, client: FlaskClient, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(command, out)
    monkeypatch.setattr(demo_command, "settings", settings.model_copy(update={"port": 9999, "admin_token": "n" * 20}))

    second = load(command, out)

    assert second == {**first, "base_url": "http://127.0.0.1:9999", "admin_token": "n" * 20}
    assert len(query("SELECT 1 FROM api_keys")) == 3
    assert opens(client, second)


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"v1": {}}', b'{"v1": 5, "v2": null}', b"\xff\xfe"])
def test_a_file_that_is_lost_or_broken_is_written_with_new_keys(
    command: Command, client: FlaskClient, out: Path, content: bytes | None
) -> None:
    load(command, out)
    if content is None:
        out.unlink()
    else:
        out.write_bytes(content)

    document = load(command, out)

    assert [document[name]["account_id"] for name in ("v1", "v1_unsigned", "v2")] == [1, 2, 3]
    assert len(query("SELECT 1 FROM accounts")) == 3
    assert opens(client, document)


def test_the_keys_of_another_database_are_not_kept(command: Command, client: FlaskClient, out: Path) -> None:
    load(command, out)
    document = json.loads(out.read_text())
    document["v1_unsigned"]["api_key"] = "from another one"
    out.write_text(json.dumps(document))

    assert opens(client, load(command, out))


def test_a_start_that_was_cut_short_leaves_nothing_and_the_next_has_the_same_ids(command: Command, out: Path) -> None:
    with db.connection_context(), db.atomic() as transaction:
        assert demo.load("test") is not None
        transaction.rollback()
    assert query("SELECT 1 FROM accounts") == []

    document = load(command, out)

    assert document["v1"]["account_id"] == 1
    assert query("SELECT min(id) AS first FROM products") == [{"first": 1}]


def test_a_database_with_data_of_its_own_is_left_alone(command: Command, client: FlaskClient, out: Path) -> None:
    make_shop(client)

    result = command("demo", "load", "--out", out)

    assert result.exit_code == 0
    assert "data of its own" in result.stderr
    assert not out.exists()
    assert query("SELECT 1 FROM products") == []


def test_a_draft_that_a_kill_left_behind_is_in_nobodys_way(command: Command, out: Path) -> None:
    out.parent.mkdir()
    draft = out.with_name("demo.json.new")
    draft.write_text("half a")
    draft.chmod(0o644)

    load(command, out)

    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert not draft.exists()
