"""What administrators do from their chat: the same as in the operators' API, on record with their Telegram id."""

from datetime import datetime
from uuid import UUID

from jobs import enqueue
from jobs.telegram.chat import Chat, button
from jobs.telegram.language import dollars, shown
from models import audit, deposit_credits, figures, interventions, keys, listings, manual_credits, orders
from models.deposit_credits import DepositFilter
from models.leases import in_units
from models.listings import OrderFilter
from models.money import NotAnAmount, dumps, parse_usd
from models.paging import Cursor
from models.settlement import Delivered, Refused

AUDIT_ROWS = 50
ROWS = 5  # each has buttons
LONGEST_MESSAGE = 3900  # of Telegram's 4096 characters, without the markup
LARGEST_ID = 2**63 - 1


def show_audit(chat: Chat, _: str) -> None:
    """The last actions."""
    entries = audit.listed(Cursor(None, AUDIT_ROWS)).items
    lines = [
        f"{entry.created_at:%m-%d %H:%M} {entry.actor} {entry.action} {entry.subject} {dumps(entry.details)}"[:160]
        for entry in entries
    ]
    chat.say(f"<b>api_audit_log</b>\n{_as_is(lines)}")


def show_deposits(chat: Chat, _: str) -> None:
    """Deposits that fit no top-up, with what can be done about each."""
    page = deposit_credits.listed(DepositFilter(status="unmatched"), Cursor(None, ROWS))
    if not page.items:
        chat.say(chat.text("No deposit is unmatched."))
    for deposit in page.items:
        number = str(deposit["id"])
        chat.say(
            chat.text(
                "<b>Deposit {id}</b>: {amount} USDT on {network}\n{when} UTC, from <code>{sender}</code>\n"
                "<code>{hash}</code>\n{reason}",
                id=number, amount=dollars(deposit["amount"]), network=deposit["network"],
                when=_minute(deposit["mined_at"]), sender=deposit["sender"],
                hash=deposit["tx_hash"], reason=deposit["reason"] or "–",
            ),
            [[button(chat.text("Credit"), "a_deposit", number), button(chat.text("Ignore"), "a_ignore", number)]],
        )  # fmt: skip
    if page.next_cursor:
        chat.say(chat.text("There are more."))


def ask_whom_to_credit(chat: Chat, deposit_id: str) -> None:
    """Whose the deposit is."""
    chat.expect("a_deposit", deposit_id=_id(deposit_id))
    chat.say(chat.text("Deposit {id}: write the id of the account, or of the top-up, that it is for.", id=deposit_id))


def credit_deposit(chat: Chat, written: str) -> None:
    """Credit it to the account or the top-up that was named."""
    deposit_id, target = int(chat.before["deposit_id"]), written.strip()
    if target.isascii() and target.isdigit():
        deposit_credits.credit_account(chat.actor, deposit_id, _id(target))
    else:
        try:
            UUID(target)
        except ValueError:
            chat.dialog = chat.before
            chat.say(chat.text("This is neither the number of an account nor the id of a top-up; write it again."))
            return
        delivery_id = deposit_credits.credit_topup(chat.actor, deposit_id, target)
        if delivery_id is not None:
            chat.afterwards.append(lambda: enqueue.deliver(delivery_id))
    account_id = deposit_credits.get(deposit_id)["account_id"]
    chat.say(chat.text("Deposit {id} is credited to account {account}.", id=deposit_id, account=account_id))


def ask_why_to_ignore(chat: Chat, deposit_id: str) -> None:
    """Why it is set aside."""
    chat.expect("a_ignore", deposit_id=_id(deposit_id))
    chat.say(chat.text("Deposit {id}: write why it is to be ignored.", id=deposit_id))


def ignore_deposit(chat: Chat, reason: str) -> None:
    """Set it aside for that reason."""
    if _is_blank(chat, reason):
        return
    deposit_id = int(chat.before["deposit_id"])
    deposit_credits.ignore(chat.actor, deposit_id, reason)
    chat.say(chat.text("Deposit {id} is ignored.", id=deposit_id))


def show_orders(chat: Chat, _: str) -> None:
    """Orders whose outcome at their provider is not known, with what can be done about each."""
    page = listings.orders_in_full(OrderFilter(needs_review=True), Cursor(None, ROWS))
    if not page.items:
        chat.say(chat.text("No order needs a review."))
    for order in page.items:
        number = str(order["id"])
        chat.say(
            chat.text(
                "<b>Order {id}</b> of account {account}: {quantity} × {sku} for {recipient}, {price} USD\n"
                "Provider {provider}, order there: {provider_order_id}\nSubmitted {submitted} UTC",
                id=number, account=order["account_id"], sku=order["product_sku"],
                quantity=in_units(order["quantity"], order["parts"]),
                recipient=order["recipient"] or "–", price=dollars(order["price"]), provider=order["provider"],
                provider_order_id=order["provider_order_id"] or "–", submitted=_minute(order["submitted_at"]),
            ),
            [[button(chat.text("It was delivered"), "a_delivered", number),
              button(chat.text("It was not"), "a_failed", number)]],
        )  # fmt: skip
    if page.next_cursor:
        chat.say(chat.text("There are more."))


def ask_about_delivered(chat: Chat, order_id: str) -> None:
    """How he knows."""
    _ask_to_settle(chat, order_id, "delivered")


def ask_about_failed(chat: Chat, order_id: str) -> None:
    """How he knows."""
    _ask_to_settle(chat, order_id, "failed")


def _ask_to_settle(chat: Chat, order_id: str, outcome: str) -> None:
    chat.expect("a_settle", order_id=_id(order_id), outcome=outcome)
    chat.say(chat.text("Order {id} becomes {outcome}: write how you know, and it is done.", id=order_id,
                       outcome=outcome))  # fmt: skip


def settle_order(chat: Chat, note: str) -> None:
    """End the order as he has found out."""
    if _is_blank(chat, note):
        return
    order_id, outcome = int(chat.before["order_id"]), chat.before["outcome"]
    order = orders.get(order_id)
    found = Delivered(order["quantity"], None) if outcome == "delivered" else Refused(
        "The provider did not deliver the order."
    )  # fmt: skip
    ended = interventions.settle_by_hand(chat.actor, order_id, found, note)
    chat.afterwards.append(lambda: enqueue.announce(ended))
    chat.say(chat.text("Order {id} is {status}.", id=order_id, status=ended.status))


def ask_to_credit(chat: Chat, written: str) -> None:
    """`/credit ACCOUNT AMOUNT REFERENCE [NOTE]`: shown once more before it is done."""
    account, amount, reference, note = (*written.split(maxsplit=3), "", "", "", "")[:4]
    try:
        micros = parse_usd(amount)
    except NotAnAmount:
        micros = 0
    if not (account.isascii() and account.isdigit() and micros and reference):
        chat.say(chat.text(
            "/credit ACCOUNT AMOUNT REFERENCE [NOTE]\nA negative amount takes away; a reference counts once."
        ))  # fmt: skip
        return
    wanted = {"account_id": _id(account), "amount": micros, "reference": reference[:200], "note": note[:500]}
    chat.dialog = {"credit": wanted, "asked_by": str(chat.update_id)}
    chat.say(
        chat.text("Credit account {account} with {amount} USD? Reference: {reference}. Note: {note}", account=account,
                  amount=dollars(micros), reference=wanted["reference"], note=wanted["note"] or "–"),
        [[button(chat.text("Yes, credit it"), "a_credit", str(chat.update_id))]],
    )  # fmt: skip


def credit(chat: Chat, asked_by: str) -> None:
    """Do what was shown last; a reference counts once, so pressed twice it credits once."""
    wanted = chat.before.get("credit")
    if not isinstance(wanted, dict) or chat.before["asked_by"] != asked_by:
        chat.dialog = chat.before
        chat.notice = chat.text("This button is out of date.")
        return
    account, moved = manual_credits.credit(
        chat.actor, wanted["account_id"], wanted["amount"], wanted["reference"], wanted["note"]
    )
    said = chat.text("Account {id} is credited.", id=account["id"]) if moved else chat.text(
        "This reference had credited account {id} before; nothing was changed.", id=account["id"]
    )  # fmt: skip
    chat.say(said + "\n" + chat.text("Available: {available} USD", available=dollars(account["available"])))


def show_keys(chat: Chat, fingerprint: str) -> None:
    """The newest keys; or one of them, with a button that ends it."""
    if fingerprint:
        key = keys.get(fingerprint)
        state = "revoked" if key.revoked_at else "active"
        chat.say(
            _as_is([f"{key.fingerprint} {key.kind} account {key.account_id} {key.name} {state}"]),
            None if key.revoked_at else [[button(chat.text("Revoke it"), "a_revoke", key.fingerprint)]],
        )
        return
    newest = keys.listed(Cursor(None, 20)).items
    lines = [f"{key.fingerprint} {key.kind} account {key.account_id} {key.name}{' (revoked)' if key.revoked_at else ''}"
             for key in newest]  # fmt: skip
    chat.say(_as_is(lines) + "\n\n" + chat.text("/keys FINGERPRINT shows one of them."))


def revoke_key(chat: Chat, fingerprint: str) -> None:
    """End the key at once."""
    keys.revoke(chat.actor, fingerprint)
    chat.say(chat.text("The key <code>{fingerprint}</code> is revoked.", fingerprint=fingerprint))


def show_status(chat: Chat, _: str) -> None:
    """What waits, and for how long."""
    waiting = figures.waiting()
    chat.say("<b>status</b>\n" + _as_is([f"{name}: {value:g}" for name, value in waiting.items()]))


def _as_is(lines: list[str]) -> str:
    """Lines that nobody translates, as many as fit."""
    text = "\n".join(lines) or "–"
    return shown(text[:LONGEST_MESSAGE])


def _is_blank(chat: Chat, written: str) -> bool:
    """Whether there is nothing to put on record; then it is asked for again."""
    if not written.strip():
        chat.dialog = chat.before
        chat.say(chat.text("Please write it in words: it is kept on record."))
    return not written.strip()


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _id(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return min(number, LARGEST_ID)
