"""Somebody who buys on the dashboard: the forms that he fills in, and the orders that he gets."""

import html
import re
from typing import Any

from werkzeug.test import TestResponse

from models import catalogue
from models.database import db, rows
from models.tables import Product
from tests.dashboard import Visitor

TOKEN = "a-token-of-a-form-0001"


def text(page: TestResponse, status: int = 200) -> str:
    """A page's HTML, as a reader sees its characters."""
    assert page.status_code == status, page.get_data(as_text=True)
    return html.unescape(page.get_data(as_text=True))


def review(visitor: Visitor, product: Product, **fields: str) -> TestResponse:
    """The look at an order before it is placed."""
    return visitor.get(f"/buy/{product.id}/review", query_string={"quantity": "1", "token": TOKEN, **fields})


def hidden(page: str) -> dict[str, str]:
    """What the form of a page that confirms an order sends."""
    form = page[page.index('method="post" action="/dashboard/buy/') :]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))


def confirm(visitor: Visitor, product: Product, **fields: str) -> TestResponse:
    """Look at an order, and confirm it."""
    sent = hidden(text(review(visitor, product, **fields)))
    return visitor.post(f"/buy/{product.id}", **sent)


def orders_of(account_id: int) -> list[dict[str, Any]]:
    """The account's orders, oldest first."""
    with db.connection_context():
        return rows("SELECT * FROM orders WHERE account_id = %(id)s ORDER BY id", {"id": account_id})


def reprice(product: Product, price: int) -> None:
    """Give the product another price, in micro-dollars."""
    with db.connection_context():
        catalogue.change("test", product.id, {"price": price})
