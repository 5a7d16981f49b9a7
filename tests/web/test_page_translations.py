"""The dashboard in Russian: every text is there, and what is filled in is the same in both languages."""

import re

import pytest
from babel.messages import Catalog, Message, mofile, pofile
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from flask.testing import FlaskClient

from tests.dashboard import sign_in
from tests.factories import make_shop
from web.pages.language import TRANSLATIONS

ROOT = TRANSLATIONS.parent
FILES = TRANSLATIONS / "ru" / "LC_MESSAGES"
KEYWORDS = {"_": None, "ngettext": (1, 2)}
PAGES = ("", "/orders", "/buy", "/topups", "/statement", "/keys", "/referrals")


@pytest.fixture(scope="module")
def russian() -> Catalog:
    """The translations as people edit them."""
    with (FILES / "pages.po").open("rb") as file:
        return pofile.read_po(file, locale="ru", domain="pages")


def test_every_text_of_the_pages_is_translated_and_no_other_is(russian: Catalog) -> None:
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS)
    in_code = {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}

    assert in_code == {_key(message) for message in russian if message.id}
    assert all(all(_strings(message)) for message in russian if message.id)
    assert not any(message.fuzzy for message in russian if message.id)


def test_translations_fill_in_the_same(russian: Catalog) -> None:
    for message in russian:
        if message.id:
            source = message.id if isinstance(message.id, str) else message.id[1]
            for text in _strings(message):
                assert _places(text) == _places(source), text


def test_the_compiled_catalogue_is_that_of_the_translations(russian: Catalog) -> None:
    with (FILES / "pages.mo").open("rb") as file:
        compiled = mofile.read_mo(file)
    assert {_key(message): _strings(message) for message in compiled if message.id} == {
        _key(message): _strings(message) for message in russian if message.id
    }


def test_every_page_is_in_the_language_that_was_chosen(client: FlaskClient) -> None:
    visitor = sign_in(client, make_shop(client))
    for path in PAGES:
        assert '<html lang="en"' in visitor.get(path).get_data(as_text=True)
    visitor.browser.post("/dashboard/language", data={"language": "ru"})
    for path in PAGES:
        page = visitor.get(path).get_data(as_text=True)
        assert '<html lang="ru"' in page
        assert "Выйти" in page
        assert "Sign out" not in page


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("ru", "ru"), ("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("en-GB,ru;q=0.5", "en"), ("de", "en"), ("", "en"), ("\0", "en")],
)
def test_a_stranger_reads_what_his_browser_asks_for(client: FlaskClient, accepted: str, language: str) -> None:
    page = client.get("/dashboard/sign-in", headers={"Accept-Language": accepted}).get_data(as_text=True)
    assert f'<html lang="{language}"' in page


def test_there_are_two_languages_and_no_third(client: FlaskClient) -> None:
    assert client.post("/dashboard/language", data={"language": "../en"}).status_code == 400
    client.set_cookie("sutler_language", "../../etc", path="/dashboard")
    assert '<html lang="en"' in client.get("/dashboard/sign-in").get_data(as_text=True)


def test_the_choice_leads_back_to_the_page_and_nowhere_else(client: FlaskClient) -> None:
    for wanted, place in (("/dashboard/keys", "/dashboard/keys"), ("https://evil.example", "/dashboard")):
        answer = client.post("/dashboard/language", data={"language": "ru", "next": wanted})
        assert answer.location == place


def test_the_apis_speak_english_whatever_is_asked_for(client: FlaskClient) -> None:
    shop = make_shop(client)
    answer = shop.get("/orders/1", headers={"Accept-Language": "ru"})
    assert answer.json["message"] == "There is no order 1."


def _key(message: Message) -> object:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def _strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def _places(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|%%", text))
