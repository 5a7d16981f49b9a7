"""Intents of amounts whose windows stay with their network, and the top-ups of a client found by an index."""

from typing import Any

# Windows of different networks lie 10^16 micro-dollars apart: half of that keeps any two of them from meeting.
UP = """
ALTER TABLE payment_intents ADD CONSTRAINT payment_intents_amount_within_network
    CHECK (amount + tolerance < 5000000000000000);
DROP INDEX payment_intents_by_age;
CREATE INDEX payment_intents_by_account ON payment_intents (account_id, id) WHERE order_id IS NULL;
"""

DOWN = """
DROP INDEX payment_intents_by_account;
CREATE INDEX payment_intents_by_age ON payment_intents (network, created_at);
ALTER TABLE payment_intents DROP CONSTRAINT payment_intents_amount_within_network;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
