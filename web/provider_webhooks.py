"""What providers tell us of our orders there, unasked."""

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from jobs import enqueue, providers
from jobs.providers.base import ForgedNotice
from models import submissions
from models.errors import Refusal
from web.answers import answer

log = structlog.get_logger()
provider_webhooks = Blueprint("provider_webhooks", __name__)


class InvalidNoticeSignature(Refusal):
    status, code = 401, "invalid_signature"


@provider_webhooks.post("/providers/<name>/webhook")
def receive_notice(name: str) -> Response:
    """Keep the provider's word on an order, and have the order looked at; what says nothing is received all the same.

    The word is kept even when no order has that name: it may be here before the answer that tells us the name.
    """
    provider = providers.provider(name)
    if provider is None:
        raise NotFound
    try:
        notice = provider.read_notice(request.get_data(), request.headers)
    except ForgedNotice:
        raise InvalidNoticeSignature("The signature does not fit the body and our secret for webhooks.") from None
    if notice is not None:
        if notice.verdict is not None and not submissions.note(
            name, notice.provider_order_id, notice.verdict, notice.reason
        ):
            # It delivered what we have given the money back for, or the reverse: that is between operators.
            log.error("provider.notice_contradicts", provider=name, provider_order_id=notice.provider_order_id)
        order_id = submissions.wake(name, notice.provider_order_id)
        if order_id is not None:
            enqueue.fulfil(order_id, name)
    return answer({"received": True})
