"""CHANGELOG.md as the page shows it: what clients notice."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup, escape

_FOR_CLIENTS = "### For clients"
FILE = Path(__file__).parent.parent.parent / "CHANGELOG.md"


@dataclass(slots=True)
class Release:
    """A version, with what is new in it for clients: paragraphs, and points of a list."""

    version: str
    paragraphs: list[Markup] = field(default_factory=list)
    points: list[Markup] = field(default_factory=list)


def releases() -> list[Release]:
    """The versions, newest first, as the file has them."""
    found: list[Release] = []
    is_for_clients = True
    for block in re.split(r"\n{2,}|\n(?=- )", FILE.read_text().strip()):
        text = " ".join(block.split())
        if text.startswith("## "):
            found.append(Release(text.removeprefix("## ")))
            is_for_clients = True
        elif text.startswith("### "):
            is_for_clients = text == _FOR_CLIENTS
        elif text.startswith("# ") or not is_for_clients:
            continue
        elif text.startswith("- "):
            found[-1].points.append(prose(text.removeprefix("- ")))
        else:
            found[-1].paragraphs.append(prose(text))
    return found


def prose(text: str) -> Markup:
    """A sentence of Markdown as HTML, of which `code` is all that is used."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just now
