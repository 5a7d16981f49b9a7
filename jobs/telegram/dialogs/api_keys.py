"""The customer's key to the Telegram goods API: issued, shown once, replaced, revoked."""

from jobs.telegram.chat import Chat, button
from models import accounts, keys
from models.tables import ApiKey


def show(chat: Chat, argument: str = "") -> None:
    """The key that there is, or the offer of one."""
    key = _key(chat)
    if key is None:
        chat.show(
            chat.text(
                "🔑 <b>API KEY</b>\n\nWith a key, your own programs can see your balance and buy Stars, Premium and"
                " TON. It is shown once; keep it secret."
            ),
            [[button(chat.text("Issue a key"), "key_issue")], chat.menu_row()],
        )
        return
    chat.show(
        chat.text(
            "🔑 <b>API KEY</b>\n\nYou have a key, issued on {day}; its fingerprint is <code>{fingerprint}</code>."
            " The key itself was shown once. If it is lost, or somebody else has seen it, replace it: the old one stops"
            " working at once.",
            fingerprint=key.fingerprint, day=f"{key.created_at:%Y-%m-%d}",
        ),
        [[button(chat.text("Replace it"), "key_replace", key.fingerprint),
          button(chat.text("Revoke it"), "key_revoke", key.fingerprint)], chat.menu_row()],
    )  # fmt: skip


def issue(chat: Chat, argument: str = "") -> None:
    """A first key. Pressed twice, it issues one: the account is locked, and the second press finds the key."""
    accounts.lock(chat.account_id)
    if _key(chat) is not None:
        chat.notice = chat.text("You have a key already.")
        show(chat)
        return
    minted = keys.mint(chat.actor, f"Telegram user {chat.customer.user_id}", "v2", account_id=chat.account_id)
    _show_once(chat, minted.api_key)


def ask_to_replace(chat: Chat, fingerprint: str) -> None:
    """Whether he really means it."""
    if not _is_own(chat, fingerprint):
        _say_gone(chat)
        return
    chat.show(
        chat.text("Replace the key <code>{fingerprint}</code>? Programs that use it stop working at once.",
                  fingerprint=fingerprint),
        [[button(chat.text("Yes, replace it"), "key_replaced", fingerprint), button(chat.text("No"), "key")]],
    )  # fmt: skip


def replace(chat: Chat, fingerprint: str) -> None:
    """A new key, and the end of the old one."""
    if not _is_own(chat, fingerprint):
        _say_gone(chat)
        return
    _show_once(chat, keys.replace(chat.actor, fingerprint).api_key)


def ask_to_revoke(chat: Chat, fingerprint: str) -> None:
    """Whether he really means it."""
    if not _is_own(chat, fingerprint):
        _say_gone(chat)
        return
    chat.show(
        chat.text("Revoke the key <code>{fingerprint}</code>? Programs that use it stop working at once.",
                  fingerprint=fingerprint),
        [[button(chat.text("Yes, revoke it"), "key_revoked", fingerprint), button(chat.text("No"), "key")]],
    )  # fmt: skip


def revoke(chat: Chat, fingerprint: str) -> None:
    """The end of the key."""
    if not _is_own(chat, fingerprint):
        _say_gone(chat)
        return
    keys.revoke(chat.actor, fingerprint)
    chat.show(chat.text("The key <code>{fingerprint}</code> is revoked.", fingerprint=fingerprint), [chat.menu_row()])


def _key(chat: Chat) -> ApiKey | None:
    """The newest of the account's keys to this API."""
    return next((key for key in keys.active_of(chat.account_id) if key.kind == "v2"), None)


def _is_own(chat: Chat, fingerprint: str) -> bool:
    # What a button carries may be made up: it counts only if it names a key of this account.
    return any(key.fingerprint == fingerprint and key.kind == "v2" for key in keys.active_of(chat.account_id))


def _say_gone(chat: Chat) -> None:
    chat.notice = chat.text("This button is out of date.")
    show(chat)


def _show_once(chat: Chat, api_key: str) -> None:
    header = f"Authorization: Bearer {api_key}"
    chat.show(
        chat.text(
            "🔑 <b>Your new API key</b>, shown this once:\n\n<code>{key}</code>\n\n"
            "Your program sends it with each request, in this header:\n<code>{header}</code>\n\n"
            "Whoever has it can spend your balance. Delete this message once the key is in a safe place.",
            key=api_key, header=header,
        ),
        [chat.menu_row()],
    )  # fmt: skip
