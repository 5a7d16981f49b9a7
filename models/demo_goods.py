"""The demo catalogue: made-up goods of made-up makers, and the goods that are sent to Telegram users."""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from models.telegram_goods import PREMIUM_SKUS, STARS_SKU, TON_SKU

Item = dict[str, str]


@dataclass(frozen=True, slots=True)
class Good:
    """A product, how many items of it there are, and how one is made up. The price is in dollars."""

    sku: str
    category: str
    name: str
    description: str
    price: str
    count: int
    make_item: Callable[[], Item]
    min_quantity: int = 1


@dataclass(frozen=True, slots=True)
class TelegramProduct:
    """A product that the sandbox makes to order. The price is in dollars."""

    sku: str
    name: str
    description: str
    price: str
    min_quantity: int = 1
    max_quantity: int = 1


def _code(groups: int) -> str:
    letters = base64.b32encode(secrets.token_bytes(5 * groups)).decode()
    return "-".join(letters[start : start + 5] for start in range(0, 5 * groups, 5))


def _licence() -> Item:
    return {"licence_key": _code(5)}


def _voucher() -> Item:
    return {"code": _code(3), "valid_until": "2028-12-31"}


def _gift_card() -> Item:
    return {"card_number": f"6{secrets.randbelow(10**15):015}", "pin": f"{secrets.randbelow(10**6):06}"}


def _account() -> Item:
    name = secrets.token_hex(5)
    return {
        "login": f"{name}@mail.example",
        "password": secrets.token_urlsafe(12),
        "recovery_email": f"{name}@backup.example",
    }


# The first one costs more than any sensible order floor, so that a single unit of it can be ordered.
GOODS = (
    Good(
        "writer-pro-1y", "Licence keys", "Inkwell Writer Pro, 1 year",
        "One seat of the Inkwell word processor for twelve months, counted from activation. Works on three platforms; "
        "enter the key under Help, Activate.",
        "8.90", 6000, _licence,
    ),
    Good(
        "shield-3-devices-1y", "Licence keys", "Bastion Shield, 3 devices, 1 year",
        "Protection against malware for up to three devices. The year begins when the first device is activated.",
        "14.90", 300, _licence,
    ),
    Good(
        "drafting-studio-lifetime", "Licence keys", "Plumbline Drafting Studio, lifetime",
        "The complete drafting suite for one workstation, without an end date. Updates of this version are included.",
        "149.00", 3, _licence,
    ),
    Good(
        "coffee-voucher-small", "Vouchers", "Voucher for a small coffee",
        "Good for one small coffee at any of the Tin Cup bars. Sold in packs of ten and more.",
        "0.75", 800, _voucher, min_quantity=10,
    ),
    Good(
        "cinema-voucher-any-film", "Vouchers", "Cinema voucher, any film",
        "One seat for one film, on any day. To be exchanged for a ticket at the box office or in the app.",
        "7.25", 200, _voucher,
    ),
    Good(
        "private-line-30d", "Vouchers", "Private Line VPN, 30 days",
        "Thirty days of the Private Line network on five devices. Can be added to time that is left on an account.",
        "2.80", 400, _voucher,
    ),
    Good(
        "book-card-10", "Gift cards", "Page & Spine gift card, 10 USD",
        "Ten dollars to spend on books. The balance never expires, and a purchase may use several cards.",
        "9.60", 300, _gift_card,
    ),
    Good(
        "game-card-25", "Gift cards", "Pixel Harbour gift card, 25 USD",
        "Twenty-five dollars of store credit for games and add-ons. For accounts of any region.",
        "24.10", 250, _gift_card,
    ),
    Good(
        "mail-account-aged", "Accounts", "Mail account, over a year old",
        "A mailbox opened at least a year ago, confirmed by a recovery address, which comes with it.",
        "1.20", 600, _account,
    ),
    Good(
        "cloud-account-100gb", "Accounts", "Cloud storage account, 100 GB",
        "A storage account with 100 GB for twelve months. Change the password when you sign in first.",
        "12.50", 150, _account,
    ),
)  # fmt: skip

TELEGRAM_PRODUCTS = (
    TelegramProduct(
        STARS_SKU, "Telegram Stars",
        "Stars for a Telegram user, to spend on gifts, mini apps and paid media. The quantity is the number of stars.",
        "0.012", 50, 1_000_000,
    ),
    TelegramProduct(
        PREMIUM_SKUS[3], "Telegram Premium, 3 months",
        "A quarter of a year of Telegram Premium as a gift. For users who have no Premium at the moment.",
        "12",
    ),
    TelegramProduct(
        PREMIUM_SKUS[6], "Telegram Premium, 6 months",
        "Half a year of Telegram Premium as a gift. For users who have no Premium at the moment.",
        "16",
    ),
    TelegramProduct(
        PREMIUM_SKUS[12], "Telegram Premium, 12 months",
        "A whole year of Telegram Premium as a gift. For users who have no Premium at the moment.",
        "29",
    ),
    TelegramProduct(
        TON_SKU, "TON for a Telegram balance",
        "Toncoin on the balance that a user has inside Telegram, for advertisements and usernames.",
        "3.50", 1, 10_000,
    ),
)  # fmt: skip
