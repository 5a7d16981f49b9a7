"""`GET /metrics`: figures in the form that Prometheus reads, for operators with a token."""

import math
from collections.abc import Iterable

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from jobs import enqueue
from models import figures, networks, provider_states, scans
from models.operators import Role
from settings import settings
from web.admin import guard
from web.admin.guard import needs

metrics = Blueprint("metrics", __name__)
metrics.before_request(guard.enter)

_WAITING = {
    "orders_processing": "Orders that are being fulfilled",
    "orders_oldest_seconds": "Age of the oldest order that is being fulfilled and is not with its provider",
    "orders_awaiting_payment": "Website orders that wait for their transfer",
    "orders_to_review": "Orders whose provider has not told their end by the deadline",
    "webhooks_pending": "Webhooks that are still to be delivered",
    "webhooks_overdue_seconds": "For how long a webhook has been due and was not sent",
    "deposits_unmatched": "Deposits that wait for an operator",
    "referrals_held": "Rewards for friends that wait for an operator",
    "telegram_updates_waiting": "What the bot's users did that is not answered yet",
    "telegram_updates_oldest_seconds": "Age of the oldest of it",
    "telegram_messages_waiting": "Messages that the bot is to send now",
    "telegram_messages_oldest_seconds": "For how long the oldest of them has been due",
}


@metrics.get("/metrics")
@needs(Role.READ)
def show_metrics() -> Response:
    """All figures, read anew."""
    registry = CollectorRegistry()
    registry.register(_Figures())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    def collect(self) -> Iterable[Metric]:
        """The figures of the database, then those of Redis."""
        for kind, made in figures.counters().items():
            yield CounterMetricFamily(f"sutler_{kind}", f"Rows of {kind} ever made; refused ones leave gaps", made)
        for name, value in figures.waiting().items():
            yield GaugeMetricFamily(f"sutler_{name}", _WAITING[name], value)
        yield from _networks()
        yield from _providers()
        lengths = GaugeMetricFamily("sutler_queue_messages", "Messages that wait for a worker", labels=["queue"])
        for queue, length in enqueue.lengths().items():
            lengths.add_metric([queue], length)
        yield lengths


def _networks() -> Iterable[Metric]:
    on = {network.code for network in networks.active()}
    lag = GaugeMetricFamily("sutler_network_lag_seconds", "How far what was read lies behind now", labels=["network"])
    failing = GaugeMetricFamily("sutler_network_failing", "1 while the last scan failed", labels=["network"])
    for scan in scans.listed():
        if scan["network"] in on:
            never = scan["lag_seconds"] is None
            lag.add_metric([scan["network"]], math.inf if never else scan["lag_seconds"])
            failing.add_metric([scan["network"]], 1 if scan["error"] else 0)
    yield lag
    yield failing


def _providers() -> Iterable[Metric]:
    faults = GaugeMetricFamily("sutler_provider_faults_in_a_row", "Faults since it last served", labels=["provider"])
    balance = GaugeMetricFamily("sutler_provider_balance", "What we have there, in its currency", labels=["provider"])
    for state in provider_states.listed(settings.configured_providers):
        faults.add_metric([state["name"]], state["faults_in_a_row"])
        if state["balance"] is not None:
            balance.add_metric([state["name"]], float(state["balance"]))
    yield faults
    yield balance
