"""`bin/python -m dev.screenshots DIRECTORY ADDRESS KEY`: pictures of every page of the dashboard, to be looked at.

For whoever changes a page. ADDRESS is where Sutler runs (http://127.0.0.1:8000 with bin/run), KEY a client's API key,
such as those of var/demo.json. Each page is pictured at 390 and at 1280 pixels, light and dark, in full length.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, sync_playwright

from dev.chromium import chromium_program

HEIGHTS = {390: 844, 1280: 900}  # of the window, by its width, in CSS pixels
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
SIGN_IN = "/dashboard/sign-in"
HOME = "/dashboard"
NOTHING_THERE = "/dashboard/nothing-there"

# Every page that a session can open, by a name of ours.
PAGES = {
    "overview": HOME,
    "orders": "/dashboard/orders",
    "buy": "/dashboard/buy",
    "topups": "/dashboard/topups",
    "topup-form": "/dashboard/topups/new",
    "statement": "/dashboard/statement",
    "keys": "/dashboard/keys",
    "referrals": "/dashboard/referrals",
    "nothing-there": NOTHING_THERE,
}
# The pages of one order and the like: each is the first link of this form on a list; without any there is none.
FIRST_LINKS = {
    "order": ("/dashboard/orders", r"/dashboard/orders/\d+"),
    "topup": ("/dashboard/topups", r"/dashboard/topups/(?!new)[^/?]+"),
    "product": ("/dashboard/buy", r"/dashboard/buy/\d+"),
}
# Pages below one of those.
BELOW = {
    "items": ("order", "/items"),
    "review": ("product", "/review?quantity=100&recipient=username"),
}


def main() -> None:
    """Take the pictures, and say where they are."""
    options = _options()
    program = chromium_program()
    if program is None:
        sys.exit(1)
    options.directory.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        session = _sign_in(browser.new_context(base_url=options.address), options.key, options.secret)
        for width in HEIGHTS:
            for scheme in SCHEMES:
                context = browser.new_context(
                    base_url=options.address, color_scheme=scheme, locale=options.locale, reduced_motion="reduce"
                )
                _picture_all(context, session, options.directory, width, scheme)
    sys.stdout.write(f"The pictures are in {options.directory}.\n")


def addresses(page: Page) -> dict[str, str]:
    """The addresses of all pages that whoever is signed in can open, by the pages' names."""
    found = dict(PAGES)
    for name, (list_address, form) in FIRST_LINKS.items():
        page.goto(list_address)
        links = page.locator("main a").evaluate_all("(links) => links.map((link) => link.getAttribute('href'))")
        first = next((link for link in links if re.fullmatch(form, link)), None)
        if first is not None:
            found[name] = first
    return found | {name: found[above] + rest for name, (above, rest) in BELOW.items() if above in found}


def wait_until_drawn(page: Page) -> None:
    """Wait until everything has come that the page asked for when it was opened."""
    page.wait_for_load_state("networkidle")
    page.evaluate("() => document.fonts.ready")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.screenshots", description="Pictures of every page.")
    parser.add_argument("directory", type=Path, help="where the pictures go")
    parser.add_argument("address", help="where Sutler runs, such as http://127.0.0.1:8000")
    parser.add_argument("key", help="the API key to sign in with")
    parser.add_argument("--secret", default="", help="the key's signing secret, if it has one")
    parser.add_argument("--locale", default="en-GB", help="the browser's language (ru-RU for Russian)")
    return parser.parse_args()


def _sign_in(context: BrowserContext, key: str, secret: str) -> list[Any]:
    """Sign in at the form; returns the session's cookies. Exits with a sentence where the key is refused."""
    page = context.new_page()
    page.goto(SIGN_IN)
    page.locator("#api_key").fill(key)
    page.locator("#secret").fill(secret)
    page.locator("main button").click()
    page.wait_for_load_state("networkidle")
    if urlsplit(page.url).path == SIGN_IN:
        sys.exit(f"The key was refused: {page.locator('main [role=alert]').inner_text()}")
    return context.cookies()


def _picture_all(context: BrowserContext, session: list[Any], directory: Path, width: int, scheme: Scheme) -> None:
    page = context.new_page()
    _picture(page, SIGN_IN, directory / f"sign-in-{width}-{scheme}.png", width)
    context.add_cookies(session)
    for name, address in addresses(page).items():
        _picture(page, address, directory / f"{name}-{width}-{scheme}.png", width)
    context.close()


def _picture(page: Page, address: str, file: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    page.goto(address)
    wait_until_drawn(page)
    # A window as high as the page: what sticks to the window's edge would else stand in the middle of the picture.
    height = page.evaluate("() => document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": height})
    page.screenshot(path=file)


if __name__ == "__main__":
    main()
