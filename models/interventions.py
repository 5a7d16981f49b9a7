"""What operators may do with an order by hand; each is on record in the audit log."""

from peewee import IntegrityError

from models import audit, ledger, settlement
from models.database import changed, db, retrying, violated_constraint
from models.errors import Refusal
from models.money import Micros, usd
from models.settlement import Delivered, Ended, Refused


class NotCancellable(Refusal):
    status, code = 409, "not_cancellable"


class NotRefundable(Refusal):
    status, code = 409, "not_refundable"


class NotRetryable(Refusal):
    status, code = 409, "not_retryable"


class NotSettleable(Refusal):
    status, code = 409, "not_settleable"


class ProviderOrderTaken(Refusal):
    status, code = 409, "provider_order_taken"


def cancel(actor: str, order_id: int) -> Ended:
    """End an order by an operator's hand, and return the money. Raises OrderNotFound, NotCancellable."""

    def transaction() -> Ended:
        with db.atomic():
            order = settlement.lock(order_id)
            if order["status"] not in ("awaiting_payment", "processing"):
                raise NotCancellable(f"The order is {order['status']} and stays so.")
            if order["submitted_at"] is not None:
                raise NotCancellable("The order was submitted to its provider, who may be delivering it.")
            audit.record(actor, "order.cancel", f"order:{order_id}")
            return settlement.end(order, "cancelled", 0, "An operator cancelled the order.")

    return retrying(transaction)


def refund(actor: str, order_id: int) -> Ended:
    """Return the money of a delivered order. Raises OrderNotFound, NotRefundable."""

    def transaction() -> Ended:
        with db.atomic():
            order = settlement.lock(order_id)
            if order["status"] not in ("completed", "partial"):
                raise NotRefundable(f"The order is {order['status']}; only what was delivered can be refunded.")
            captured: Micros = order["price"] - order["refunded"]
            if captured:
                ledger.refund(order["account_id"], order_id, captured, "returned by an operator")
            audit.record(actor, "order.refund", f"order:{order_id}", amount_usdt=usd(captured))
            return settlement.mark(
                order, "refunded", order["delivered_quantity"], order["price"], order["error_message"]
            )

    return retrying(transaction)


def settle_by_hand(actor: str, order_id: int, outcome: Delivered | Refused, note: str) -> Ended:
    """End an order that was submitted to its provider, as an operator has found out how it went there.

    Raises OrderNotFound, NotSettleable, and ProviderOrderTaken when its name at the provider is another order's.
    """

    def transaction() -> Ended:
        with db.atomic():
            order = settlement.lock(order_id)
            if order["status"] != "processing":
                raise NotSettleable(f"The order is {order['status']} and stays so.")
            if order["submitted_at"] is None:
                raise NotSettleable("The order was not submitted to a provider; cancel it, or wait.")
            if order["leased"]:
                raise NotSettleable("A worker is asking the provider about the order just now; try again in a minute.")
            if outcome.provider_order_id and order["provider_order_id"] not in (None, outcome.provider_order_id):
                raise NotSettleable(f"The provider calls the order {order['provider_order_id']}, and not as you say.")
            word = "delivered" if isinstance(outcome, Delivered) else "failed"
            named = {"provider_order_id": outcome.provider_order_id} if outcome.provider_order_id else {}
            audit.record(actor, "order.settle", f"order:{order_id}", outcome=word, note=note, **named)
            return settlement.conclude(order, outcome)

    try:
        return retrying(transaction)
    except IntegrityError as error:
        if violated_constraint(error) != "orders_provider_order_once":
            raise
        raise ProviderOrderTaken(
            "Another order has this name at the provider: one delivery settles one order."
        ) from None


def retry(actor: str, order_id: int) -> str:
    """Have an open order looked after by the next sweep; whoever holds its lease keeps it. Returns its provider.

    Raises OrderNotFound, NotRetryable.
    """
    with db.atomic():
        order = settlement.lock(order_id)
        if order["status"] != "processing":
            raise NotRetryable(f"The order is {order['status']} and stays so.")
        changed("UPDATE orders SET wake_at = now() WHERE id = %(id)s", {"id": order_id})
        audit.record(actor, "order.retry", f"order:{order_id}")
        return str(order["provider"])
