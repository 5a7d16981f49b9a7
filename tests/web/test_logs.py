"""What the log never shows."""

import json
import logging
from io import StringIO

from flask.testing import FlaskClient

from models.database import db
from tests.factories import make_product, make_shop


def test_a_fault_of_ours_is_logged_with_its_stack_and_without_a_key_or_secret(
    client: FlaskClient, production_log: StringIO
) -> None:
    shop, product = make_shop(client, signed=True), make_product()
    with db.connection_context():
        db.execute_sql("ALTER TABLE orders RENAME TO orders_away")
    try:
        answer = shop.order(product)
    finally:
        with db.connection_context():
            db.execute_sql("ALTER TABLE orders_away RENAME TO orders")

    assert answer.status_code == 500
    assert "orders" not in answer.text
    lines = production_log.getvalue()
    fault = next(line for line in map(json.loads, lines.splitlines()) if line["event"] == "request.fault")
    assert fault["exception"][0]["frames"]
    assert shop.api_key not in lines
    assert str(shop.secret) not in lines


def test_a_library_that_logs_an_exception_shows_no_local_variables(production_log: StringIO) -> None:
    def fail(password: str) -> None:
        raise ValueError(len(password))

    try:
        fail("hunter2-hunter2")
    except ValueError:
        logging.getLogger("a.library").exception("it failed")

    assert "it failed" in production_log.getvalue()
    assert "hunter2" not in production_log.getvalue()
