"""What an account has, has spent and has bought, for its owner's dashboard."""

from models.database import Row, row
from models.leases import in_units
from models.ledger import AccountNotFound
from models.telegram_goods import PREMIUM_SKUS, STARS_SKU, TON_PARTS, TON_SKU

# The same good is sold in hundredths here and whole there, so what was bought is added up in hundredths.
_BOUGHT = (
    "coalesce(sum(delivered_quantity::bigint * %(hundredths)s / parts)"
    " FILTER (WHERE status IN ('completed', 'partial') AND sku = ANY(%({skus})s)), 0)::bigint"
)
_FIGURES = f"""
SELECT accounts.available, accounts.held, accounts.topped_up, bought.*
FROM accounts CROSS JOIN LATERAL (
    SELECT count(*) AS orders, count(*) FILTER (WHERE status IN ('completed', 'partial')) AS completed,
        {_BOUGHT.format(skus="stars")} AS stars, {_BOUGHT.format(skus="premium")} AS premium,
        {_BOUGHT.format(skus="ton")} AS ton
    FROM orders WHERE account_id = accounts.id
) AS bought
WHERE accounts.id = %(id)s
"""  # noqa: S608 - put together from literals


def of(account_id: int) -> Row:
    """The account's money in micro-dollars, its numbers of orders, and the units it was delivered.

    `available`, `held`, `topped_up`; `orders`, `completed`; `stars`, `premium` (subscriptions) and `ton` (exact).
    Raises AccountNotFound.
    """
    found = row(
        _FIGURES,
        {
            "id": account_id, "hundredths": TON_PARTS, "stars": [STARS_SKU], "ton": [TON_SKU],
            "premium": list(PREMIUM_SKUS.values()),
        },
    )  # fmt: skip
    if found is None:
        raise AccountNotFound(f"There is no account {account_id}.")
    return found | {good: in_units(found[good], TON_PARTS) for good in ("stars", "premium", "ton")}
