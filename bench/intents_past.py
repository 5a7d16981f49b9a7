"""Years of intents for a benchmark, made by set-based SQL: what was asked for, and what came of it."""

from models.database import changed, rows
from models.networks import NETWORKS

DAYS = 365
ACCOUNTS = 1000
# What people top up with, most usual first; each amount's neighbours are given to those who ask for it as well.
USUAL_USDT = (10, 20, 50, 100, 5, 15, 25, 30, 40, 60, 75, 80, 150, 200, 250, 300, 400, 500, 1000,
              7, 8, 9, 12, 18, 35, 45, 70, 90, 120)  # fmt: skip
NEIGHBOURS = 16

_PREPARE = """
INSERT INTO accounts (name) SELECT 'bench ' || n FROM generate_series(1, %(accounts)s) AS n;
ALTER TABLE payment_intents DROP CONSTRAINT payment_intents_unambiguous
"""

# On each day, the k-th intent of a network has the (k % 16)-th neighbour of a usual amount, 0.06 USDT apart; odd days
# lie between even ones, so windows of two days in a row never meet. Three in five were paid.
_PAST = """
INSERT INTO payment_intents (account_id, network, payment_address, requested, amount, tolerance, created_at, expires_at,
    owned_until)
SELECT 1 + n %% %(accounts)s, network, 'wallet', usual * 1000000,
    usual * 1000000 + 60000 * (k %% %(neighbours)s) + 30000 * (day %% 2), 10000, made, made + interval '1 hour',
    made + interval '1 day'
FROM (
    SELECT n, (%(networks)s::text[])[1 + n %% 6] AS network, 3 + n / 6 %% %(days)s AS day, n / 6 / %(days)s AS k
    FROM generate_series(0, %(count)s - 1) AS n
) AS spread
CROSS JOIN LATERAL (SELECT (%(usual)s::bigint[])[1 + k / %(neighbours)s %% %(usuals)s] AS usual) AS asked
CROSS JOIN LATERAL (SELECT now() - make_interval(days => day) + random() * interval '1 day' AS made) AS at
"""

_PAID = """
INSERT INTO deposits (network, tx_hash, tx_index, sender, amount, mined_at, created_at, status, account_id, intent_id)
SELECT network, md5(id::text) || md5(network), 0, 'sender', amount, created_at + interval '5 minutes',
    created_at + interval '6 minutes', 'credited_auto', account_id, id
FROM payment_intents WHERE id %% 5 < 3;
UPDATE payment_intents i SET deposit_id = d.id, credited_how = 'auto' FROM deposits d WHERE d.intent_id = i.id;
INSERT INTO transfers (kind, source, target, account_id, amount, reference, deposit_id, created_at)
SELECT 'topup', 'deposits', 'available', account_id, amount, 'deposit:' || id, id, created_at FROM deposits;
UPDATE accounts a SET available = total, topped_up = total
FROM (SELECT account_id, sum(amount) AS total FROM transfers GROUP BY account_id) AS t WHERE t.account_id = a.id
"""

_OPEN = """
INSERT INTO payment_intents (account_id, network, payment_address, requested, amount, tolerance, webhook_url,
    created_at, expires_at, owned_until)
SELECT 1 + n %% %(accounts)s, %(network)s, 'wallet', 5000000, 5000000 + 30000 * n, 10000, %(webhook_url)s,
    made, made + interval '1 hour', made + interval '1 day'
FROM generate_series(%(first)s, %(first)s + %(count)s - 1) AS n, (SELECT now() - interval '10 minutes' AS made) AS at
RETURNING amount
"""


def make_past(count: int) -> None:
    """Fill an empty schema with so many intents of the last year, the deposits that paid them, and their journal."""
    known = {"accounts": ACCOUNTS, "networks": list(NETWORKS), "days": DAYS, "neighbours": NEIGHBOURS,
             "usual": list(USUAL_USDT), "usuals": len(USUAL_USDT), "count": count}  # fmt: skip
    for statements in (_PREPARE, _PAST, _PAID):
        changed(statements, known)
    # Built at once it takes a minute; kept up row by row, several. It refuses the past if two windows overlap in it.
    changed(
        "ALTER TABLE payment_intents ADD CONSTRAINT payment_intents_unambiguous"
        " EXCLUDE USING gist (amount_window WITH &&, lifetime WITH &&)"
    )


def make_open(network: str, count: int, *, first: int, webhook_url: str | None = None) -> list[int]:
    """Open that many intents, of neighbouring windows from the `first`-th on; returns their amounts."""
    made = rows(
        _OPEN,
        {"accounts": ACCOUNTS, "network": network, "first": first, "count": count, "webhook_url": webhook_url},
    )
    return [intent["amount"] for intent in made]
