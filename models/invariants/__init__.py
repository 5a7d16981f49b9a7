"""What must hold at every instant, one rule a file. A rule returns a sentence for each place where it does not."""

from collections.abc import Callable
from typing import Any

from models.connections import patience
from models.database import db, rows
from models.invariants import (
    balances_equal_journal,
    deposits_credited_once,
    every_order_has_its_hold,
    final_orders_hold_nothing,
    items_fit_their_orders,
    stock_counts_are_right,
    sums_to_zero,
)

PATIENCE_SECONDS = 600.0

Rule = Callable[[], list[str]]

RULES: tuple[Rule, ...] = (
    sums_to_zero.check,
    balances_equal_journal.check,
    deposits_credited_once.check,
    every_order_has_its_hold.check,
    final_orders_hold_nothing.check,
    items_fit_their_orders.check,
    stock_counts_are_right.check,
)


def check_all() -> dict[str, Any]:
    """Check every rule against one snapshot of the database.

    Returns {"ok", "accounts", "transfers", "differences"}; the numbers say how much was gone over.
    """
    with patience(PATIENCE_SECONDS), db.atomic("REPEATABLE READ"):
        differences = [difference for rule in RULES for difference in rule()]
        [counted] = rows(
            "SELECT (SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM transfers) AS transfers"
        )
    return {"ok": not differences, **counted, "differences": differences}
