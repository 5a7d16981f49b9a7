"""Which words and buttons lead where: literal tables, and what is said when nothing fits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jobs.telegram.chat import Chat, Event
from jobs.telegram.dialogs import account, administration, api_keys, menu, purchases, topups
from settings import settings

Handler = Callable[[Chat, str], None]
"""Does one step; the text is what stands behind a command or a button, or what the user wrote."""

COMMANDS: Mapping[str, Handler] = {
    "start": menu.start,
    "menu": menu.show,
    "help": menu.show_help,
    "language": menu.choose_language,
    "balance": account.balance,
    "stats": account.statistics,
    "orders": account.orders,
    "referral": account.referral,
    "topup": topups.choose_network,
    "stars": purchases.choose_stars,
    "premium": purchases.choose_premium,
    "ton": purchases.choose_ton,
    "key": api_keys.show,
}

BUTTONS: Mapping[str, Handler] = {
    **{name: handler for name, handler in COMMANDS.items() if name != "start"},
    "topup_on": topups.choose_amount,
    "topup_of": topups.take_button,
    "buy_stars": purchases.take_stars,
    "buy_premium": purchases.take_premium,
    "buy_ton": purchases.take_ton,
    "for_me": purchases.take_me,
    "confirm": purchases.confirm,
    "key_issue": api_keys.issue,
    "key_replace": api_keys.ask_to_replace,
    "key_replaced": api_keys.replace,
    "key_revoke": api_keys.ask_to_revoke,
    "key_revoked": api_keys.revoke,
}

AWAITED: Mapping[str, Handler] = {
    "topup_amount": topups.take_text,
    "stars": purchases.take_stars,
    "ton": purchases.take_ton,
    "recipient": purchases.take_recipient,
}

ADMIN_COMMANDS: Mapping[str, Handler] = {
    "api_audit": administration.show_audit,
    "deposits": administration.show_deposits,
    "review": administration.show_orders,
    "credit": administration.ask_to_credit,
    "keys": administration.show_keys,
    "status": administration.show_status,
}

ADMIN_BUTTONS: Mapping[str, Handler] = {
    "a_deposit": administration.ask_whom_to_credit,
    "a_ignore": administration.ask_why_to_ignore,
    "a_delivered": administration.ask_about_delivered,
    "a_failed": administration.ask_about_failed,
    "a_credit": administration.credit,
    "a_revoke": administration.revoke_key,
}

ADMIN_AWAITED: Mapping[str, Handler] = {
    "a_deposit": administration.credit_deposit,
    "a_ignore": administration.ignore_deposit,
    "a_settle": administration.settle_order,
}


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, in the transaction of the step; unless it places an order, which has transactions of its own."""

    do: Callable[[Chat], None]
    places_order: bool = False


def find(event: Event) -> Step:
    """What the user's words or button lead to."""
    is_admin = event.user_id in settings.telegram_admin_ids
    if event.pressed is not None:
        action, _, argument = event.pressed.partition(":")
        handler = _in(BUTTONS, ADMIN_BUTTONS, action, is_admin=is_admin) or _say_out_of_date
        return Step(lambda chat: handler(chat, argument), places_order=handler is purchases.confirm)
    text = event.text or ""
    if text.startswith("/"):
        command, _, argument = text[1:].partition(" ")
        name = command.partition("@")[0].lower()  # "/start@ourbot" in some apps
        found = _in(COMMANDS, ADMIN_COMMANDS, name, is_admin=is_admin) or _say_unknown
        return Step(lambda chat: found(chat, argument.strip()))
    return Step(lambda chat: _take_text(chat, text, is_admin=is_admin))


def apologise(chat: Chat) -> None:
    """What is said when a step has failed for a fault of ours."""
    chat.say(chat.text("😕 Something went wrong on our side. Nothing is lost; please try again."), [chat.menu_row()])


def tell_refusal(chat: Chat, reason: str) -> None:
    """What is said when a step is refused for a reason that its words do not cover."""
    chat.say(chat.text("This was not possible: {reason}", reason=reason), [chat.menu_row()])


def _in(
    everybody: Mapping[str, Handler], admins: Mapping[str, Handler], name: str, *, is_admin: bool
) -> Handler | None:
    return everybody.get(name) or (admins.get(name) if is_admin else None)


def _take_text(chat: Chat, text: str, *, is_admin: bool) -> None:
    handler = _in(AWAITED, ADMIN_AWAITED, str(chat.before.get("awaiting")), is_admin=is_admin)
    if handler is None:
        menu.show(chat)
        return
    handler(chat, text[:500])


def _say_unknown(chat: Chat, _: str) -> None:
    chat.say(chat.text("I do not know this command. Here is the /menu."), [chat.menu_row()])


def _say_out_of_date(chat: Chat, _: str) -> None:
    chat.notice = chat.text("This button is out of date.")
    chat.dialog = chat.before
