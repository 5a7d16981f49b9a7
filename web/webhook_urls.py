"""Where clients may have webhooks sent."""

from jobs.addresses import UnsafeUrl, check_url
from models.database import db
from models.idempotency import IdempotencyKey
from settings import settings
from web import idempotency
from web.bodies import InvalidBody


def check_webhook_url(url: str | None, key: IdempotencyKey | None = None) -> None:
    """Raise InvalidBody for an address that we would not send to.

    A request whose idempotency key is on record passes: the address was good when it was first sent.
    """
    if url is None:
        return
    db.close()  # a name server may be slow
    try:
        check_url(url, allow_private=settings.webhook_allow_private)
    except UnsafeUrl as unsafe:
        if idempotency.is_recorded(key):
            return
        fields = [{"field": "webhook_url", "message": str(unsafe)}]
        raise InvalidBody(f"The request is not valid: webhook_url: {unsafe}.", fields=fields) from None
