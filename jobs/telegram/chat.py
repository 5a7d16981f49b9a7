"""One step of a conversation: what the user did, what he is told, and what to remember of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from jobs.telegram.bot_api import Buttons
from jobs.telegram.language import Voice
from models import telegram_outbox, telegram_users
from models.telegram_users import Customer

LONGEST_BUTTON_DATA = 64  # bytes


@dataclass(frozen=True, slots=True)
class Event:
    """What a user did: wrote `text`, or pressed the button with `pressed`; or blocked the bot, or took that back."""

    user_id: int
    username: str | None
    language_code: str | None
    text: str | None = None
    pressed: str | None = None
    query_id: str | None = None
    message_id: int | None = None  # of the message whose button was pressed, if its text can be edited
    membership: Literal["left", "back"] | None = None


def read_event(update: dict[str, Any], user_id: int) -> Event:
    """What an update of the user tells. Whatever is missing or of another type counts as not there."""
    query, member = _object(update, "callback_query"), _object(update, "my_chat_member")
    message = _object(update, "message")
    user = _object(query or member or message, "from")
    username, language_code = _string(user, "username"), _string(user, "language_code")
    if member:
        left = _string(_object(member, "new_chat_member"), "status") in ("kicked", "left")
        return Event(user_id, username, language_code, membership="left" if left else "back")
    if query:
        under = _object(query, "message")
        number = under.get("message_id") if "text" in under else None
        return Event(
            user_id, username, language_code, pressed=_string(query, "data") or "", query_id=_string(query, "id"),
            message_id=number if isinstance(number, int) else None,
        )  # fmt: skip
    return Event(user_id, username, language_code, text=_string(message, "text") or "")


class Chat:
    """What a step has to work with. Nothing is sent or kept before `write`, in the transaction of the step."""

    def __init__(self, customer: Customer, event: Event, update_id: int) -> None:
        self.customer = customer
        self.event = event
        self.update_id = update_id
        self.speak(Voice(customer.language))
        self.before = customer.dialog  # where the conversation stood
        self.dialog: dict[str, Any] = {}  # where it stands after this step
        self.notice: str | None = None  # a short word at the button that was pressed
        self.afterwards: list[Callable[[], None]] = []  # to be called once the step is committed
        self._said: list[dict[str, Any]] = []

    @property
    def account_id(self) -> int:
        """The customer's account."""
        return self.customer.account_id

    @property
    def actor(self) -> str:
        """The name that audit rows carry."""
        return f"telegram:{self.customer.user_id}"

    def speak(self, voice: Voice) -> None:
        """Say all that follows in this voice."""
        self.voice = voice
        self.text, self.count = voice.text, voice.count

    def say(self, text: str, buttons: Buttons | None = None) -> None:
        """Send a message."""
        self._said.append({"text": text, "buttons": buttons})

    def show(self, text: str, buttons: Buttons | None = None) -> None:
        """Put this in the place of the message whose button was pressed; or send it, if there is none."""
        self._said.append({"text": text, "buttons": buttons, "edit": self.event.message_id})

    def show_code(self, code: str, text: str, buttons: Buttons | None, *, countdown: int) -> None:
        """Send a QR code with a text below it, which is kept up to date as that of the top-up with this intent id."""
        self._said.append({"text": text, "buttons": buttons, "code": code, "countdown": countdown})

    def expect(self, what: str, **known: Any) -> None:
        """Take the user's next text for this, together with what is known by now."""
        self.dialog = {"awaiting": what, **known}

    def write(self) -> None:
        """Keep what is to be said and remembered, in the caller's transaction."""
        for words in self._said:
            telegram_outbox.say(self.customer.user_id, words)
        if self.dialog != self.before:
            telegram_users.leave_dialog(self.customer.user_id, self.dialog)

    def menu_row(self) -> list[dict[str, Any]]:
        """The button that leads back to the menu."""
        return [button(self.text("« Menu"), "menu")]


def button(label: str, action: str, argument: str = "") -> dict[str, Any]:
    """A button that does an action; the argument is for the action to read, and not to trust."""
    data = f"{action}:{argument}" if argument else action
    if len(data.encode()) > LONGEST_BUTTON_DATA:
        raise ValueError(f"Telegram takes no button with so much data for {action}")
    return {"text": label, "callback_data": data}


def in_rows(buttons: list[dict[str, Any]], width: int) -> Buttons:
    """Buttons side by side, so many in a row."""
    return [buttons[start : start + width] for start in range(0, len(buttons), width)]


def _object(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _string(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value.replace("\0", "") if isinstance(value, str) else None
