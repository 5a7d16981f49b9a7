"""A GramStack of our own: the calls that its adapter makes, in the shapes of its published client."""

import uuid
from typing import Any

from settings import settings
from tests.jobs.stand_in import Asked, Reply, StandIn

SERVICES = {
    "1": "Telegram Premium 3 months",
    "2": "Telegram Premium 6 months",
    "3": "Telegram Premium 12 months",
    "4": "Telegram Stars",
}


class GramStackServer(StandIn):
    """`sold`: the orders by name; `services`: names by id; `nobody`: usernames that do not exist."""

    def __init__(self) -> None:
        super().__init__(settings.gramstack_api_url)
        self.services = dict(SERVICES)
        self.sold: dict[str, dict[str, Any]] = {}
        self.nobody: set[str] = set()
        self.premium_already: set[str] = set()
        self.status = "pending"  # of new orders
        self.balance = "87.25"

    def answer(self, asked: Asked) -> Reply:
        """What GramStack would answer."""
        if asked.headers.get("authorization") != f"Bearer {settings.gramstack_api_token}":
            return Reply(401, {"message": "Unauthenticated."})
        if asked.method == "POST" and asked.path == "/orders":
            return self._sell(asked.json)
        if asked.path == "/prices":
            return Reply(200, {"data": [
                {"service_id": id_, "service_name": name, "price_in_usd": 11.99, "price_in_ton": 5.25}
                for id_, name in self.services.items()
            ]})  # fmt: skip
        if asked.path == "/recipients":
            return self._find(asked.query["service"], asked.query["recipient"])
        if asked.path == "/balance":
            return Reply(200, {"data": {"balance": {"amount": self.balance, "currency": "TON"}}})
        name = asked.path.removeprefix("/orders/")
        return Reply(200, {"data": self.sold[name]}) if name in self.sold else Reply(404, {"message": "Not found"})

    def finish(self, name: str, status: str = "completed") -> None:
        """Bring an order to its end."""
        self.sold[name]["status"] = status

    def _find(self, service: str, recipient: str) -> Reply:
        if service not in ("premium", "stars") or not recipient.startswith("@"):
            return Reply(422, {"message": "The given data was invalid.", "errors": {"recipient": ["is wrong"]}})
        if recipient.removeprefix("@") in self.nobody:
            return Reply(200, {"data": None})
        return Reply(200, {"data": {"name": "Ada", "recipient": recipient, "photo": "https://example.com/ada.jpg"}})

    def _sell(self, wish: dict[str, Any]) -> Reply:
        service = self.services.get(str(wish["service_id"]))
        if service is None or not isinstance(wish["service_id"], int) or wish["quantity"] < 1:
            return Reply(422, {"message": "The selected service id is invalid."})
        if wish["recipient"].removeprefix("@") in self.premium_already:
            return Reply(400, {"message": "This user has Premium already."})
        name = str(uuid.uuid4())
        self.sold[name] = {
            "id": name, "service_id": wish["service_id"], "service_name": service, "recipient": wish["recipient"],
            "quantity": wish["quantity"], "price_ton": "5.25", "status": self.status,
            "created_at": "2026-01-15T12:00:00Z",
        }  # fmt: skip
        return Reply(201, {"data": self.sold[name]})
