"""What a browser may do with the dashboard's pages: nothing from other hosts, no script or style but our files."""

from flask import Response, request

# Telegram's web clients show a Mini App in a frame; nobody else may.
_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'self' https://web.telegram.org https://*.telegram.org",
))  # fmt: skip


def secure(response: Response) -> Response:
    """Add what every answer of the dashboard says to browsers; pages are kept by none of them."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "pages.static_file":
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Cookie, Accept-Language, HX-Request"
    return response
