"""Who may make a webhook attempt now, and what came of it.

A receiver that hangs must cost the others nothing. So a host has few attempts under way at a time, and fewer still
when it has just let one time out; and an account, which may name many hosts, has a limit of its own. What is under way
is counted from the leases in the database, so the limits hold for all workers together, and a killed worker's places
become free with its leases.
"""

from dataclasses import dataclass
from typing import Any

import simplejson

from models import stock, vault
from models.database import changed, db, row, rows
from models.money import dumps
from models.webhooks import DELIVERED_STATUSES, TRIES

LEASE_SECONDS = 30
PER_HOST = 4
PER_SLOW_HOST = 1
PER_ACCOUNT = 16
HOST_LOCK = 7202  # the class of the advisory locks that are taken on a host's name


@dataclass(frozen=True, slots=True)
class Sending:
    """A claimed delivery: what to send where, and the lease to finish it under."""

    delivery_id: int
    webhook_id: str
    token: int
    attempt: int
    url: str
    host: str
    key_id: int | None
    order_id: int | None
    tries_left: int
    body: dict[str, Any]

    @property
    def tries_used(self) -> int:
        """How many tries, this one included, were used since the delivery was made or sent again."""
        return TRIES - self.tries_left


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt went: an HTTP status, or an error where there was none; `answer` is the start of its body."""

    status: int | None
    error: str | None
    duration_ms: int
    answer: str = ""
    timed_out: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken the message."""
        return self.status is not None and 200 <= self.status < 300


# The first condition names the partial index of what is under way, which is small however long the history is.
_UNDER_WAY = "lease_until > '-infinity' AND lease_until >= now()"
_IS_DUE = "state = 'pending' AND tries_left > 0 AND due_at <= now() AND lease_until < now()"
_HOST_LIMIT = (
    "CASE WHEN EXISTS (SELECT 1 FROM webhook_deliveries slow WHERE slow.host = {host}"
    " AND slow.timed_out_at > now() - interval '1 minute') THEN %(per_slow_host)s ELSE %(per_host)s END"
)
_LIMITS = {"per_host": PER_HOST, "per_slow_host": PER_SLOW_HOST, "per_account": PER_ACCOUNT}

_MAY_GO = f"""
    id = %(id)s AND {_IS_DUE}
    AND (SELECT count(*) FROM webhook_deliveries o WHERE o.host = d.host AND {_UNDER_WAY})
        < {_HOST_LIMIT.format(host="d.host")}
    AND (SELECT count(*) FROM webhook_deliveries o WHERE o.account_id = d.account_id AND {_UNDER_WAY})
        < %(per_account)s
"""  # noqa: S608 - literals from above

# The lock is a statement of its own, since the next one must see (in a snapshot of its own) what the lock's last holder
# has committed. Both are one round trip, so nobody holds the lock while it thinks.
_CLAIM = f"""
SELECT pg_advisory_xact_lock(%(lock)s, hashtext(host)) FROM webhook_deliveries WHERE id = %(id)s;
WITH taken AS (
    UPDATE webhook_deliveries d SET lease_token = lease_token + 1, attempts = attempts + 1, tries_left = tries_left - 1,
        lease_until = now() + make_interval(secs => %(lease)s), due_at = now() + make_interval(secs => %(lease)s)
    WHERE {_MAY_GO}
    RETURNING id, webhook_id, lease_token, attempts, url, host, key_id, order_id, tries_left, body::text AS body_text
), interrupted AS (
    UPDATE webhook_attempts SET error = %(interrupted)s FROM taken
    WHERE delivery_id = taken.id AND status IS NULL AND error IS NULL AND number < taken.attempts
), attempt AS (
    INSERT INTO webhook_attempts (delivery_id, number) SELECT id, attempts FROM taken
)
SELECT * FROM taken
"""  # noqa: S608 - literals from above
INTERRUPTED = "interrupted: the sender stopped before it knew the outcome"


def claim(delivery_id: int) -> Sending | None:
    """Take a delivery that is due, and note the attempt; None when it is not due, or has to wait for its turn.

    One that waits because its host or account has its share of attempts under way is found again when an attempt to
    its host ends, or by the sweep. The account's share is kept loosely: claims for two of its hosts may coincide.
    """
    params = {"id": delivery_id, "lease": LEASE_SECONDS, "lock": HOST_LOCK, "interrupted": INTERRUPTED, **_LIMITS}
    # Asked without the lock first: a host that hangs can have a thousand deliveries wait, and each is told so at once.
    if row(f"SELECT 1 FROM webhook_deliveries d WHERE {_MAY_GO}", params) is None:  # noqa: S608 - literals from above
        return None
    taken = row(_CLAIM, params)
    if taken is None:
        return None
    return Sending(
        delivery_id=taken["id"], webhook_id=taken["webhook_id"], token=taken["lease_token"], attempt=taken["attempts"],
        url=taken["url"], host=taken["host"], key_id=taken["key_id"], order_id=taken["order_id"],
        tries_left=taken["tries_left"], body=simplejson.loads(taken["body_text"], use_decimal=True),
    )  # fmt: skip


def payload(sending: Sending) -> bytes:
    """The body to send, as JSON, with the items where the order delivered some."""
    body = dict(sending.body)
    if "items" in body and body["status"] in DELIVERED_STATUSES and sending.order_id is not None:
        body["items"] = stock.delivered_to(sending.order_id)
    return dumps(body).encode()


def finish(sending: Sending, attempt: Attempt, *, retry_in: float | None) -> None:
    """Write an attempt's outcome down, and end the delivery or make it due again in `retry_in` seconds.

    When the lease was lost meanwhile, the outcome is on record all the same, and the delivery is left as it is.
    """
    state = "delivered" if attempt.delivered else "fired" if retry_in is None else "pending"
    with db.atomic():
        changed(
            "UPDATE webhook_attempts SET status = %(status)s, error = %(error)s, duration_ms = %(ms)s,"
            " answer_ciphertext = %(answer)s WHERE delivery_id = %(id)s AND number = %(number)s",
            {"id": sending.delivery_id, "number": sending.attempt, "status": attempt.status, "error": attempt.error,
             "ms": attempt.duration_ms, "answer": vault.encrypt(attempt.answer) if attempt.answer else None},
        )  # fmt: skip
        changed(
            """
            UPDATE webhook_deliveries SET state = %(state)s, lease_until = '-infinity',
                due_at = now() + make_interval(secs => %(retry_in)s),
                timed_out_at = CASE WHEN %(timed_out)s THEN now() ELSE timed_out_at END,
                finished_at = CASE WHEN %(state)s = 'pending' THEN NULL ELSE now() END
            WHERE id = %(id)s AND lease_token = %(token)s
            """,
            {"id": sending.delivery_id, "token": sending.token, "state": state, "retry_in": retry_in or 0,
             "timed_out": attempt.timed_out},
        )  # fmt: skip


def end_spent() -> int:
    """End the deliveries whose worker died on their last try; returns how many there were."""
    return changed(
        """
        WITH spent AS (
            UPDATE webhook_deliveries SET state = 'fired', finished_at = now(), lease_until = '-infinity'
            WHERE state = 'pending' AND tries_left = 0 AND lease_until < now() RETURNING id
        ), interrupted AS (
            UPDATE webhook_attempts SET error = %(interrupted)s FROM spent
            WHERE delivery_id = spent.id AND status IS NULL AND error IS NULL
        )
        SELECT id FROM spent
        """,
        {"interrupted": INTERRUPTED},
    )


def due(limit: int) -> list[int]:
    """Deliveries whose next attempt is due, longest due first; of each host and account no more than its share."""
    found = rows(
        f"""
        WITH RECURSIVE hosts AS (
            -- From one host to the next by the index: a host costs the same whether one delivery waits there or many.
            (SELECT host FROM webhook_deliveries WHERE state = 'pending' ORDER BY host LIMIT 1)
            UNION ALL
            SELECT (SELECT host FROM webhook_deliveries WHERE state = 'pending' AND host > hosts.host
                    ORDER BY host LIMIT 1) FROM hosts WHERE host IS NOT NULL
        ), under_way AS (
            SELECT host, account_id FROM webhook_deliveries WHERE {_UNDER_WAY}
        ), busy_hosts AS (
            SELECT host FROM under_way GROUP BY host HAVING count(*) >= {_HOST_LIMIT.format(host="under_way.host")}
        ), busy_accounts AS (
            SELECT account_id FROM under_way GROUP BY account_id HAVING count(*) >= %(per_account)s
        ), ranked AS (
            SELECT id, due_at, row_number() OVER (PARTITION BY account_id ORDER BY due_at) AS of_account
            FROM hosts, LATERAL (
                SELECT id, due_at, account_id FROM webhook_deliveries d WHERE d.host = hosts.host AND {_IS_DUE}
                    AND account_id NOT IN (SELECT account_id FROM busy_accounts) ORDER BY due_at LIMIT %(per_host)s
            ) AS first WHERE hosts.host NOT IN (SELECT host FROM busy_hosts)
        )
        SELECT id FROM ranked WHERE of_account <= %(per_account)s ORDER BY due_at LIMIT %(limit)s
        """,  # noqa: S608 - literals from above
        {"limit": limit, **_LIMITS},
    )
    return [found_row["id"] for found_row in found]


def next_due_at_host(host: str) -> list[int]:
    """The deliveries that have waited longest for an attempt to this host, as many as there is room for."""
    found = rows(
        f"""
        SELECT id FROM webhook_deliveries WHERE host = %(host)s AND {_IS_DUE} ORDER BY due_at LIMIT greatest(0,
            {_HOST_LIMIT.format(host="%(host)s")}
            - (SELECT count(*) FROM webhook_deliveries WHERE host = %(host)s AND {_UNDER_WAY}))
        """,  # noqa: S608 - literals from above
        {"host": host, **_LIMITS},
    )
    return [found_row["id"] for found_row in found]
