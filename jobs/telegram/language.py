"""The bot's texts in the language of who reads them."""

import gettext
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from html import escape
from pathlib import Path

from models.money import Micros, usd
from models.telegram_users import Language

CATALOGUES = Path(__file__).parent.parent.parent / "translations"
LANGUAGES: dict[Language, str] = {"en": "English", "ru": "Русский"}

Say = Callable[..., str]


class Voice:
    """Speaks one language, in Telegram's HTML. What is filled in is escaped, so that it shows as it is."""

    def __init__(self, language: Language) -> None:
        self._catalogue = _catalogue(language)

    def text(self, message: str, **values: object) -> str:
        """A text, translated and filled in."""
        return _filled(self._catalogue.gettext(message), values)

    def plain(self, message: str, **values: object) -> str:
        """A text to be filled into another, and escaped there."""
        return self._catalogue.gettext(message).format(**values)

    def plain_count(self, one: str, many: str, n: int, **values: object) -> str:
        """The same, of one that depends on a number."""
        return self._catalogue.ngettext(one, many, n).format(n=n, **values)

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """A text that depends on a number, which is filled in as `n`."""
        return _filled(self._catalogue.ngettext(one, many, n), {"n": n, **values})


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: Language) -> gettext.NullTranslations:
    return gettext.translation("bot", CATALOGUES, [language], fallback=True)


def _filled(message: str, values: dict[str, object]) -> str:
    return message.format(**{name: shown(value) for name, value in values.items()})


def shown(value: object) -> str:
    """A value in Telegram's HTML, so that it shows as it is."""
    return escape(str(value), quote=False)


def dollars(amount: Micros) -> str:
    """An amount as people write it: two decimals at least, and never rounded."""
    exact = Decimal(usd(amount))
    return f"{exact:.2f}" if exact == exact.quantize(Decimal("0.01")) else f"{exact:f}"


def mark(message: str) -> str:
    """Marks a text for translation where it stands; it is translated where it is said."""
    return message
