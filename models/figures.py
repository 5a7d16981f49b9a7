"""The figures that tell how the system does, read from the database: the same whichever process is asked."""

from models.database import Row, rows

_COUNTED = {"orders": "orders_id_seq", "webhook_attempts": "webhook_attempts_id_seq"}


def counters() -> dict[str, int]:
    """How many rows of each kind were ever made, by the sequences of their ids: a refused one may leave a gap."""
    found = rows(
        "SELECT sequencename AS name, coalesce(last_value, 0) AS made FROM pg_sequences"
        " WHERE sequencename = ANY(%(names)s)",
        {"names": list(_COUNTED.values())},
    )
    made = {sequence["name"]: sequence["made"] for sequence in found}
    return {kind: made[sequence] for kind, sequence in _COUNTED.items()}


def waiting() -> Row:
    """What waits now, and for how long the oldest of it has waited, in seconds."""
    [found] = rows(
        """
        SELECT (SELECT count(*) FROM orders WHERE status = 'processing') AS orders_processing,
            (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM orders
                WHERE status = 'processing' AND submitted_at IS NULL) AS orders_oldest_seconds,
            (SELECT count(*) FROM orders WHERE status = 'awaiting_payment') AS orders_awaiting_payment,
            (SELECT count(*) FROM orders WHERE status = 'processing' AND submitted_at IS NOT NULL
                AND deadline_at < now()) AS orders_to_review,
            (SELECT count(*) FROM webhook_deliveries WHERE state = 'pending') AS webhooks_pending,
            (SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float FROM webhook_deliveries
                WHERE state = 'pending' AND due_at < now()) AS webhooks_overdue_seconds,
            (SELECT count(*) FROM deposits WHERE status = 'unmatched') AS deposits_unmatched,
            (SELECT count(*) FROM referrals WHERE state = 'held') AS referrals_held,
            (SELECT count(*) FROM telegram_updates WHERE done_at IS NULL) AS telegram_updates_waiting,
            (SELECT coalesce(extract(epoch FROM now() - min(received_at)), 0)::float FROM telegram_updates
                WHERE done_at IS NULL) AS telegram_updates_oldest_seconds,
            (SELECT count(*) FROM telegram_messages WHERE finished_at IS NULL
                AND due_at <= now()) AS telegram_messages_waiting,
            (SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float FROM telegram_messages
                WHERE finished_at IS NULL AND due_at <= now()) AS telegram_messages_oldest_seconds
        """
    )
    return found
