"""What another offers, and what becomes of it in our catalogue."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import catalogue, offers
from models.database import changed, db
from models.offers import Offer
from tests.factories import make_product
from tests.jobs.provider_orders import place


def offer(sku: str, in_stock: int | None) -> Offer:
    """An offer of a product that costs a dollar."""
    return Offer(sku, "Keys", "Key", "", 1_000_000, 1, 100, in_stock, needs_recipient=False)


@given(price=st.integers(1, 10**12), percent=st.decimals(0, 1000, places=4))
def test_a_markup_is_exact_and_cut_up(price: int, percent: Decimal) -> None:
    marked_up = offers.marked_up(price, percent)

    exact = price * (1_000_000 + int(percent * 10_000))  # in millionths of a micro-dollar
    assert 0 <= marked_up * 1_000_000 - exact < 1_000_000


def test_a_number_that_changed_since_it_was_planned_is_left() -> None:
    product = make_product("1", 0, provider="upstream", sku="key")
    with db.connection_context():
        [change] = offers.plan("upstream", [offer("key", 8)], None, all_of_them=True)
        changed("UPDATE products SET in_stock = 5")  # as another run, or an order, would

        assert not offers.carry_out("test", "upstream", change)
        assert catalogue.get(product.id).in_stock == 5


@pytest.mark.parametrize(("provider_order_id", "in_stock"), [(None, 5), ("501", 8)])
def test_an_order_counts_until_the_provider_has_taken_it_off_its_own_number(
    provider_order_id: str | None, in_stock: int
) -> None:
    order_id = place("upstream", "key", 3)
    with db.connection_context():
        changed("UPDATE orders SET provider_order_id = %(name)s WHERE id = %(id)s",
                {"name": provider_order_id, "id": order_id})  # fmt: skip

        [change] = offers.plan("upstream", [offer("key", 8)], None, all_of_them=True)

    assert (change.action, change.after) == ("restock", in_stock)


def test_a_sku_that_is_taken_meanwhile_is_left() -> None:
    with db.connection_context():
        [change] = offers.plan("upstream", [offer("key", 8)], Decimal(10), all_of_them=True)
        make_product("1", 0, sku="key")

        assert not offers.carry_out("test", "upstream", change)
