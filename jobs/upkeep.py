"""Housekeeping: usage counts from Redis to the database, old rows away, and a regular check of the books."""

import dramatiq
import structlog

from jobs import queues, ticks
from jobs.redis_calls import redis_client
from models import dashboard_sessions, figures, idempotency, invariants, telegram_outbox, telegram_updates, usage

log = structlog.get_logger()

KEYS_AT_A_TIME = 1000


@dramatiq.actor(actor_name=ticks.DRAIN_USAGE, queue_name=queues.UPKEEP, max_retries=0)
def drain_usage(sent_at: float) -> None:
    """Move each key's counts to the database."""
    if ticks.is_stale(ticks.DRAIN_USAGE, sent_at):
        return
    client = redis_client()
    for key_id in client.srandmember(usage.DIRTY_KEYS, KEYS_AT_A_TIME) or ():
        # Taken before they are added: a crash in between loses this key's counts, and never counts a request twice.
        pipeline = client.pipeline(transaction=True)
        pipeline.hgetall(usage.counter(int(key_id)))
        pipeline.delete(usage.counter(int(key_id)))
        pipeline.srem(usage.DIRTY_KEYS, key_id)
        taken, *_ = pipeline.execute()
        if taken:
            usage.add(int(key_id), usage.Usage.read(taken))


@dramatiq.actor(actor_name=ticks.FORGET_OLD, queue_name=queues.UPKEEP, max_retries=0)
def forget_old(sent_at: float) -> None:
    """Delete idempotency keys and sessions past their time, and what the bot heard and said long ago."""
    if ticks.is_stale(ticks.FORGET_OLD, sent_at):
        return
    while forgotten := idempotency.forget_old():
        log.info("idempotency.forgotten", count=forgotten)
    dashboard_sessions.forget_expired()
    telegram_updates.forget_old()
    telegram_outbox.forget_old()


@dramatiq.actor(actor_name=ticks.CHECK_INVARIANTS, queue_name=queues.UPKEEP, max_retries=0)
def check_invariants(sent_at: float) -> None:
    """Check the books, and say it loudly if they are wrong."""
    if ticks.is_stale(ticks.CHECK_INVARIANTS, sent_at):
        return
    found = invariants.check_all()
    if found["ok"]:
        log.info("ledger.checked", accounts=found["accounts"], transfers=found["transfers"])
    else:
        log.error("ledger.differences", differences=found["differences"])
    to_review = figures.waiting()["orders_to_review"]
    if to_review:
        log.warning("orders.to_review", count=to_review)
