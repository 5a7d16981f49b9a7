"""What every refusal of v2 looks like."""

from typing import Any

from werkzeug.test import TestResponse

from tests.factories import exact
from tests.web.refusals import assert_refused

FORM = {"ok", "error", "message", "request_id"}


def assert_v2_refused(answer: TestResponse, status: int, error: str, *facts: str) -> Any:
    """Check the status, the text and the form of a refusal, with these further facts; returns its document."""
    document = assert_refused(answer, status, error)
    assert document["ok"] is False
    assert set(document) == FORM | set(facts)
    return exact(answer)
