"""Where clients may have webhooks sent."""

from typing import Annotated

from pydantic import Field

from jobs.addresses import MAX_LENGTH, UnsafeUrl, check_url
from models.database import db
from models.idempotency import IdempotencyKey
from settings import settings
from web import idempotency
from web.bodies import InvalidBody, plain_text
from web.field_rules import Checked

_RULE = {"pattern": r"^[hH][tT][tT][pP][sS]?://[^\x00-\x1f\x7f]+$", "format": "uri"}
WebhookUrl = Annotated[str, Field(max_length=MAX_LENGTH), Checked(plain_text, rule=_RULE)]
"""The address of a webhook in a body, still to be checked by `check_webhook_url`."""


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
