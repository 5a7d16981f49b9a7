"""The balances kept with each account are those that its journal adds up to."""

from models.database import rows


def check() -> list[str]:
    """One sentence for each account and balance that differ."""
    found = rows(
        """
        SELECT a.id, a.available, a.held, a.topped_up, a.refunded,
            coalesce(j.available, 0) AS j_available, coalesce(j.held, 0) AS j_held,
            coalesce(j.topped_up, 0) AS j_topped_up, coalesce(j.refunded, 0) AS j_refunded
        FROM accounts a LEFT JOIN (
            SELECT account_id,
                sum(CASE 'available' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END) AS available,
                sum(CASE 'held' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END) AS held,
                sum(CASE WHEN kind IN ('hold', 'capture', 'release', 'refund') THEN 0
                    WHEN target = 'available' THEN amount ELSE -amount END) AS topped_up,
                sum(CASE WHEN kind IN ('release', 'refund') THEN amount ELSE 0 END) AS refunded
            FROM transfers GROUP BY account_id
        ) j ON j.account_id = a.id
        WHERE (a.available, a.held, a.topped_up, a.refunded) IS DISTINCT FROM
            (coalesce(j.available, 0), coalesce(j.held, 0), coalesce(j.topped_up, 0), coalesce(j.refunded, 0))
        ORDER BY a.id
        """
    )
    return [
        f"Account {account['id']}: {name} is {account[name]} micro-dollars, its journal says {account['j_' + name]}."
        for account in found
        for name in ("available", "held", "topped_up", "refunded")
        if account[name] != account["j_" + name]
    ]
