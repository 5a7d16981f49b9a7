"""An open order's whole price is held, and each account holds exactly what its open orders cost."""

from models.database import rows


def check() -> list[str]:
    """One sentence for each account whose held money and open orders differ."""
    found = rows(
        """
        SELECT a.id, a.held, coalesce(o.price, 0) AS open FROM accounts a LEFT JOIN (
            SELECT account_id, sum(price) AS price FROM orders WHERE status = 'processing' GROUP BY account_id
        ) o ON o.account_id = a.id WHERE a.held <> coalesce(o.price, 0) ORDER BY a.id
        """
    )
    return [f"Account {a['id']} holds {a['held']} micro-dollars for open orders of {a['open']}." for a in found]
