"""`flask products`: the catalogue."""

from collections.abc import Callable
from typing import Any

import click

from models import catalogue
from models.tables import Product
from web.admin.products import NewProduct, ProductChange, columns, view
from web.bodies import LARGEST_ID, validate
from web.commands.operator_command import OperatorGroup, actor, given
from web.commands.output import Command, paged, read_position, show, show_page


@click.group("products", cls=OperatorGroup)
def group() -> None:
    """The catalogue."""


def find_product(sku_or_id: str) -> Product:
    """The product that an operator names. Raises ProductNotFound."""
    try:
        return catalogue.named(sku_or_id)
    except catalogue.ProductNotFound:
        if not sku_or_id.isdecimal() or int(sku_or_id) > LARGEST_ID:
            raise
    return catalogue.get(int(sku_or_id))


def _fields(*, needed: bool) -> Callable[[Command], Command]:
    """The options that stand for the fields of a product."""
    options = (
        click.option("--sku", required=needed),
        click.option("--category", required=needed),
        click.option("--name", required=needed),
        click.option("--price", "price_usdt", required=needed, help="Dollars for one unit."),
        click.option("--description"),
        click.option("--min-quantity", type=int),
        click.option("--max-quantity", type=int),
        click.option("--provider", help="stock, or the name of a configured provider."),
        click.option("--needs-recipient/--needs-no-recipient", default=None),
        click.option("--active/--inactive", default=None, help="Whether it is for sale."),
    )

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@group.command("add")
@_fields(needed=True)
def add(**fields: Any) -> None:
    """Add a product."""
    show(view(catalogue.create(actor(), columns(validate(NewProduct, given(**fields))))))


@group.command("change")
@click.argument("product", metavar="SKU_OR_ID")
@_fields(needed=False)
def change(product: str, **fields: Any) -> None:
    """Change what the options name, and leave the rest."""
    wanted = columns(validate(ProductChange, given(**fields)))
    show(view(catalogue.change(actor(), find_product(product).id, wanted)))


@group.command("list")
@paged
def list_products(limit: int, cursor: str | None) -> None:
    """Show all products, newest first."""
    shown = ("id", "sku", "category", "price_usdt", "min_quantity", "max_quantity", "in_stock", "provider", "active",
             "name")  # fmt: skip
    show_page(catalogue.listed(read_position(limit, cursor)), view, shown)
