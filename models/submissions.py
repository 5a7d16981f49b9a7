"""What is known of an order at its provider: that it was about to be asked for, its name there, and when to look again.

The provider is asked only after `begin` has been committed. From then on the order may have been delivered, whatever
becomes of the answer, so nobody cancels or expires it: it ends by the provider's word, or by an operator's.
"""

from models.database import Row, changed, row
from models.leases import Lease

LEAST_LEASE_SECONDS = 28  # what must be left of a lease for the provider's answer to come within it


def begin(lease: Lease, ticket: str) -> bool:
    """Write down that the provider is about to be asked; False when the lease is lost or about to end."""
    return bool(
        changed(
            """
            UPDATE orders SET submitted_at = now(), provider_ticket = %(ticket)s
            WHERE id = %(id)s AND lease_token = %(token)s AND status = 'processing'
                AND lease_until > now() + make_interval(secs => %(left)s)
            """,
            {"id": lease.order_id, "token": lease.token, "ticket": ticket, "left": LEAST_LEASE_SECONDS},
        )
    )


def put_off(
    lease: Lease, seconds: float, note: str, *, provider_order_id: str | None = None, withdrawn: bool = False
) -> None:
    """Give the order free, to be taken up again in so many seconds; `note` says for operators how it stands.

    `withdrawn`: the provider surely was not asked after all, so the order can be cancelled and expire as before. What
    the provider told us of the order in the meantime is not kept waiting. When the lease was lost, only the attempt
    ends.
    Raises peewee.IntegrityError (`orders_provider_order_once`) when the provider's name for it is another order's.
    """
    changed(
        """
        WITH put_off AS (
            UPDATE orders SET lease_until = '-infinity',
                provider_order_id = coalesce(provider_order_id, %(provider_order_id)s),
                submitted_at = CASE WHEN %(withdrawn)s THEN NULL ELSE submitted_at END,
                wake_at = CASE WHEN EXISTS (
                    SELECT FROM provider_notices AS n WHERE n.provider = orders.provider
                        AND n.provider_order_id = coalesce(orders.provider_order_id, %(provider_order_id)s)
                ) THEN now() ELSE now() + make_interval(secs => %(seconds)s) END
            WHERE id = %(id)s AND lease_token = %(token)s AND status = 'processing'
        )
        UPDATE fulfilment_attempts SET finished_at = now(), outcome = %(note)s
        WHERE order_id = %(id)s AND lease_token = %(token)s AND finished_at IS NULL
        """,
        {
            "id": lease.order_id, "token": lease.token, "seconds": seconds, "note": note,
            "provider_order_id": provider_order_id, "withdrawn": withdrawn,
        },
    )  # fmt: skip


def note(provider: str, provider_order_id: str, verdict: str, reason: str) -> bool:
    """Keep a provider's final word on one of its orders; the first one counts, and a repeated one changes nothing.

    It may come before we know the order's name there, so it is kept whether or not an order has that name. False when
    it contradicts the first one, or what we have settled.
    """
    changed(
        "INSERT INTO provider_notices (provider, provider_order_id, verdict, reason)"
        " VALUES (%(provider)s, %(id)s, %(verdict)s, %(reason)s) ON CONFLICT DO NOTHING",
        {"provider": provider, "id": provider_order_id, "verdict": verdict, "reason": reason},
    )
    contradicted = row(
        """
        SELECT FROM provider_notices WHERE provider = %(provider)s AND provider_order_id = %(id)s
            AND verdict <> %(verdict)s
        UNION ALL
        SELECT FROM orders WHERE provider = %(provider)s AND provider_order_id = %(id)s AND status <> 'processing'
            AND (status IN ('completed', 'partial', 'refunded')) <> (%(verdict)s = 'delivered')
        """,
        {"provider": provider, "id": provider_order_id, "verdict": verdict},
    )
    return contradicted is None


def word_on(provider: str, provider_order_id: str | None) -> Row | None:
    """The provider's final word on its order, if it has sent one: `verdict` (`delivered` or `failed`) and `reason`."""
    return row(
        "SELECT verdict, reason FROM provider_notices WHERE provider = %(provider)s AND provider_order_id = %(id)s",
        {"provider": provider, "id": provider_order_id},
    )


def wake(provider: str, provider_order_id: str) -> int | None:
    """Make the open order that has this name at the provider due now; returns its id, or None when there is none."""
    found = row(
        "UPDATE orders SET wake_at = now() WHERE provider = %(provider)s AND provider_order_id = %(id)s"
        " AND status = 'processing' RETURNING id",
        {"provider": provider, "id": provider_order_id},
    )
    return int(found["id"]) if found else None
