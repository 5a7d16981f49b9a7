"""What a client should do about each error: the codes are the APIs', see web.reference.error_codes."""

_SAME_KEY = "repeat the same request with the same `Idempotency-Key`"

_ADVICE: dict[str, str] = {
    "above_maximum": "Split the order, `max_quantity` units at a time.",
    "bad_request": "Send the whole body with a right `Content-Length`. If that is so already, send us the request id.",
    "below_minimum": "Order `min_quantity` units or more.",
    "body_too_large": "A body of these APIs is a few lines. Look at what your program puts in.",
    "idempotency_key_reused": "Make a new key for each purchase, and store it with the very body that it goes with.",
    "insufficient_balance": "Top up, then order again; nothing was taken.",
    "insufficient_stock": "Order `in_stock` units, or wait: `updated_since` tells you when stock comes in.",
    "internal_error": f"Send us the request id. If it was an order, {_SAME_KEY}: it is made once.",
    "invalid_api_key": "Look for a space or a line break that came along when it was copied. A revoked key stays so.",
    "invalid_body": "Mend what the message names. It is no use to repeat the request as it is.",
    "invalid_json": "Send a JSON object, with `Content-Type: application/json`.",
    "invalid_signature": "Sign the bytes that are sent, not JSON that is written anew; the secret is used as text.",
    "invoice_not_implemented": "Leave `payment_method` out.",
    "ip_not_allowed": "Call from an address on the key's list, or ask us to add this one.",
    "method_not_allowed": "See the list of endpoints.",
    "missing_api_key": "Send the key with every request, in the header that the surface uses.",
    "missing_signature": "Send `X-Timestamp` and `X-Signature`.",
    "no_free_amount": "Ask for another amount, a few dollars more or less, or another network.",
    "not_found": "See the list of endpoints; ids in addresses are whole numbers.",
    "order_creation_failed": f"To be sure, {_SAME_KEY}.",
    "order_not_found": "Look at the id, and at which account's key you use. In v2, look at the kind of the order, too.",
    "price_changed": "Decide whether `price_usdt` is all right, and order again with a new `Idempotency-Key`.",
    "product_not_found": "Read the catalogue again: it may have been taken off sale.",
    "rate_limit_exceeded": "Pause for `Retry-After` seconds. Use `?wait=true` or webhooks instead of frequent polls.",
    "replayed_request": "Sign each attempt anew, with the present time; give each order its own `client_reference`.",
    "reservation_failed": "Try again after a second or two.",
    "service_unavailable": f"Pause for `Retry-After` seconds, then {_SAME_KEY}.",
    "stale_timestamp": "Set your clock by NTP, and sign when you send, not when you queue.",
    "timeout": "Ask for the order by its id, with `?wait=true` if you like. Do not order again.",
    "topup_not_found": "Look at the id, and at which account's key you use.",
    "unsupported_media_type": "Send `Content-Type: application/json`.",
    "user_not_found": "Ask us: the key has outlived its account.",
    "username_invalid": "4 to 32 letters, digits or underscores, beginning with a letter; `@name` and links are taken.",
    "username_required": "Send `username`.",
    "webhook_not_found": "Only orders with a `webhook_url` have webhooks, and only once they are final.",
}


def advice_for(code: str) -> str:
    """What to do. Raises KeyError for a code without advice; a sentence of v2 is its own."""
    return "Mend the body as it says." if " " in code else _ADVICE[code]
