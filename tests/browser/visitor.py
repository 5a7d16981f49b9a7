"""A person at a browser, and everything that went wrong meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, WebError

from dev.screenshots import HEIGHTS, SCHEMES, Scheme
from models import dashboard_sessions, keys
from models.database import db
from models.keys import Kind
from tests.factories import PATIENCE_SECONDS, Shop, TelegramShop
from web.pages.session import COOKIE, PATH

# The browser says in its console what the policy kept out; this says it for what the console might leave out, too.
TELL_OF_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (violation) =>
    console.error(`policy: ${violation.violatedDirective} kept out ${violation.blockedURI}`));
"""


@dataclass(frozen=True)
class Look:
    """How wide the window is, in CSS pixels, and whether the person likes it light or dark."""

    width: int = 1280
    scheme: Scheme = "light"

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


LOOKS = tuple(Look(width, scheme) for width in HEIGHTS for scheme in SCHEMES)


class Visitor:
    """A browser's window of its own, with its own cookies. `faults` grows with errors and calls to other hosts."""

    def __init__(self, browser: Browser, base: str, look: Look, **options: Any) -> None:
        self._base = base
        self.faults: list[str] = []
        self.context = browser.new_context(
            base_url=base,
            viewport={"width": look.width, "height": HEIGHTS[look.width]},
            color_scheme=look.scheme,
            **{"locale": "en-GB", **options},
        )
        self.context.set_default_timeout(PATIENCE_SECONDS * 1000)
        self.context.add_init_script(TELL_OF_VIOLATIONS)
        self.context.on("console", self._note_console)
        self.context.on("weberror", self._note_error)
        self.context.on("request", self._note_request)
        self.page: Page = self.context.new_page()

    def sign_in(self, shop: Shop | TelegramShop) -> None:
        """Come with the cookie of a session that the shop's key has opened: tries at the form are counted."""
        kind: Kind = "v1" if isinstance(shop, Shop) else "v2"
        with db.connection_context():
            caller = keys.identify(shop.api_key, kind)
            assert caller is not None
            token = dashboard_sessions.open_by_key(caller.account_id, caller.key_id)
        cookie = {"name": COOKIE, "value": token, "domain": "127.0.0.1", "path": PATH}
        self.context.add_cookies([{**cookie, "secure": True, "httpOnly": True, "sameSite": "Lax"}])  # type: ignore[typeddict-item]

    @contextmanager
    def without_reload(self) -> Iterator[None]:
        """What happens within happens on the page as it was loaded before; nothing else of it is replaced."""
        self.page.evaluate("() => { window.isStillThisPage = true; }")
        yield
        assert self.page.evaluate("() => window.isStillThisPage === true"), "the page was loaded anew"

    @contextmanager
    def refused(self, status: int) -> Iterator[None]:
        """Within, answers with this status are as they should be; the browser notes them as errors."""
        before = len(self.faults)
        yield
        self.faults[before:] = [fault for fault in self.faults[before:] if f"a status of {status} " not in fault]

    def end(self) -> None:
        """Close the window."""
        self.context.close()

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.page.url if message.page else '?'}: {message.text}")

    def _note_error(self, error: WebError) -> None:
        self.faults.append(str(error.error))

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self._base:
            self.faults.append(f"a request to {request.url}")
