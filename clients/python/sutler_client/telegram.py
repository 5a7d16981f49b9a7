"""The API of Telegram goods, v2: Stars, Premium and TON, sent to a Telegram user."""

from decimal import Decimal
from typing import Any, Literal

from sutler_client.connection import ATTEMPTS, Connection
from sutler_client.documents import TelegramOrder
from sutler_client.errors import Purchase
from sutler_client.waiting import wait_for
from sutler_client.wholesale import purchase

Good = Literal["stars", "premium", "ton"]
_SHOWN_AT: dict[Good, str] = {"stars": "/order", "premium": "/premium_order", "ton": "/ton_order"}


class TelegramClient:
    """A client of Telegram goods. Every method raises ApiError and NoAnswer.

    `base_url` is Sutler's address without a path. Requests are not signed here: keep the key as you would a secret.
    Each thread needs one of its own.
    """

    def __init__(self, base_url: str, api_key: str, *, attempts: int = ATTEMPTS) -> None:
        headers = {"Authorization": f"Bearer {api_key}"}
        self._connection = Connection(f"{base_url.rstrip('/')}/api/v2", headers, None, attempts)

    def stars(
        self, username: str, amount: int, *, idempotency_key: str | None = None, webhook_url: str | None = None,
        client_reference: str | None = None,
    ) -> TelegramOrder:  # fmt: skip
        """Buy Stars for a user, 50 or more. Go on with wait("stars", order_id)."""
        return self._buy(
            "stars", {"amount": amount, "username": username, "webhook_url": webhook_url,
                      "client_reference": client_reference}, idempotency_key,
        )  # fmt: skip

    def premium(
        self, username: str, months: Literal[3, 6, 12], *, idempotency_key: str | None = None,
        webhook_url: str | None = None, client_reference: str | None = None,
    ) -> TelegramOrder:  # fmt: skip
        """Buy Premium for a user. Go on with wait("premium", order_id)."""
        return self._buy(
            "premium", {"duration": months, "username": username, "webhook_url": webhook_url,
                        "client_reference": client_reference}, idempotency_key,
        )  # fmt: skip

    def ton(
        self, username: str, amount: Decimal | int, *, idempotency_key: str | None = None,
        webhook_url: str | None = None, client_reference: str | None = None,
    ) -> TelegramOrder:  # fmt: skip
        """Buy TON for a user, with up to 2 decimals. Go on with wait("ton", order_id)."""
        # JSON needs a number here. Two decimals come out of a float as they went in, and more are refused anyway.
        number = amount if isinstance(amount, int) else float(amount)
        return self._buy(
            "ton", {"amount": number, "username": username, "webhook_url": webhook_url,
                    "client_reference": client_reference}, idempotency_key,
        )  # fmt: skip

    def reconcile(self, lost: Purchase) -> TelegramOrder:
        """Send a purchase whose answer was lost (`NoAnswer.purchase`) once more: the same body, under the same key.

        If it had arrived, its first answer comes back; if not, it is made now.
        """
        return self._connection.post(lost, TelegramOrder.read)

    def show(self, good: Good, order_id: int) -> TelegramOrder:
        """An order as it stands."""
        return TelegramOrder.read(self._connection.get(f"{_SHOWN_AT[good]}/{order_id}"))

    def wait(self, good: Good, order_id: int, timeout: float | None = None) -> TelegramOrder:
        """The order at its end, whichever it is: look at `status`. Raises StillOpen after `timeout` seconds."""
        path = f"{_SHOWN_AT[good]}/{order_id}"
        return wait_for(self._connection, path, order_id, TelegramOrder.read, timeout)

    def _buy(self, good: Good, fields: dict[str, Any], idempotency_key: str | None) -> TelegramOrder:
        return self.reconcile(purchase(f"/{good}", fields, idempotency_key))
