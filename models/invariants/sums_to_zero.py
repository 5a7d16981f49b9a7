"""Money is neither made nor lost: what clients have and hold, revenue and adjustments add up to nothing."""

from models.database import rows


def check() -> list[str]:
    """One sentence if the books do not balance."""
    [books] = rows(
        """
        SELECT (SELECT coalesce(sum(available + held), 0) FROM accounts)
            + coalesce(sum(amount) FILTER (WHERE target NOT IN ('available', 'held')), 0)
            - coalesce(sum(amount) FILTER (WHERE source NOT IN ('available', 'held')), 0) AS rest
        FROM transfers
        """
    )
    return [f"All accounts together come to {books['rest']} micro-dollars instead of 0."] if books["rest"] else []
