"""The bot in Russian: nothing is left out, and what is filled in and marked up is the same in both languages."""

import re
from pathlib import Path

import pytest
from babel.messages import Catalog, Message, mofile, pofile
from babel.messages.extract import extract_from_dir
from babel.messages.plurals import get_plural

from jobs.telegram.language import CATALOGUES, Voice

ROOT = Path(__file__).parent.parent.parent
FILES = CATALOGUES / "ru" / "LC_MESSAGES"
# What the texts of the bot are handed to.
KEYWORDS = {"text": None, "plain": None, "mark": None, "count": (1, 2), "plain_count": (1, 2)}


@pytest.fixture(scope="module")
def russian() -> Catalog:
    """The translations as people edit them."""
    with (FILES / "bot.po").open("rb") as file:
        return pofile.read_po(file, locale="ru", domain="bot")


def test_every_text_of_the_code_is_translated_and_no_other_is(russian: Catalog) -> None:
    found = extract_from_dir(ROOT / "jobs" / "telegram", [("**.py", "python")], keywords=KEYWORDS)
    in_code = {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}

    assert in_code == {_key(message) for message in russian if message.id}
    assert all(all(_strings(message)) for message in russian if message.id)
    assert not any(message.fuzzy for message in russian if message.id)


def test_translations_fill_in_and_mark_up_the_same(russian: Catalog) -> None:
    for message in russian:
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[1]
        for text in _strings(message):
            for pattern in (r"\{\w*\}", r"</?\w+>", r"(?m)^/\w+"):
                assert sorted(re.findall(pattern, text)) == sorted(re.findall(pattern, source)), text


def test_the_compiled_catalogue_is_that_of_the_translations(russian: Catalog) -> None:
    with (FILES / "bot.mo").open("rb") as file:
        compiled = mofile.read_mo(file)

    assert {_key(message): _strings(message) for message in compiled if message.id} == {
        _key(message): _strings(message) for message in russian if message.id
    }


@pytest.mark.parametrize(
    ("n", "text"), [(1, "1 звезда"), (2, "2 звезды"), (5, "5 звёзд"), (11, "11 звёзд"), (21, "21 звезда"), (100, "100 звёзд")]
)  # fmt: skip
def test_numbers_take_their_form(russian: Catalog, n: int, text: str) -> None:
    assert russian.num_plurals == get_plural("ru").num_plurals
    assert Voice("ru").count("{n} Star for @{name}", "{n} Stars for @{name}", n, name="x") == f"{text} для @x"


def _key(message: Message) -> object:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def _strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())
