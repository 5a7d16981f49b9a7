"""Topping up: a network, an amount, and then exactly what to send where, until it has arrived."""

import time
from decimal import Decimal

from jobs.telegram.amounts import written
from jobs.telegram.chat import Chat, button, in_rows
from jobs.telegram.language import Voice, dollars, shown
from models import networks, topups
from models.database import Row, db
from models.intents import NoFreeAmount, Wanted
from models.money import PER_USD
from models.networks import NETWORKS, NetworkOff
from models.tables import epoch
from models.topups import LEAST, MOST, TooManyPending

USUAL_AMOUNTS = (10, 25, 50, 100, 250, 500)


def choose_network(chat: Chat, _: str = "") -> None:
    """Where the money can come from."""
    active = networks.active()
    if not active:
        chat.show(chat.text("Top-ups are not possible at the moment."), [chat.menu_row()])
        return
    labels = [button(f"{network.name} · {network.fee_usdt} USDT", "topup_on", network.code) for network in active]
    chat.show(
        chat.text("➕ <b>Top up with USDT</b>\n\nWhich network will you use? Its usual fee is shown beside it."),
        [*in_rows(labels, 1), chat.menu_row()],
    )


def choose_amount(chat: Chat, network: str) -> None:
    """How much, by a button or by hand."""
    if _wallet(chat, network) is None:
        return
    chat.expect("topup_amount", network=network)
    labels = [button(f"{amount} USDT", "topup_of", f"{network}:{amount}") for amount in USUAL_AMOUNTS]
    chat.show(
        chat.text(
            "How much will you send on {network}? Choose, or write an amount from {least} to {most} USDT.",
            network=NETWORKS[network].name, least=LEAST // PER_USD, most=f"{MOST // PER_USD:,}",
        ),
        [*in_rows(labels, 3), [button(chat.text("« Networks"), "topup")], chat.menu_row()],
    )  # fmt: skip


def take_button(chat: Chat, argument: str) -> None:
    """The amount of a button."""
    network, _, amount = argument.partition(":")
    _ask(chat, network, amount)


def take_text(chat: Chat, text: str) -> None:
    """The amount as the user wrote it; he may try again after a slip."""
    network = str(chat.before.get("network"))
    chat.expect("topup_amount", network=network)
    _ask(chat, network, text)


def _ask(chat: Chat, network: str, text: str) -> None:
    amount = int((written(text) or 0) * PER_USD)
    if not LEAST <= amount <= MOST:
        chat.say(chat.text(
            "Please write an amount from {least} to {most} USDT, with at most 2 decimals, such as 25 or 12.50.",
            least=LEAST // PER_USD, most=f"{MOST // PER_USD:,}",
        ))  # fmt: skip
        return
    wallet = _wallet(chat, network)
    if wallet is None:
        return
    try:
        with db.atomic():
            topup = topups.request_by_hand(Wanted(network, wallet, amount, chat.account_id))
    except TooManyPending:
        chat.say(chat.text("You have too many unpaid top-ups. Pay one of them, or wait until one expires."),
                 [chat.menu_row()])  # fmt: skip
        return
    except NoFreeAmount:
        chat.say(chat.text("Too many people are paying about this amount just now. Please choose another one."))
        return
    made = {**topup, "status": "pending", "credited": None, "tx_hash": None}
    chat.dialog = {}
    chat.show_code(made["payment_address"], instructions(chat.voice, made), buttons(chat.voice), countdown=made["id"])


def _wallet(chat: Chat, network: str) -> str | None:
    """Where to pay on the network; when it is not on any more, those that are on are shown."""
    try:
        return networks.wallet_of(network)
    except NetworkOff:
        chat.dialog = {}
        choose_network(chat)
        return None


def buttons(voice: Voice) -> list[list[dict[str, object]]]:
    """The buttons below a top-up."""
    return [[button(voice.text("« Menu"), "menu")]]


def instructions(voice: Voice, topup: Row) -> str:
    """What to send where; or, later, what has become of it."""
    network = NETWORKS[topup["network"]]
    if topup["credited"] is not None:
        return voice.text("✅ <b>{amount} USDT have arrived.</b> They are on your balance.",
                          amount=dollars(topup["credited"]))  # fmt: skip
    if topup["status"] == "expired":
        return voice.text(
            "⌛ <b>This top-up of {amount} USDT has expired.</b> Please send nothing for it now. If you have"
            " sent it already, contact the shop: it will be credited by hand.",
            amount=dollars(topup["amount"]),
        )
    lines = [
        voice.text("➕ <b>Top-up on {network}</b>", network=network.name),
        voice.text("Send exactly <code>{amount}</code> USDT to", amount=_digits(topup["amount"])),
        f"<code>{shown(topup['payment_address'])}</code>",
        voice.text(
            "⚠️ Exactly this amount must <b>arrive</b>, after your exchange's fee ({fee} USDT or so): add it on top."
            " Send only USDT, and only on this network.",
            fee=network.fee_usdt,
        ),
        _time_left(voice, topup),
    ]
    return "\n\n".join(lines)


def _time_left(voice: Voice, topup: Row) -> str:
    until = topup["expires_at"]
    minutes = max(0, -(-(epoch(until) - int(time.time())) // 60))
    if minutes == 0:
        return voice.text("⏳ The time is up. If you paid in time, it will be credited in a moment.")
    return voice.count(
        "⏳ {n} minute left, until {until} UTC. I will write as soon as it has arrived.",
        "⏳ {n} minutes left, until {until} UTC. I will write as soon as it has arrived.",
        minutes, until=f"{until:%H:%M}",
    )  # fmt: skip


def _digits(amount: int) -> str:
    """The amount to be typed, without what a field for numbers would refuse."""
    return f"{Decimal(amount) / PER_USD:.2f}"
