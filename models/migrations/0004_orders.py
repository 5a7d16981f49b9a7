"""Orders, the attempts to fulfil them, and the idempotency keys that they were placed with."""

from typing import Any

# Orders point to accounts, keys and products without foreign keys: each of those would lock a row that every other
# order of that client or product wants too, a tenth of what an order costs. What they would guard is guarded otherwise:
# the one statement that places orders takes the ids from the rows themselves, and triggers keep those from deletion.
UP = """
CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    account_id bigint NOT NULL,
    key_id bigint,
    surface text NOT NULL CHECK (surface IN ('v1', 'v2')),
    product_id bigint NOT NULL,
    provider text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    base_total bigint NOT NULL CHECK (base_total > 0),
    dp_hits integer NOT NULL DEFAULT 0 CHECK (dp_hits BETWEEN 0 AND 10),
    price bigint NOT NULL,
    max_price bigint,
    status text NOT NULL DEFAULT 'processing' CHECK (
        status IN ('processing', 'completed', 'partial', 'failed', 'expired', 'cancelled', 'refunded')),
    delivered_quantity integer NOT NULL DEFAULT 0,
    refunded bigint NOT NULL DEFAULT 0,
    error_message text,
    client_reference text,
    webhook_url text,
    recipient text,
    signature bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deadline_at timestamptz NOT NULL,
    wake_at timestamptz NOT NULL,
    lease_token integer NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    submitted_at timestamptz,
    CONSTRAINT orders_price_not_above_max CHECK (price <= max_price),
    CONSTRAINT orders_price_covers_base CHECK (price >= base_total),
    CONSTRAINT orders_delivered_fits CHECK (delivered_quantity BETWEEN 0 AND quantity),
    CONSTRAINT orders_refunded_fits CHECK (refunded BETWEEN 0 AND price)
);
CREATE UNIQUE INDEX orders_signature_once ON orders (signature) WHERE signature IS NOT NULL;
CREATE INDEX orders_by_account ON orders (account_id, id);
CREATE INDEX orders_processing ON orders (wake_at) WHERE status = 'processing';
CREATE INDEX orders_recent_totals ON orders (base_total, created_at) WHERE surface <> 'v2';
CREATE INDEX orders_by_client_reference ON orders (account_id, client_reference) WHERE client_reference IS NOT NULL;

ALTER TABLE stock_items ADD CONSTRAINT stock_items_order FOREIGN KEY (order_id) REFERENCES orders (id);
CREATE TRIGGER orders_kept BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();

CREATE TABLE fulfilment_attempts (
    id bigserial PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES orders (id),
    lease_token integer NOT NULL,
    provider text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    outcome text,
    CONSTRAINT fulfilment_attempts_once_per_lease UNIQUE (order_id, lease_token)
);

CREATE TABLE idempotency_keys (
    account_id bigint NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    order_id bigint REFERENCES orders (id),
    waited boolean NOT NULL DEFAULT false,
    answer text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_once PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
"""

DOWN = """
DROP TABLE idempotency_keys;
DROP TABLE fulfilment_attempts;
ALTER TABLE stock_items DROP CONSTRAINT stock_items_order;
DROP TABLE orders;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
