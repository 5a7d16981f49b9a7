"""What models/networks.py says of its networks, in the reader's language. (The names are the same in all of them.)"""

from flask_babel import lazy_gettext as _

_WORDS = {
    "Default": _("Default"),
    "Cheap + fast": _("Cheap + fast"),
    "Cheapest": _("Cheapest"),
    "If on Arbi": _("If on Arbi"),
    "Fast": _("Fast"),
    "1-3 min": _("1-3 min"),
    "30 sec - 2 min": _("30 sec - 2 min"),
    "30 sec": _("30 sec"),
    "5-15 sec": _("5-15 sec"),
    "5-30 sec": _("5-30 sec"),
}


def translated(words: str) -> str:
    """The words; a test sees to it that there are some for every network."""
    return str(_WORDS[words])
