"""Errors as pages: a sentence in the visitor's language, and the way back."""

from flask import Response, g, render_template
from flask_babel import lazy_gettext as _

from web.errors import Problem
from web.pages.headers import secure

# What the models and Flask say of these is meant for programmers.
_SENTENCES = {
    400: _("The request could not be understood."),
    404: _("There is nothing at this address, or it is not yours."),
    405: _("There is nothing at this address, or it is not yours."),
    413: _("That is more than can be sent here."),
    500: _("Something went wrong on our side. It is on record under this number."),
    503: _("The service cannot answer at the moment. Nothing was lost; try again shortly."),
}
_TITLES = {
    404: _("Nothing here"),
    405: _("Nothing here"),
    429: _("Too many tries"),
    503: _("Back in a moment"),
}


def page(problem: Problem) -> Response:
    """The page that tells of a problem."""
    if "visitor" not in g:
        g.visitor = None  # the address is none of ours, or it broke before we knew who asked
    html = render_template(
        "dashboard/problem.html",
        status=problem.status,
        title=_TITLES.get(problem.status, _("That did not work")),
        sentence=_SENTENCES.get(problem.status, problem.message),
    )
    return secure(Response(html, problem.status))
