"""Buy an order's goods from its provider, one step at a time: ask for them once, then look until their end is known.

    claim → check → write down that it is submitted → submit → settle, or give free and look up later

No step needs another's worker: whatever was written down last says what comes next. An order that was submitted is
looked up, and is submitted again only where the provider itself keeps repetitions apart, or surely did not get it.
"""

import time
from dataclasses import replace

import dramatiq
import structlog
from peewee import IntegrityError

from jobs import enqueue, providers, queues
from jobs.providers.base import Answer, InProgress, NotAccepted, Provider, ProviderFault
from models import leases, provider_states, settlement, submissions
from models.database import release_connection, violated_constraint
from models.leases import Lease
from models.settlement import Delivered, Ended, Refused

SHORTEST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 300.0
LONGEST_RETRY_SECONDS = 15.0  # of what could not be submitted: when the provider is back, customers wait no longer
PAUSE_GROWTH = 2.0  # an order that is two minutes old is looked up after one more
UNCONFIGURED_PAUSE_SECONDS = 30.0

log = structlog.get_logger()


class LeaseLost(Exception):
    """Another worker has taken the order over, or is about to: it is left to him."""


@dramatiq.actor(actor_name=queues.PURCHASE_ORDER, queue_name=queues.PROVIDERS)
def purchase(order_id: int) -> None:
    """Take the order one step on, unless it is final or somebody is at it."""
    structlog.contextvars.bind_contextvars(order_id=order_id)
    lease = leases.claim(order_id, from_stock=False)
    if lease is None:
        log.info("order.not_claimed")
        return
    ended = settlement.expire(order_id, lease) if lease.overdue else _step(lease)
    if ended is not None:
        log.info("order.ended", status=ended.status, provider=lease.provider, lease_token=lease.token)
        enqueue.announce(ended)


def _step(lease: Lease) -> Ended | None:
    word = submissions.word_on(lease.provider, lease.provider_order_id) if lease.provider_order_id else None
    if word is not None:
        delivered = Delivered(lease.quantity, lease.provider_order_id)
        return settlement.settle(lease, delivered if word["verdict"] == "delivered" else Refused(word["reason"]))
    provider = providers.provider(lease.provider)
    if provider is None:
        log.error("provider.not_configured", provider=lease.provider)
        submissions.put_off(lease, UNCONFIGURED_PAUSE_SECONDS, "the provider is not configured")
        return None
    probing = lease.provider_rests and provider_states.take_probe(lease.provider)
    if lease.provider_rests and not probing and _is_put_off_for_a_rest(lease):
        return None
    began = time.monotonic()
    try:
        answer = _ask(provider, lease)
    except ProviderFault as fault:
        _note(lease, fault, time.monotonic() - began, probing=probing)
        return None
    except LeaseLost:
        log.warning("order.lease_lost", lease_token=lease.token)
        return None
    if not isinstance(answer, InProgress) or answer.provider_order_id is not None:
        provider_states.note_success(lease.provider)
    elif probing:
        provider_states.return_probe(lease.provider)  # an order without a name may be none to ask about
    return _finish(lease, answer)


def _is_put_off_for_a_rest(lease: Lease) -> bool:
    rest = provider_states.rest_seconds(lease.provider)
    if rest > 0:
        # Not for the whole of it: a rest can end early. Whoever ends it wakes those that were not submitted.
        pause = min(rest, LONGEST_RETRY_SECONDS)
        submissions.put_off(
            lease, pause if lease.submitted_at is None else max(pause, _pause(lease)), "the provider rests after faults"
        )
    return rest > 0


def _ask(provider: Provider, lease: Lease) -> Answer:
    """The provider's answer to the next question that the order has for it. Raises ProviderFault, LeaseLost."""
    if lease.submitted_at is not None:
        return _learn(provider, lease)
    release_connection()
    ticket = provider.check(lease)
    if isinstance(ticket, Refused):
        return ticket
    if not submissions.begin(lease, ticket):
        raise LeaseLost
    release_connection()
    return provider.submit(replace(lease, ticket=ticket))


def _learn(provider: Provider, lease: Lease) -> Answer:
    """What became of an order that was submitted before."""
    release_connection()
    repeatable = provider.repeat_seconds > 0 and lease.age_seconds < provider.repeat_seconds
    if lease.provider_order_id is None and repeatable:
        # No name for the order: the answer was lost, or its worker died before or after the request. The provider
        # knows by our reference whether it has it, so that to submit it again is to ask.
        return provider.submit(lease)
    return provider.look_up(lease)


def _note(lease: Lease, fault: ProviderFault, took: float, *, probing: bool) -> None:
    """Keep what went wrong, and when to go on. What surely did not reach the provider has not been submitted."""
    log.warning("provider.fault", provider=lease.provider, kind=type(fault).__name__, error=str(fault))
    provider_states.note_fault(lease.provider, str(fault), fault.retry_after, took=took, probing=probing)
    withdrawn = isinstance(fault, NotAccepted) and lease.submitted_at is None
    pause = max(_pause(lease), fault.retry_after or 0)
    submissions.put_off(lease, pause, f"{type(fault).__name__}: {fault}", withdrawn=withdrawn)


def _finish(lease: Lease, answer: Answer) -> Ended | None:
    try:
        if not isinstance(answer, InProgress):
            return settlement.settle(lease, answer)
        submissions.put_off(lease, _pause(lease), answer.note, provider_order_id=answer.provider_order_id)
    except IntegrityError as error:
        if violated_constraint(error) != "orders_provider_order_once":
            raise
        # The provider has given two orders one name. Which of them it delivered is not for us to guess.
        log.exception("provider.name_given_twice", provider=lease.provider)
        submissions.put_off(lease, LONGEST_PAUSE_SECONDS, "the provider named it as another order of ours")
    return None


def _pause(lease: Lease) -> float:
    """Seconds until the next look: growing with the order's age."""
    longest = LONGEST_RETRY_SECONDS if lease.submitted_at is None else LONGEST_PAUSE_SECONDS
    return min(max(lease.age_seconds / PAUSE_GROWTH, SHORTEST_PAUSE_SECONDS), longest)
