"""All actors, for a worker process to import: what is not imported here is never run."""

import logs
from jobs import deposits, fulfilment, provider_checks, purchasing, refunds, sweeps, upkeep, webhooks
from jobs.broker import broker

logs.configure()

__all__ = [
    "broker",
    "deposits",
    "fulfilment",
    "provider_checks",
    "purchasing",
    "refunds",
    "sweeps",
    "upkeep",
    "webhooks",
]
