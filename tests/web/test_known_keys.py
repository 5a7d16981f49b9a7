"""What an operator changes about a key holds at once, though keys are remembered for a second."""

from flask.testing import FlaskClient

from models import keys
from models.database import db
from tests.factories import make_product, make_shop


def test_a_revoked_key_is_refused_at_once(client: FlaskClient) -> None:
    shop = make_shop(client)
    assert shop.get("/health").status_code == 200

    with db.connection_context():
        keys.revoke("test", shop.fingerprint)

    answer = shop.get("/health")
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_api_key")


def test_the_old_secret_ends_at_once_and_the_new_one_begins(client: FlaskClient) -> None:
    shop, product = make_shop(client, signed=True), make_product()
    assert shop.order(product).status_code == 200

    with db.connection_context():
        fresh = keys.rotate_secret("test", shop.fingerprint)

    assert shop.order(product, 2).json["error"] == "invalid_signature"
    shop.secret = fresh
    assert shop.order(product, 3).status_code == 200


def test_a_new_address_list_holds_at_once(client: FlaskClient) -> None:
    shop = make_shop(client)
    assert shop.get("/health").status_code == 200

    with db.connection_context():
        keys.set_ip_allowlist("test", shop.fingerprint, ["203.0.113.7"])
    assert shop.get("/health").json["error"] == "ip_not_allowed"

    with db.connection_context():
        keys.set_ip_allowlist("test", shop.fingerprint, [])
    assert shop.get("/health").status_code == 200
