"""Stock uploads."""

import io

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import stock_import
from models.database import db, rows
from models.tables import Product
from tests.desk import Desk, last_action, make_desk, whole_audit_log
from tests.factories import make_product, make_shop
from tests.web.uploads import CSV, DUPLICATE, JSON, JSON_LINES, in_stock, reasons
from web.admin import stock


def upload_with_length(desk: Desk, product: Product, body: bytes, length: int) -> TestResponse:
    """Upload JSON Lines that are announced to be so many bytes, and end sooner."""
    return desk.client.post(
        f"/api/admin/products/{product.id}/stock",
        headers={"Authorization": f"Bearer {desk.token}"},
        content_type=JSON_LINES,
        environ_overrides={"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(length)},
    )


def test_items_sent_as_json_are_sold(client: FlaskClient) -> None:
    desk, shop, product = make_desk(client), make_shop(client), make_product(in_stock=0)

    added = desk.post(f"/products/{product.id}/stock", {"items": [{"code": "A-1", "pin": 12.50}, {"code": "A-2"}]})

    assert added.json == {"added": 2, "refused": [], "refused_count": 0}
    assert shop.get(f"/products/{product.id}").json["in_stock"] == 2
    assert shop.order(product, 2).status_code == 200


def test_an_upload_is_on_record_with_counts_and_without_items(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)

    desk.upload(f"/products/{product.id}/stock", b'{"code": "TOP-SECRET"}\nbroken\n', JSON_LINES)

    assert last_action() == {
        "actor": desk.actor, "action": "stock.import", "subject": f"product:{product.id}",
        "details": {"source": "jsonl upload", "added": 1, "refused": 1, "complete": True},
    }  # fmt: skip
    assert "TOP-SECRET" not in whole_audit_log()
    with db.connection_context():
        assert "TOP-SECRET" not in str(rows("SELECT ciphertext FROM stock_items"))


def test_an_item_that_was_ever_in_stock_is_a_duplicate_however_it_is_spelled(client: FlaskClient) -> None:
    desk, shop, product = make_desk(client), make_shop(client), make_product(in_stock=0)
    other = make_product(in_stock=0)
    desk.post(f"/products/{product.id}/stock", {"items": [{"code": "ä", "pin": 1}]})
    shop.order(product)

    again = desk.upload(f"/products/{product.id}/stock", b'{ "pin":1,  "code": "\\u00e4" }\n', JSON_LINES)
    elsewhere = desk.post(f"/products/{other.id}/stock", {"items": [{"code": "ä", "pin": 1}]})

    assert reasons(again) == {1: DUPLICATE}
    assert again.json["added"] == 0
    assert elsewhere.json["added"] == 1


def test_an_empty_upload_adds_nothing(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    nothing = {"added": 0, "refused": [], "refused_count": 0}

    assert desk.upload(f"/products/{product.id}/stock", b"", JSON_LINES).json == nothing
    assert desk.upload(f"/products/{product.id}/stock", b' { "items" : [ ] } ', JSON).json == nothing
    assert desk.upload(f"/products/{product.id}/stock", b"code\n", CSV).json == nothing
    assert last_action()["details"]["complete"] is True


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "", "application/x-www-form-urlencoded"])
def test_another_form_is_refused(client: FlaskClient, media_type: str) -> None:
    desk, product = make_desk(client), make_product()

    refused = desk.upload(f"/products/{product.id}/stock", b"a=1", media_type)

    assert (refused.status_code, refused.json["error"]) == (415, "unsupported_media_type")
    assert "text/csv" in refused.json["message"]


def test_only_a_product_of_stock_takes_items(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    with db.connection_context():
        db.execute_sql("UPDATE products SET provider = 'sandbox', in_stock = NULL")

    refused = desk.post(f"/products/{product.id}/stock", {"items": [{"a": 1}]})

    assert (refused.status_code, refused.json["error"]) == (409, "not_stocked")
    assert desk.post("/products/77/stock", {"items": []}).json["error"] == "product_not_found"


def test_an_upload_may_be_larger_than_any_other_body_but_not_without_end(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    line = b'{"code": "%d", "text": "' + b"x" * 1000 + b'"}\n'
    body = b"".join(line % n for n in range(1500))

    assert desk.upload(f"/products/{product.id}/stock", body, JSON_LINES).json["added"] == 1500
    too_large = upload_with_length(desk, product, b"", stock.LARGEST_UPLOAD + 1)
    assert (too_large.status_code, too_large.json["error"]) == (413, "body_too_large")
    assert desk.post("/products", {"name": "x" * 70_000}).status_code == 413


def test_an_upload_without_a_length_is_cut_off_loudly(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    monkeypatch.setattr(stock, "LARGEST_UPLOAD", 300_000)
    body = b"".join(b'{"code": "%d", "text": "%s"}\n' % (n, b"x" * 100) for n in range(4000))

    def send(form: str, content: bytes) -> TestResponse:
        return client.post(
            f"/api/admin/products/{product.id}/stock",
            headers={"Authorization": f"Bearer {desk.token}", "Transfer-Encoding": "chunked"},
            content_type=form,
            environ_overrides={"wsgi.input": io.BytesIO(content), "wsgi.input_terminated": True},
        )

    for form, content in ((JSON_LINES, body), (CSV, b"a,b\n" + body), (JSON, b'{"items": []}' + b" " * 300_000)):
        cut_off = send(form, content)
        assert (cut_off.status_code, cut_off.json["error"]) == (413, "body_too_large")
    assert in_stock(product) == 4 * stock_import.BATCH_LINES  # two of each streamed form had come
    assert send(JSON_LINES, b'{"code": "last"}').json["added"] == 1


def test_of_many_refusals_the_first_are_told_and_all_are_counted(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)

    answer = desk.upload(f"/products/{product.id}/stock", b"x\n" * 10_500 + b'{"a": 1}', JSON_LINES)

    assert (answer.json["added"], answer.json["refused_count"]) == (1, 10_500)
    assert [refusal["line"] for refusal in answer.json["refused"]] == list(range(1, 10_001))


def test_what_came_before_a_broken_connection_is_in_stock_and_counted(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(in_stock=0)
    lines = stock_import.BATCH_LINES * 2 + 10

    broken = upload_with_length(desk, product, b"".join(b'{"code": %d}\n' % n for n in range(lines)), 1_000_000)

    assert broken.status_code == 400
    assert in_stock(product) == stock_import.BATCH_LINES * 2
    details = last_action()["details"]
    assert (details["added"], details["complete"]) == (stock_import.BATCH_LINES * 2, False)
