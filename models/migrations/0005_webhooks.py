"""What is to be told to clients, and every attempt to tell it."""

from typing import Any

UP = """
CREATE TABLE webhook_deliveries (
    id bigserial PRIMARY KEY,
    webhook_id text NOT NULL UNIQUE,
    order_id bigint REFERENCES orders (id),
    account_id bigint NOT NULL REFERENCES accounts (id),
    key_id bigint REFERENCES api_keys (id),
    url text NOT NULL,
    host text NOT NULL,
    event text NOT NULL,
    body json NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'fired')),
    tries_left integer NOT NULL CHECK (tries_left >= 0),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    lease_token integer NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    timed_out_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT webhook_deliveries_once_per_event UNIQUE (order_id, event)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_due_by_host ON webhook_deliveries (host, due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_spent ON webhook_deliveries (lease_until) WHERE state = 'pending' AND tries_left = 0;
-- What is under way is counted before each attempt, by host and by account.
CREATE INDEX webhook_deliveries_under_way ON webhook_deliveries (host) WHERE lease_until > '-infinity';
CREATE INDEX webhook_deliveries_under_way_by_account ON webhook_deliveries (account_id)
    WHERE lease_until > '-infinity';
CREATE INDEX webhook_deliveries_timed_out ON webhook_deliveries (host, timed_out_at) WHERE timed_out_at IS NOT NULL;

CREATE TABLE webhook_attempts (
    id bigserial PRIMARY KEY,
    delivery_id bigint NOT NULL REFERENCES webhook_deliveries (id),
    number integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    status integer,
    error text,
    duration_ms integer,
    answer_ciphertext text,
    CONSTRAINT webhook_attempts_numbered UNIQUE (delivery_id, number)
);
"""

DOWN = """
DROP TABLE webhook_attempts;
DROP TABLE webhook_deliveries;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
