"""What is to be done again and again, and how a late tick is told from a timely one."""

import time
from dataclasses import dataclass

from jobs import queues
from models import networks
from settings import settings

WAKE_ORDERS = "sweeps.wake_orders"
WAKE_WEBHOOKS = "sweeps.wake_webhooks"
WAKE_CHATS = "sweeps.wake_chats"
RETURN_MONEY = "refunds.expire_overdue"
DRAIN_USAGE = "upkeep.drain_usage"
FORGET_OLD = "upkeep.forget_old"
CHECK_INVARIANTS = "upkeep.check_invariants"


@dataclass(frozen=True, slots=True)
class Tick:
    """A periodic job, and the seconds between two runs; `about`: what it looks after, where there are several."""

    job: str
    seconds: float
    about: str | None = None


TICKS: tuple[Tick, ...] = (
    Tick(WAKE_ORDERS, 0.5),  # how soon an order is looked up at its provider
    Tick(WAKE_WEBHOOKS, 0.5),  # how exactly the pauses between attempts are kept
    *((Tick(WAKE_CHATS, 0.5), Tick(queues.CHECK_BOT, 600)) if settings.telegram_bot_token else ()),
    Tick(RETURN_MONEY, settings.refund_interval_seconds),
    Tick(DRAIN_USAGE, 10),
    Tick(FORGET_OLD, 600),
    Tick(CHECK_INVARIANTS, 600),
    *(Tick(queues.SCAN_NETWORK, settings.scan_interval_seconds, network.code) for network in networks.active()),
    *(Tick(queues.CHECK_PROVIDER, 60, name) for name in sorted(settings.configured_providers)),
    # Seldom: reading a catalogue takes a call for each page, of the 60 a minute that its orders need as well.
    *(Tick(queues.REFRESH_STOCK, 600) for name in settings.configured_providers if name == "upstream"),
)
_SECONDS: dict[str, float] = {tick.job: tick.seconds for tick in TICKS}


def is_stale(job: str, sent_at: float) -> bool:
    """Whether a tick waited so long that a later one is on its way: after an outage they come in a heap."""
    return time.time() - sent_at > max(2 * _SECONDS[job], 5)
