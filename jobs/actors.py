"""All actors, for a worker process to import: what is not imported here is never run."""

import logs
from jobs import deposits, fulfilment, key_versions, provider_checks, purchasing, refunds, sweeps, upkeep, webhooks
from jobs.broker import broker
from jobs.telegram import bot_checks, conversation

logs.configure()

__all__ = [
    "bot_checks",
    "broker",
    "conversation",
    "deposits",
    "fulfilment",
    "key_versions",
    "provider_checks",
    "purchasing",
    "refunds",
    "sweeps",
    "upkeep",
    "webhooks",
]
