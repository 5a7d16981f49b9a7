"""Signing in and out, as a person does it: with a key, from Telegram, with the keyboard, in a language."""

import re

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models import telegram_users
from models.database import db
from tests.browser.conftest import Visit
from tests.browser.keyboard import tab_to
from tests.browser.mini_app import APP, THEME, launch_fragment
from tests.browser.visitor import LOOKS, Look
from tests.factories import make_shop, make_v2_shop

OVERVIEW = re.compile(r"/dashboard$")
SIGN_IN = re.compile(r"/dashboard/sign-in(\?.*)?$")


def type_key(page: Page, api_key: str, secret: str = "") -> None:
    page.goto("/dashboard/sign-in")
    page.get_by_label("API key").fill(api_key)
    page.get_by_label("Signing secret").fill(secret)
    page.get_by_role("button", name="Sign in").click()


def test_a_key_opens_the_dashboard_and_signing_out_closes_it(visit: Visit, client: FlaskClient) -> None:
    page = visit().page
    type_key(page, make_v2_shop(client, "12.34").api_key)
    expect(page).to_have_url(OVERVIEW)
    expect(page.get_by_role("main")).to_contain_text("12.34")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(SIGN_IN)
    page.goto("/dashboard")
    expect(page).to_have_url(SIGN_IN)


def test_a_key_that_signs_its_requests_needs_its_secret(visit: Visit, client: FlaskClient) -> None:
    visitor = visit()
    shop = make_shop(client, signed=True)
    assert shop.secret is not None
    with visitor.refused(401):
        type_key(visitor.page, shop.api_key)
        expect(visitor.page.get_by_role("alert").filter(has_text="signing secret")).to_be_visible()
    type_key(visitor.page, shop.api_key, shop.secret)
    expect(visitor.page).to_have_url(OVERVIEW)


def test_who_was_sent_to_sign_in_comes_to_the_page_that_he_asked_for(visit: Visit, client: FlaskClient) -> None:
    page = visit().page
    page.goto("/dashboard/keys")
    page.get_by_label("API key").fill(make_v2_shop(client).api_key)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/dashboard/keys$"))


def test_the_keyboard_alone_signs_in(visit: Visit, client: FlaskClient) -> None:
    page = visit().page
    page.goto("/dashboard/sign-in")
    tab_to(page, page.get_by_label("API key"))
    page.keyboard.type(make_v2_shop(client).api_key)
    tab_to(page, page.get_by_role("button", name="Sign in"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(OVERVIEW)


def test_the_skip_link_is_the_first_stop_of_the_keyboard_and_leads_to_the_content(
    visit: Visit, client: FlaskClient
) -> None:
    visitor = visit()
    visitor.sign_in(make_v2_shop(client))
    visitor.page.goto("/dashboard/keys")
    visitor.page.keyboard.press("Tab")
    skip = visitor.page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_mini_app_signs_in_by_itself_and_wears_telegrams_colours(visit: Visit, look: Look) -> None:
    user_id = 5_000_000 + LOOKS.index(look)
    page = visit(look).page
    page.add_init_script(APP)
    page.goto(f"/dashboard#{launch_fragment(user_id)}")
    expect(page).to_have_url(OVERVIEW)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator("html")).to_have_css("background-color", _as_css(THEME["secondary_bg_color"]))
    expect(page.locator("body")).to_have_css("color", _as_css(THEME["text_color"]))
    page.goto("/dashboard/keys")  # the colours stay, without the fragment
    expect(page.locator("html")).to_have_css("background-color", _as_css(THEME["secondary_bg_color"]))


def test_the_mini_app_speaks_its_users_language(visit: Visit) -> None:
    page = visit().page
    page.add_init_script(APP)
    page.goto(f"/dashboard#{launch_fragment(5_100_000, 'ru')}")
    expect(page).to_have_url(OVERVIEW)
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    with db.connection_context():
        assert telegram_users.account_of(5_100_000, None, None) > 0


def test_forged_words_of_telegram_open_nothing_and_the_page_says_so(visit: Visit) -> None:
    visitor = visit()
    visitor.page.add_init_script(APP)
    with visitor.refused(401):
        visitor.page.goto(f"/dashboard#{launch_fragment(5_200_000, token='7000000001:another-bots-token')}")
        expect(visitor.page.get_by_text("Telegram's sign-in did not work")).to_be_visible()
    expect(visitor.page).to_have_url(SIGN_IN)


def test_a_link_with_a_strangers_words_of_telegram_signs_nobody_in_as_the_stranger(
    visit: Visit, client: FlaskClient
) -> None:
    visitor = visit()
    visitor.sign_in(make_v2_shop(client))
    assert not _asks_to_sign_in(visitor.page, launch_fragment(5_300_000))


def test_words_of_telegram_that_stood_in_the_address_before_it_added_its_own_open_nothing(visit: Visit) -> None:
    page = visit().page
    page.add_init_script(APP)
    assert not _asks_to_sign_in(page, f"{launch_fragment(5_400_000)}&{launch_fragment(5_400_001)}")
    assert _asks_to_sign_in(page, launch_fragment(5_400_002))


def _asks_to_sign_in(page: Page, fragment: str) -> bool:
    """Whether the page, opened with this behind the #, sends what it finds there to be signed in."""
    page.goto("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/dashboard#{fragment}")
    page.wait_for_load_state("networkidle")
    return any(url.endswith("/dashboard/telegram") for url in asked)


def test_the_language_is_chosen_with_one_press_and_stays(visit: Visit, client: FlaskClient) -> None:
    visitor = visit()
    visitor.sign_in(make_v2_shop(client))
    page = visitor.page
    page.goto("/dashboard/keys")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keys")
    page.get_by_role("button", name="Русский").click()
    expect(page).to_have_url(re.compile(r"/dashboard/keys$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Ключи")
    page.goto("/dashboard")
    expect(page.locator("html")).to_have_attribute("lang", "ru")


def _as_css(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"
