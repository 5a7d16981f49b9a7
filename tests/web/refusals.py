"""What every refusal of v1 looks like."""

from typing import Any

from werkzeug.test import TestResponse

from tests.factories import exact

NEVER_SHOWN = ("Traceback", "SELECT", "psycopg2", "peewee", ".py")


def assert_refused(answer: TestResponse, status: int, code: str) -> Any:
    """Check the status, the code and the form of a refusal, and return its document."""
    document = exact(answer)
    assert (answer.status_code, document["error"]) == (status, code)
    assert answer.mimetype == "application/json"
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert len(document["request_id"]) == 32
    assert document["message"][0].isalpha()
    assert document["message"].endswith(".")
    assert len(document["message"].split()) > 3
    assert len(answer.get_data()) < 8192
    assert not any(word in document["message"] for word in NEVER_SHOWN)
    return document
