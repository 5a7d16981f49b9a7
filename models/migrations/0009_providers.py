"""Goods that providers make to order: what is known of an order there, how each provider does, and what it told us."""

from typing import Any

# An order's quantity counts parts of its product's unit: 1234 of 100 parts are 12.34 TON. `provider_ticket` is what the
# provider's check gave us to submit the order with; a repetition must spell the same. No two orders may be settled by
# one order at a provider. Orders from before have no sku: what they need it for, a job, finds it by their product.
UP = """
ALTER TABLE products DROP CONSTRAINT products_max_quantity_check,
    ADD CONSTRAINT products_max_quantity_check CHECK (max_quantity <= 1000000);

ALTER TABLE orders ADD COLUMN sku text, ADD COLUMN parts integer NOT NULL DEFAULT 1 CHECK (parts > 0),
    ADD COLUMN provider_order_id text, ADD COLUMN provider_ticket text;
CREATE UNIQUE INDEX orders_provider_order_once ON orders (provider, provider_order_id)
    WHERE provider_order_id IS NOT NULL;
CREATE INDEX orders_submitted ON orders (deadline_at) WHERE status = 'processing' AND submitted_at IS NOT NULL;

CREATE TABLE provider_states (
    name text PRIMARY KEY,
    faults_in_a_row integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    rests_in_a_row integer NOT NULL DEFAULT 0,
    rests_until timestamptz NOT NULL DEFAULT '-infinity',
    last_error text,
    last_error_at timestamptz,
    balance numeric,
    currency text,
    balance_at timestamptz
);

CREATE TABLE provider_notices (
    provider text NOT NULL,
    provider_order_id text NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('delivered', 'failed')),
    reason text NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, provider_order_id)
);
"""

DOWN = """
DROP TABLE provider_notices;
DROP TABLE provider_states;
DROP INDEX orders_submitted, orders_provider_order_once;
ALTER TABLE orders DROP COLUMN provider_ticket, DROP COLUMN provider_order_id, DROP COLUMN parts, DROP COLUMN sku;
UPDATE products SET max_quantity = 10000, min_quantity = least(min_quantity, 10000) WHERE max_quantity > 10000;
ALTER TABLE products DROP CONSTRAINT products_max_quantity_check,
    ADD CONSTRAINT products_max_quantity_check CHECK (max_quantity <= 10000);
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
