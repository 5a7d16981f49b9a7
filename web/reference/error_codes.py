"""What each error code means, for people who read the reference."""

from web.signatures import DRIFT_SECONDS

MEANINGS: dict[str, str] = {
    "above_maximum": "More units than the product allows in one order; `max_quantity` is the most.",
    "account_is_ours": "The account passes website orders' money on; no client may have a key to it.",
    "account_not_found": "There is no such account.",
    "already_credited": "The deposit, or the top-up, is credited already.",
    "api_key_not_found": "There is no key with this fingerprint.",
    "bad_request": "The request breaks off, or its parts make no sense together.",
    "balance_too_low": "The account does not have so much to take away.",
    "below_minimum": "Fewer units than the product, or the least total of an order, asks for; `min_quantity` would do.",
    "body_too_large": "The body is larger than this address takes.",
    "deposit_not_found": "There is no such deposit.",
    "forbidden": "The token's role does not allow this; `required_role` would.",
    "idempotency_key_reused": "The Idempotency-Key came with another request before; choose a new one.",
    "import_under_way": "The same file is just being imported elsewhere.",
    "insufficient_balance": "The balance does not cover the price; the answer says what is missing.",
    "insufficient_stock": "Fewer units are in stock than were ordered; `in_stock` says how many.",
    "internal_error": "A fault of ours; it is on record under the request id.",
    "invalid_api_key": "The key is unknown, or was revoked.",
    "invalid_body": "The body, the query or a header is not as described; v1 names each place in `fields`.",
    "invalid_json": "The body is no JSON object, or says of itself that it is none.",
    "invalid_signature": "X-Signature is not the signature of this timestamp and body.",
    "invalid_token": "The token is unknown, or was revoked.",
    "invoice_not_implemented": "Orders are paid from the balance only.",
    "ip_not_allowed": "The key may not be used from this address.",
    "missing_api_key": "The request has no key.",
    "missing_signature": "The key has a secret, so POSTs must be signed, and this one is not.",
    "missing_token": "The request has no operator's token.",
    "no_free_amount": "All amounts near this one are taken on the network at present; ask for another one.",
    "not_cancellable": "The order is final, or its provider has it.",
    "not_found": "There is nothing at this address.",
    "not_held": "The reward does not wait for a decision.",
    "not_refundable": "The order was not delivered, or its money was returned already.",
    "not_retryable": "The order is final.",
    "not_settleable": "The order is final, no provider has it, or a worker is asking about it just now.",
    "not_stocked": "The product is made to order and takes no items.",
    "operator_name_taken": "There is an operator of this name.",
    "operator_not_found": "There is no such operator.",
    "order_creation_failed": "A fault of ours; look at the activity before the order is placed again.",
    "order_not_found": "The account has no such order.",
    "price_changed": "The price is above `max_price_usdt` by now; `price_usdt` is what it is.",
    "product_not_found": "There is no such product for sale.",
    "provider_order_taken": "Another order has this name at the provider.",
    "rate_limit_exceeded": "Too many requests; try again after the seconds of Retry-After.",
    "reference_reused": "The reference stands for another credit.",
    "referral_not_found": "There is no such referral.",
    "replayed_request": "The signature was used before; sign anew.",
    "reservation_failed": "The money could not be set aside; nothing was ordered.",
    "service_unavailable": "The service cannot answer at the moment; nothing was lost.",
    "sku_taken": "Another product has this sku.",
    "stale_timestamp": f"X-Timestamp is more than {DRIFT_SECONDS // 60} minutes off; sign anew.",
    "timeout": "The order is not final yet, and goes on; ask for it by `order_id`.",
    "topup_not_found": "The account has no such top-up.",
    "unsupported_media_type": "The body is in a form that this address does not take.",
    "user_not_found": "The account of the key does not exist any more.",
    "username_invalid": "Telegram could not have such a username.",
    "username_required": "There is no username.",
    "webhook_not_found": "No webhook was sent for this.",
}
"""By code, a sentence."""


def told(codes: list[str]) -> str:
    """The codes with their meanings, as a list in Markdown; v2's texts say themselves what they mean.

    Raises KeyError for a code without a meaning.
    """
    return "\n".join(f"- `{code}`" if " " in code else f"- `{code}`: {MEANINGS[code]}" for code in codes)
