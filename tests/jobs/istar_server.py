"""An iStar of our own: the calls that its adapter makes, in the shapes that its clients report."""

import hashlib
import hmac
import uuid
from typing import Any

import simplejson

from settings import settings
from tests.jobs.stand_in import Asked, Reply, StandIn

KINDS = {"star": "quantity", "premium": "months"}


class IStarServer(StandIn):
    """`sold`: the orders by name. `nobody` are usernames that do not exist, `ineligible` those that may not get it."""

    def __init__(self) -> None:
        super().__init__(settings.istar_api_url)
        self.sold: dict[str, dict[str, Any]] = {}
        self.by_key: dict[str, str] = {}
        self.nobody: set[str] = set()
        self.ineligible: dict[str, str] = {}
        self.status = "pending"  # of new orders
        self.can_be_asked = True  # whether GET /orders/{id} exists
        self.balance: Any = "412.5"

    def answer(self, asked: Asked) -> Reply:
        """What iStar would answer."""
        if asked.headers.get("api-key") != settings.istar_api_key:
            return Reply(401, {"success": False, "message": "Invalid API key"})
        parts = asked.path.strip("/").split("/")
        if asked.method == "POST" and parts[0] == "orders" and parts[1] in KINDS:
            return self._sell(parts[1], asked)
        if parts[1:] == ["recipient", "search"] and parts[0] in KINDS:
            return self._search(KINDS[parts[0]], asked.query)
        if parts == ["wallet", "balance"]:
            return Reply(200, {"balance": self.balance, "currency": "TON"})
        if parts[0] == "orders" and self.can_be_asked and parts[1] in self.sold:
            return Reply(200, self.sold[parts[1]])
        return Reply(404, {"success": False, "message": "Not found"})

    def finish(self, name: str, status: str = "completed", error: str | None = None) -> None:
        """Bring an order to its end."""
        self.sold[name] |= {"status": status, "error": error}

    def notice(self, name: str) -> tuple[bytes, dict[str, str]]:
        """The webhook that tells of an order's end: its body and headers."""
        order = self.sold[name]
        body = simplejson.dumps({
            "event_type": f"order.{order['status']}",
            "order": {"id": name, "status": order["status"], "payload": {}},
            "error": order["error"],
        }).encode()  # fmt: skip
        return body, {"X-iStar-Signature": sign(body)}

    def _search(self, field: str, query: dict[str, str]) -> Reply:
        username = query["username"]
        if username in self.nobody or not query[field].isdigit():
            return Reply(200, {"success": False, "message": "Recipient not found"})
        if username in self.ineligible:
            return Reply(400, {"success": False, "message": self.ineligible[username]})
        return Reply(200, {"success": True, "recipient": f"hash-of-{username}"})

    def _sell(self, kind: str, asked: Asked) -> Reply:
        key, wish = asked.headers["idempotency-key"], asked.json
        if wish["recipient_hash"] != f"hash-of-{wish['username']}" or wish["wallet_type"] != "TON":
            return Reply(422, {"success": False, "message": "The recipient hash is wrong"})
        if key not in self.by_key:
            name = self.by_key[key] = str(uuid.uuid4())
            amount = wish[KINDS[kind]]
            self.sold[name] = {"order_id": name, "amount": amount, "status": self.status, "error": None}
        return Reply(200, self.sold[self.by_key[key]])


def sign(body: bytes) -> str:
    """The signature of a webhook."""
    assert settings.istar_webhook_secret is not None
    return hmac.new(settings.istar_webhook_secret.encode(), body, hashlib.sha256).hexdigest()
