"""Answers as examples, by the name of the view that gives them; a test holds them to their shapes."""

from typing import Any

_TRANSACTION = "5d1f0a7c3e9b48d26f7a1c0e8b4d92a17c3f60e5d8a1b94c2e7f0d6a3b5c8e91"
_TIME = 1_790_000_000
_PRODUCT = {
    "id": 12, "sku": "game-key-1", "category": "Games", "name": "A game, one key", "description": "Delivered at once.",
    "price_usdt": 12.34, "min_quantity": 1, "max_quantity": 100, "in_stock": 250, "delivery": "stock",
    "needs_recipient": False, "created_at": _TIME, "updated_at": _TIME,
}  # fmt: skip
_ACCEPTED = {
    "order_id": 789, "product_id": 12, "quantity": 1, "price_usdt": 12.34, "status": "processing",
    "delivered_quantity": 0, "refunded": False, "refunded_usdt": 0, "error_message": None,
    "client_reference": "invoice-1001", "raw_data": {"dp_hits": 0}, "created_at": _TIME, "updated_at": _TIME,
}  # fmt: skip
_COMPLETED = {**_ACCEPTED, "status": "completed", "delivered_quantity": 1}
_TOPUP = {
    "topup_id": "0b5f2f0e-8a57-4c0e-9a43-7d0f4f3f2d11", "status": "pending",
    "payment_address": "TExampleDoNotPayThisAddressXXXXXXX", "payment_network": "usdt_trc_20", "amount_usdt": 25,
    "requested_usdt": 25, "credited_usdt": None, "tx_hash": None, "created_at": _TIME, "expires_at": _TIME + 3600,
}  # fmt: skip
_EVENT = {
    "id": 5, "webhook_id": "msg_5f0c2d9a1b7e4836", "event": "completed", "url": "https://shop.example/hooks",
    "status": "delivered", "created_at": _TIME, "next_attempt_at": None,
}  # fmt: skip
_ATTEMPT = {"number": 1, "at": _TIME, "status": 200, "error": None, "duration_ms": 84, "answer": "ok"}
_STARS = {
    "ok": True, "order_id": 42, "username": "target", "amount": 100, "price_usd": 1.2, "status": "pending",
    "error_message": None, "provider_order_id": None, "client_reference": None, "created_at": _TIME,
    "updated_at": _TIME,
}  # fmt: skip
_QUEUED = {"message": "Order queued; GET /api/v2/order/42 shows how it goes, and with ?wait=true its end."}
_BOUGHT = {**_STARS, "status": "completed", "provider_order_id": "abc123"}
_PREMIUM = {name: value for name, value in _STARS.items() if name != "amount"} | {
    "order_id": 15, "duration_months": 3, "price_usd": 12,
}  # fmt: skip
_TON = {**_STARS, "order_id": 16, "amount": 2.5, "price_usd": 8.75}

ANSWERS: dict[str, dict[str, Any]] = {
    "v1": {
        "show_health": {"status": "ok", "timestamp": _TIME},
        "list_products": {"items": [_PRODUCT], "page": 1, "page_size": 50, "total": 1, "pages": 1},
        "show_product": _PRODUCT,
        "list_categories": {"items": [{"category": "Games", "product_count": 1, "min_price_usdt": 12.34}]},
        "show_balance": {
            "balance_usdt": 50, "held_usdt": 12.34, "total_spent_usdt": 12.5, "total_topup_usdt": 62.5,
            "total_refunded_usdt": 1.2, "currency": "USDT",
        },
        "list_transactions": {
            "items": [
                {"id": 31, "created_at": _TIME, "kind": "hold", "amount_usdt": -12.34, "order_id": 789,
                 "topup_id": None, "note": None},
            ],
            "next_cursor": "MzE",
        },
        "list_networks": {
            "items": [
                {"network": "usdt_trc_20", "name": "TRON (TRC-20)", "fee_usdt": "0.5-1", "time": "1-3 min",
                 "recommendation": "Default", "finality": "about 1 min: 19 blocks"},
            ],
        },
        "request_topup": _TOPUP,
        "show_topup": {**_TOPUP, "status": "credited_auto", "credited_usdt": 25, "tx_hash": _TRANSACTION},
        "place_order": _ACCEPTED,
        "show_order": {**_COMPLETED, "items": [{"code": "AAAA-BBBB-CCCC"}]},
        "list_orders": {"items": [_COMPLETED], "next_cursor": None},
        "list_webhooks": {"items": [{**_EVENT, "attempts": [_ATTEMPT]}], "next_cursor": None},
        "resend_webhook": {**_EVENT, "status": "pending", "next_attempt_at": _TIME},
        "show_usage": {
            "request_count": 1234, "last_used_at": _TIME, "first_used_at": _TIME - 86_400,
            "last_endpoint": "/api/v1/products", "total_spent_usdt": 125.5, "total_refunded_usdt": 1.2,
        },
    },
    "v2": {
        "show_balance": {"ok": True, "balance_usd": 25.5, "locked_usd": 2, "available_usd": 23.5},
        "show_stats": {
            "ok": True, "available_usd": 23.5, "locked_usd": 2, "total_topup_usd": 100, "total_spent_usd": 76.5,
            "total_orders": 12, "completed_orders": 11, "stars_bought": 1500, "premium_bought": 3, "ton_bought": 2.5,
            "referrals": 1, "referral_earned_usd": 1, "referral_link": "https://t.me/example_bot?start=r_abc",
        },
        "list_activity": {
            "ok": True,
            "items": [
                {"type": "order", "id": 42, "title": "100 Stars for @target", "amount_usd": -1.2,
                 "status": "completed", "created_at": _TIME},
            ],
            "next_cursor": None,
        },
        "buy_stars": {**_STARS, **_QUEUED},
        "buy_premium": _PREMIUM,
        "buy_ton": _TON,
        "show_stars_order": _BOUGHT,
        "show_premium_order": {**_PREMIUM, "status": "completed", "provider_order_id": "abc124"},
        "show_ton_order": {**_TON, "status": "completed", "provider_order_id": "abc125"},
    },
}  # fmt: skip
