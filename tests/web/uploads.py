"""What tests of stock uploads share."""

from typing import Any

from werkzeug.test import TestResponse

from models.database import db, rows
from models.tables import Product

JSON, JSON_LINES, CSV = "application/json", "application/x-ndjson", "text/csv"
DUPLICATE = "the product has or had this item"


def in_stock(product: Product) -> Any:
    """The product's count."""
    with db.connection_context():
        return rows("SELECT in_stock FROM products WHERE id = %(id)s", {"id": product.id})[0]["in_stock"]


def reasons(answer: TestResponse) -> dict[int, str]:
    """What was refused, by its line."""
    assert answer.status_code == 200, answer.json
    assert answer.json["refused_count"] == len(answer.json["refused"])
    return {refusal["line"]: refusal["reason"] for refusal in answer.json["refused"]}
