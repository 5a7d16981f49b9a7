"""What a customer has, has bought and has earned."""

from jobs.telegram.chat import Chat, button
from jobs.telegram.goods import goods, status_mark
from jobs.telegram.language import dollars
from models import account_figures, accounts, listings, referrals
from models.database import Row
from models.listings import OrderFilter
from models.paging import Cursor
from settings import settings

ORDERS_SHOWN = 10


def balance(chat: Chat, _: str = "") -> None:
    """Available, held, topped up, spent."""
    account = accounts.get(chat.account_id)
    chat.show(
        chat.text(
            "💰 <b>Balance</b>\n\nAvailable: <b>{available} USD</b>\nReserved for open orders: {held} USD\n\n"
            "Topped up in total: {topped_up} USD\nSpent in total: {spent} USD",
            available=dollars(account["available"]),
            held=dollars(account["held"]),
            topped_up=dollars(account["topped_up"]),
            spent=dollars(account["topped_up"] - account["available"]),
        ),
        [[button(chat.text("➕ Top up"), "topup")], chat.menu_row()],
    )


def statistics(chat: Chat, _: str = "") -> None:
    """The figures of the account since it was opened."""
    figures, brought = account_figures.of(chat.account_id), referrals.figures(chat.account_id)
    chat.show(
        chat.text(
            "📊 <b>Statistics</b>\n\nOrders: {orders}\nCompleted: {completed}\nStars bought: {stars}\n"
            "Premium subscriptions: {premium}\nTON bought: {ton}\nFriends: {friends}",
            orders=figures["orders"],
            completed=figures["completed"],
            stars=figures["stars"],
            premium=figures["premium"],
            ton=figures["ton"],
            friends=brought["friends"],
        ),
        [chat.menu_row()],
    )


def orders(chat: Chat, cursor: str = "") -> None:
    """The last orders, and a button for those before them."""
    page = listings.orders(OrderFilter(account_id=chat.account_id), Cursor.read(cursor or None, ORDERS_SHOWN))
    if not page.items:
        chat.show(chat.text("📦 You have no orders yet."), [chat.menu_row()])
        return
    lines = [_line(chat, order) for order in page.items]
    earlier = [[button(chat.text("Earlier orders »"), "orders", page.next_cursor)]] if page.next_cursor else []
    chat.show("\n".join([chat.text("📦 <b>Your orders</b>"), "", *lines]), [*earlier, chat.menu_row()])


def _line(chat: Chat, order: Row) -> str:
    return chat.text(
        "{mark} <b>#{id}</b> {goods} – {price} USD",
        mark=status_mark(order["status"]), id=order["id"], goods=goods(chat.voice, order),
        price=dollars(order["price"]),
    )  # fmt: skip


def referral(chat: Chat, _: str = "") -> None:
    """The link that brings friends, and what it has brought."""
    link, brought = referrals.link(chat.account_id), referrals.figures(chat.account_id)
    if link is None:
        chat.show(chat.text("👥 Invitations are not rewarded at the moment."), [chat.menu_row()])
        return
    chat.show(
        chat.text(
            "👥 <b>Invite friends</b>\n\nFor each friend whose first top-up is at least {least} USD, you get"
            " <b>{reward} USD</b>.\n\nYour link:\n<code>{link}</code>\n\nFriends: {friends}\nEarned: {earned} USD",
            least=dollars(settings.referral_min_topup_usd),
            reward=dollars(settings.referral_reward_usd),
            link=link,
            friends=brought["friends"],
            earned=dollars(brought["earned"]),
        ),
        [chat.menu_row()],
    )
