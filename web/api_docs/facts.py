"""Figures of the code that the page tells of, so that they are told once."""

from typing import Any

from jobs.addresses import MAX_LENGTH
from models.idempotency import KEEP_HOURS
from models.intents import GRACE_SECONDS, OWNED_SECONDS
from models.keys import DEFAULT_RATE_LIMITS
from models.money import PER_USD, dumps, usd
from models.networks import NETWORKS
from models.pricing import MAX_HITS, WINDOW_SECONDS
from models.telegram_goods import LEAST_STARS, LEAST_TON, MOST_STARS, MOST_TON
from models.topups import LEAST, MOST
from models.webhooks import TRIES
from settings import settings
from web.bodies import MOST_PER_PAGE, USUAL_PER_PAGE
from web.gate import WINDOW_SECONDS as RATE_WINDOWS
from web.idempotency import LONGEST
from web.reference.examples import ANSWERS
from web.reference.webhooks import ALWAYS_SENT, EXAMPLES, SENT_WITH_A_SECRET
from web.signatures import DRIFT_SECONDS, sign
from web.v1.orders import EXAMPLE as ORDER_EXAMPLE
from web.v1.orders import MOST_UNITS
from web.v1.topups import EXAMPLE as TOPUP_EXAMPLE

# Of webhooks: those of the workers, which the web does not load.
RETRY_FACTOR = 6
WEBHOOK_SECONDS = 10
LONGEST_RETRY_AFTER_SECONDS = 3600

# A signature to test one's own code with; the secret was made up for this, and is nobody's.
_VECTOR = {
    "secret": "c3V0bGVyLWRvY3VtZW50YXRpb24tZXhhbXBsZS1rZXk=",
    "timestamp": "1790000000",
    "body": '{"product_id":1,"quantity":1}',
}


def all_facts() -> dict[str, Any]:
    """Every figure, by the name that the templates use."""
    return {
        "rate": DEFAULT_RATE_LIMITS,
        "rate_window": RATE_WINDOWS,
        "drift_minutes": DRIFT_SECONDS // 60,
        "idempotency_hours": KEEP_HOURS,
        "idempotency_longest": LONGEST,
        "wait_seconds": settings.wait_timeout_seconds,
        "deadline": _duration(settings.order_deadline_seconds),
        "refund_seconds": settings.refund_interval_seconds,
        "order_floor": _amount(settings.order_floor_usdt),
        "most_units": MOST_UNITS,
        "most_per_page": MOST_PER_PAGE,
        "usual_per_page": USUAL_PER_PAGE,
        "has_dynamic_pricing": settings.dynamic_pricing,
        "pricing_minutes": WINDOW_SECONDS // 60,
        "pricing_hits": MAX_HITS,
        "topup_least": LEAST // PER_USD,
        "topup_most": MOST // PER_USD,
        "topup_lifetime": _duration(settings.topup_lifetime_seconds),
        "topup_grace": GRACE_SECONDS,
        "tolerance": _amount(settings.topup_tolerance_usdt),
        "amount_hours": OWNED_SECONDS // 3600,
        "networks": [*NETWORKS.values()],
        "webhook_retries": TRIES - 1,
        "webhook_seconds": WEBHOOK_SECONDS,
        "webhook_longest_pause": _duration(LONGEST_RETRY_AFTER_SECONDS),
        "webhook_longest_url": MAX_LENGTH,
        "webhook_pauses": [_duration(seconds) for seconds in pauses()],
        "webhook_headers": ALWAYS_SENT,
        "webhook_signature_headers": SENT_WITH_A_SECRET,
        "webhook_examples": EXAMPLES,
        "stars": (LEAST_STARS, MOST_STARS),
        "ton": (LEAST_TON, MOST_TON),
        "order_body": ORDER_EXAMPLE,
        "topup_body": TOPUP_EXAMPLE,
        "answers": ANSWERS,
        "vector": {
            **_VECTOR,
            "signature": sign(_VECTOR["secret"], _VECTOR["timestamp"], _VECTOR["body"].encode()).hex(),
        },
    }


def pauses() -> list[float]:
    """Seconds before each retry of a webhook."""
    return [settings.webhook_retry_base_seconds * RETRY_FACTOR**retry for retry in range(TRIES - 1)]


def _amount(micros: int) -> str:
    text = dumps(usd(micros))
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents:0<2}"


def _duration(seconds: float) -> str:
    """So long, in the largest unit that fits."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
