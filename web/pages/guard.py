"""What stands before every page: a session, and proof that a page of ours asked for what changes something."""

import hmac
from urllib.parse import quote, urlsplit

from flask import Response, g, redirect, request
from flask_babel import gettext as _
from werkzeug import Response as WerkzeugResponse

from models.errors import Refusal
from settings import settings
from web.pages import session

SIGN_IN = "/dashboard/sign-in"
_FOR_EVERYBODY = frozenset({"pages.show_sign_in", "pages.sign_in", "pages.sign_in_by_telegram", "pages.choose"})
_FILES = "pages.static_file"
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"


class ForeignRequest(Refusal):
    status, code = 403, "foreign_request"


def enter() -> WerkzeugResponse | None:
    """Set `g.visitor`; send whoever is not signed in to where he can. Raises ForeignRequest."""
    g.visitor = None if request.endpoint == _FILES else session.load()
    is_public = request.endpoint in _FOR_EVERYBODY or request.endpoint == _FILES
    if request.method == "POST":
        _check_origin()
    if is_public:
        return None
    if g.visitor is None:
        return _to_sign_in()
    if request.method == "POST":
        _check_token()
    return None


def _to_sign_in() -> WerkzeugResponse:
    if "HX-Request" in request.headers:
        return Response(status=401, headers={"HX-Redirect": SIGN_IN})
    if request.method == "POST" or request.path == session.PATH:
        return redirect(SIGN_IN, 303)
    return redirect(f"{SIGN_IN}?next={quote(request.full_path.rstrip('?'))}", 303)


def _check_origin() -> None:
    """Refuse what another site's page made the browser send; sign-in, too, which has no token yet."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if (origin is not None and not _is_ours(origin)) or site not in ("same-origin", "none"):
        raise _foreign()


def _is_ours(origin: str) -> bool:
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return False
    # A proxy may name another host to us than the one that browsers see, which is what PUBLIC_URL says.
    return host != "" and host in (request.host, urlsplit(settings.public_url or "").netloc)


def _check_token() -> None:
    given = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD) or ""
    if not hmac.compare_digest(given.encode(), g.visitor.csrf_token.encode()):
        raise _foreign()


def _foreign() -> ForeignRequest:
    return ForeignRequest(_("This did not come from a page of ours, or the page is old. Open it again and repeat."))
