"""Read a network: claim it, have its reader find what arrived, record and credit that, and tell who waits for it."""

import dramatiq
import structlog

from chains.base import Batch, Chain, ScanFailed
from chains.networks import reader
from jobs import enqueue, queues, ticks
from models import networks, scans, settlement, website_orders
from models.database import release_connection
from models.deposits import Arrival, Recorded
from models.scans import LeaseLost, Progress, ScanLease

UNPAID_AT_A_TIME = 200

log = structlog.get_logger()


@dramatiq.actor(actor_name=queues.SCAN_NETWORK, queue_name=queues.DEPOSITS, max_retries=0)
def scan(sent_at: float, network: str) -> None:
    """Read one batch of the network, unless somebody is at it; where there is more, the next batch gets in line."""
    structlog.contextvars.bind_contextvars(network=network)
    if not networks.NETWORKS[network].is_on:
        # The scheduler has settings that this process lacks, or has them no more.
        log.error("deposits.network_off")
        return
    if ticks.is_stale(queues.SCAN_NETWORK, sent_at):
        return
    lease = scans.claim(network)
    if lease is None:
        return
    release_connection()
    chain = reader(network)
    done = _read_and_record(chain, lease)
    if done is None:
        return
    batch, recorded = done
    _announce(recorded)
    _expire_unpaid(network)
    if not batch.caught_up:
        enqueue.tick(queues.SCAN_NETWORK, network)


def _read_and_record(chain: Chain, lease: ScanLease) -> tuple[Batch, Recorded] | None:
    """The next batch, and what came of it; None when the network cannot be read now, which operators see."""
    try:
        batch = chain.scan(lease.cursor)
        return batch, scans.finish(lease, arrivals_of(batch), progress_of(batch), chain.endpoints.records())
    except ScanFailed as failed:
        scans.fail(lease, str(failed), chain.endpoints.records())
        log.warning("deposits.scan_failed", error=str(failed), kind=type(failed).__name__)
    except LeaseLost:
        log.warning("deposits.lease_lost", lease_token=lease.token)
    except Exception as error:
        # A fault of ours must show where operators look, too; its text might hold an endpoint's address.
        scans.fail(lease, f"fault in the scan: {type(error).__name__}", chain.endpoints.records())
        raise
    return None


def arrivals_of(batch: Batch) -> list[Arrival]:
    """What a batch found, as it is recorded."""
    return [Arrival(t.tx_hash, t.index, t.sender, t.amount, t.mined_at) for t in batch.transfers]


def progress_of(batch: Batch) -> Progress:
    """How far a batch read."""
    return Progress(batch.cursor, batch.head, batch.final_at, batch.caught_up)


def _announce(recorded: Recorded) -> None:
    if recorded.new:
        log.info("deposits.recorded", new=recorded.new, paid_orders=[order["id"] for order in recorded.orders])
    for order in recorded.orders:
        enqueue.fulfil(order["id"], order["provider"])
    for delivery_id in recorded.delivery_ids:
        enqueue.deliver(delivery_id)


def _expire_unpaid(network: str) -> None:
    for order_id in website_orders.unpaid(network, UNPAID_AT_A_TIME):
        ended = settlement.expire_unpaid(order_id)
        if ended is not None:
            log.info("order.ended", order_id=order_id, status=ended.status)
            enqueue.announce(ended)
