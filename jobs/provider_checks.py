"""Ask each provider now and then what we have there: operators shall see a low balance or a fault before customers."""

import dramatiq
import structlog

from jobs import catalogue_pull, providers, queues, ticks
from jobs.catalogue_pull import UPSTREAM
from jobs.providers.base import ProviderFault
from models import provider_states
from models.database import release_connection
from settings import settings

log = structlog.get_logger()


@dramatiq.actor(actor_name=queues.CHECK_PROVIDER, queue_name=queues.PROVIDERS, max_retries=0)
def check(sent_at: float, name: str) -> None:
    """Ask one provider."""
    provider = providers.provider(name)
    if provider is None or ticks.is_stale(queues.CHECK_PROVIDER, sent_at):
        return
    release_connection()
    try:
        balance = provider.balance()
    except ProviderFault as fault:
        log.warning("provider.check_failed", provider=name, error=str(fault))
        provider_states.note_fault(name, str(fault), fault.retry_after)
        return
    provider_states.note_balance(name, balance)
    if balance.amount < settings.provider_low_balance:
        log.warning("provider.balance_low", provider=name, balance=str(balance.amount), currency=balance.currency)


@dramatiq.actor(actor_name=queues.REFRESH_STOCK, queue_name=queues.PROVIDERS, max_retries=0)
def refresh_stock(sent_at: float) -> None:
    """Take over the upstream's numbers in stock."""
    if UPSTREAM not in settings.configured_providers or ticks.is_stale(queues.REFRESH_STOCK, sent_at):
        return
    try:
        changed = catalogue_pull.refresh_stock()
    except ProviderFault as fault:
        log.warning("catalogue.refresh_failed", error=str(fault))
        return
    log.info("catalogue.refreshed", changed=changed)
