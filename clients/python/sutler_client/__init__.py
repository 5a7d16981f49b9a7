"""Clients of Sutler: SutlerClient for its wholesale API, TelegramClient for Telegram goods, verify() for webhooks."""

from sutler_client.documents import Balance, Movement, Order, Product, TelegramOrder, Topup
from sutler_client.errors import ApiError, InvalidWebhook, NoAnswer, Purchase, StillOpen, SutlerError
from sutler_client.telegram import TelegramClient
from sutler_client.webhooks import Webhook, verify
from sutler_client.wholesale import SutlerClient

__all__ = [
    "ApiError", "Balance", "InvalidWebhook", "Movement", "NoAnswer", "Order", "Product", "Purchase", "StillOpen",
    "SutlerClient", "SutlerError", "TelegramClient", "TelegramOrder", "Topup", "Webhook", "verify",
]  # fmt: skip
