"""`flask catalogue pull`: goods of the upstream, to be sold on."""

import sys
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from jobs import catalogue_pull
from models import offers
from models.money import usd
from models.offers import Action, Change
from settings import settings
from web.commands.operator_command import OperatorGroup, actor
from web.commands.output import show_table

MOST_PERCENT = 1000
DONE: dict[Action, str] = {"add": "added", "reprice": "repriced", "restock": "restocked", "leave alone": "left alone"}


@click.group("catalogue", cls=OperatorGroup)
def group() -> None:
    """What the upstream has for sale."""


def _percent(_: click.Context, option: click.Parameter, given: str | None) -> Decimal | None:
    if given is None:
        return None
    try:
        percent = Decimal(given)
    except InvalidOperation:
        raise click.BadParameter("is no number", param=option) from None
    if not percent.is_finite() or not 0 <= percent <= MOST_PERCENT:
        raise click.BadParameter(f"is not between 0 and {MOST_PERCENT}", param=option)
    return percent


@group.command("pull")
@click.option("--markup", callback=_percent, metavar="PERCENT", help="What to put on the upstream's prices.")
@click.option("--category", help="Only the goods of this category there.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def pull(markup: Decimal | None, category: str | None, dry_run: bool) -> None:
    """Sell on what the upstream sells.

    Goods that we do not have are added. Of those that we sell from the upstream the number in stock is taken over, and
    the price where --markup is given. A sku that we sell from elsewhere is left alone. Without --markup new goods cost
    what they cost us: an order is then refused whenever the upstream's price is above its list price.
    """
    if catalogue_pull.UPSTREAM not in settings.configured_providers:
        raise click.ClickException("There is no upstream: UPSTREAM_API_URL is not set.")
    goods = _read(category)
    changes = offers.plan(catalogue_pull.UPSTREAM, goods.offers, markup, all_of_them=goods.are_all)
    done = changes if dry_run else _carry_out(changes)
    if done:
        show_table([_view(change) for change in done], ("action", "sku", "before", "after", "note"))
    click.echo(_summary(done, len(goods.offers)))
    if dry_run:
        click.echo("Nothing was changed.")
    elif len(done) < len(changes):
        click.echo(f"{len(changes) - len(done)} products changed meanwhile; the next pull looks at them.", err=True)


def _read(category: str | None) -> catalogue_pull.Goods:
    with click.progressbar(length=1, label="Reading", file=sys.stderr) as bar:

        def show(pages: int) -> None:
            bar.length = max(pages, 1)
            bar.update(1)

        try:
            return catalogue_pull.read_goods(category, show)
        except catalogue_pull.ProviderFault as fault:
            raise click.ClickException(f"The upstream's catalogue could not be read: {fault}") from None


def _carry_out(changes: list[Change]) -> list[Change]:
    """Those that were done, and those that call for nothing to be done."""
    with click.progressbar(changes, label="Changing", file=sys.stderr) as running:
        return [
            change
            for change in running
            if change.action == "leave alone" or offers.carry_out(actor(), catalogue_pull.UPSTREAM, change)
        ]


def _view(change: Change) -> dict[str, Any]:
    show = str if change.action == "restock" else usd
    shown = {
        name: None if value is None else str(show(value))
        for name, value in (("before", change.before), ("after", change.after))
    }
    if change.action == "restock":
        shown = {name: value or "made to order" for name, value in shown.items()}
    return {"action": change.action, "sku": change.sku, "note": change.note, **shown}


def _summary(changes: list[Change], read: int) -> str:
    counts = Counter(change.action for change in changes)
    told = ", ".join(f"{counts[action]} {word}" for action, word in DONE.items() if counts[action])
    return f"{read} goods there: {told or 'nothing to change'}."
