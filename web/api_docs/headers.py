"""What a browser may do with the pages of the documentation: nothing from other hosts, no script but our files."""

from flask import Response, request

_STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-src": "'self'",
    "frame-ancestors": "'self'",
}
# Swagger UI draws its arrows from `data:` addresses in its style sheet. It needs nothing else, inline styles and eval
# included.
_OF_SWAGGER_UI = {**_STRICT, "img-src": "'self' data:"}
_KEPT = frozenset({"docs.show_page", "docs.static_file"})  # they are the same for everybody


def secure(response: Response) -> Response:
    """Add what every answer of the documentation says to browsers."""
    policy = _OF_SWAGGER_UI if request.endpoint == "docs.show_playground" else _STRICT
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint not in _KEPT:
        response.headers["Cache-Control"] = "no-store"
    return response
