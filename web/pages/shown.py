"""How amounts, times and words for states are shown."""

from datetime import UTC, datetime
from decimal import Decimal

from flask_babel import lazy_gettext as _
from markupsafe import Markup

from models.money import PER_USD, Micros

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

STATUS_WORDS = {
    "awaiting_payment": _("Awaiting payment"),
    "pending": _("Pending"),
    "processing": _("Processing"),
    "completed": _("Completed"),
    "partial": _("Delivered in part"),
    "failed": _("Failed"),
    "expired": _("Expired"),
    "cancelled": _("Cancelled"),
    "refunded": _("Refunded"),
    "credited": _("Credited"),
    "credited_auto": _("Credited"),
    "credited_manual": _("Credited by an operator"),
    "rewarded": _("Rewarded"),
    "held": _("Being checked"),
    "refused": _("Not rewarded"),
}


def usd(micros: Micros) -> str:
    """Micro-dollars as text, exact, with at least two decimals: 12_340_000 is "12.34 USD"."""
    return f"{plain_usd(micros)} USD"


def plain_usd(micros: Micros) -> str:
    """The same without the currency. Thousands are set apart by a space, which no language takes for a decimal sign."""
    whole, rest = divmod(abs(micros), PER_USD)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{MINUS if micros < 0 else ''}{grouped(whole)}.{decimals}"


def grouped(number: int | Decimal) -> str:
    """A number with its thousands set apart."""
    return f"{number:,}".replace(",", THIN_SPACE)


def moment(when: datetime) -> Markup:
    """A time as an element; the page's script shows it in the visitor's own time."""
    utc = when.astimezone(UTC)
    return Markup('<time datetime="{}" data-epoch="{}">{} UTC</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}", int(utc.timestamp()), f"{utc:%Y-%m-%d %H:%M}"
    )


def status_word(status: str) -> str:
    """A state in the visitor's language; one without a word of its own stands as it is."""
    return str(STATUS_WORDS.get(status, status))
