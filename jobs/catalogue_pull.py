"""Bring our catalogue in line with the upstream's: what is for sale there, how much of it, at what price."""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.providers import upstream
from jobs.providers.base import ProviderFault
from models import offers
from models.database import release_connection
from models.offers import Offer
from settings import settings

__all__ = ["UPSTREAM", "Goods", "ProviderFault", "read_goods", "refresh_stock"]

UPSTREAM = "upstream"
ACTOR = "upstream"  # who the audit log names; numbers in stock leave no row there


@dataclass(frozen=True, slots=True)
class Goods:
    """What the upstream sells. `are_all`: nothing else is for sale there."""

    offers: list[Offer]
    are_all: bool


def read_goods(category: str | None = None, on_page: Callable[[int], None] | None = None) -> Goods:
    """The upstream's catalogue, or a category of it; `on_page` is told after each page how many there are in all.

    The upstream must be configured. Raises ProviderFault.
    """
    release_connection()
    found: list[Offer] = []
    totals = set()
    for page in upstream.from_settings().goods(category):
        found += page.offers
        totals.add(page.total)
        if on_page is not None:
            on_page(page.pages)
    # When a product is taken off sale while we turn the pages, the ones behind it move up, and one is passed over.
    return Goods(found, are_all=category is None and len(totals) == 1)


def refresh_stock() -> int:
    """Take over the upstream's numbers for the products that we sell from it; returns how many changed.

    Does nothing where there is no upstream. Raises ProviderFault.
    """
    if UPSTREAM not in settings.configured_providers:
        return 0
    goods = read_goods()
    planned = offers.plan(UPSTREAM, goods.offers, None, all_of_them=goods.are_all)
    restocks = [change for change in planned if change.action == "restock"]
    return sum(offers.carry_out(ACTOR, UPSTREAM, change) for change in restocks)
