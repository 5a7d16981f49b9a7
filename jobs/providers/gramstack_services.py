"""What GramStack sells, read from the names of its services: "Telegram Premium 3 months", "Telegram Stars 100".

No field says what a service is. So a name is taken only where each of its words is one that we know; what may be the
good in question but cannot be read is told to operators, and never guessed at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jobs.providers.api import plain
from jobs.providers.base import NOT_SOLD, ONE_AT_A_TIME, NotAccepted, Refused
from models.leases import Lease
from models.telegram_goods import MONTHS_BY_SKU, Good, good_of

MONTHS_OF_UNIT = {"month": 1, "months": 1, "year": 12, "years": 12}
STAR_WORDS = frozenset({"star", "stars"})
WORDS_THAT_SAY_NOTHING = frozenset({"telegram", "tg", "subscription", "gift", "pack", "of", "for", "per"})
LONGEST_NUMBER = 7  # digits


@dataclass(frozen=True, slots=True)
class Service:
    """Something for sale: `size` is the months of a Premium, or the stars of a pack, 1 where there is none."""

    service_id: int
    name: str
    good: Good
    size: int


@dataclass(frozen=True, slots=True)
class Services:
    """The price list: what could be read of it, and the names that could not."""

    readable: tuple[Service, ...]
    unreadable: tuple[str, ...]


def read(listed: Sequence[Any]) -> Services:
    """The price list as the provider sends it. Raises NotAccepted when it is empty, or has a row without a name."""
    readable, unreadable = [], []
    for given in listed:
        name = given.get("service_name") if isinstance(given, dict) else None
        if not isinstance(name, str):
            raise NotAccepted("the price list has a row without a name")
        service = _service(name, given.get("service_id"))
        if service is not None:
            readable.append(service)
        else:
            unreadable.append(name)
    if not readable and not unreadable:
        raise NotAccepted("the price list is empty")
    return Services(tuple(readable), tuple(unreadable))


def ticket_for(services: Services, order: Lease) -> str | Refused:
    """The service and the quantity of it that make the order's good, as `id x quantity`.

    Raises NotAccepted when more than one service would do, or when none does and a name that cannot be read might.
    """
    good = good_of(order.sku)
    if good is Good.PREMIUM and order.amount != 1:
        return Refused(ONE_AT_A_TIME)
    of_good = [service for service in services.readable if service.good is good]
    if good is Good.PREMIUM:
        fitting = [service for service in of_good if service.size == MONTHS_BY_SKU[order.sku]]
    else:
        # Whether several of a pack may be bought, or how Stars without a number are counted, is documented nowhere: it
        # is read from the names. The largest pack takes the fewest of them.
        dividing = [service for service in of_good if order.amount % service.size == 0]
        fitting = [service for service in dividing if service.size == max(other.size for other in dividing)]
    if not fitting:
        _complain_of_unreadable(services, good)
        return Refused(_none_fits(of_good, good))
    if len(fitting) > 1:
        raise NotAccepted(f"several services are the same good: {_quoted([service.name for service in fitting])}")
    quantity = 1 if good is Good.PREMIUM else order.amount // fitting[0].size
    return f"{fitting[0].service_id} x {quantity}"


def _complain_of_unreadable(services: Services, good: Good | None) -> None:
    kind = "premium" if good is Good.PREMIUM else "star"
    doubtful = [name for name in services.unreadable if kind in name.casefold()]
    if doubtful:
        raise NotAccepted(f"names of services that cannot be read: {_quoted(doubtful)}")


def _none_fits(of_good: list[Service], good: Good | None) -> str:
    if good is not Good.STARS or not of_good:
        return NOT_SOLD
    sizes = ", ".join(str(size) for size in sorted({service.size for service in of_good}))
    return f"The provider sells Stars in packs of {sizes} only."


def _service(name: str, service_id: Any) -> Service | None:
    meaning, number = _meaning(name), _number(str(service_id))
    return Service(number, name, *meaning) if meaning is not None and number is not None else None


def _meaning(name: str) -> tuple[Good, int] | None:
    """The good and the size that a name says; None for one that says anything else."""
    words = re.findall(r"\w+", name.casefold())
    sizes = [_number(word) for word in words if word[0].isdecimal()]
    telling = {word for word in words if not word[0].isdecimal()} - WORDS_THAT_SAY_NOTHING
    size = sizes[0] if len(sizes) == 1 else None
    if telling and telling <= STAR_WORDS and (size or not sizes):
        return Good.STARS, size or 1
    units = telling - {"premium"}
    if size and len(telling) == 2 and len(units) == 1 and units <= MONTHS_OF_UNIT.keys():
        return Good.PREMIUM, size * MONTHS_OF_UNIT[units.pop()]
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{plain(name)}"' for name in names[:5])
