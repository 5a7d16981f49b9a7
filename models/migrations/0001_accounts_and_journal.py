"""Client accounts, and the append-only journal of every micro-dollar that moves between them and us."""

from typing import Any

UP = """
CREATE TABLE accounts (
    id bigserial PRIMARY KEY,
    name text NOT NULL,
    available bigint NOT NULL DEFAULT 0,
    held bigint NOT NULL DEFAULT 0,
    topped_up bigint NOT NULL DEFAULT 0,
    refunded bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounts_available_not_negative CHECK (available >= 0),
    CONSTRAINT accounts_held_not_negative CHECK (held >= 0)
);

CREATE TABLE transfers (
    id bigserial PRIMARY KEY,
    kind text NOT NULL,
    source text NOT NULL,
    target text NOT NULL,
    account_id bigint NOT NULL,
    amount bigint NOT NULL CONSTRAINT transfers_amount_positive CHECK (amount > 0),
    reference text NOT NULL,
    order_id bigint,
    note text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT transfers_reference_once_per_kind UNIQUE (kind, reference),
    CONSTRAINT transfers_legs_fit_kind CHECK ((kind, source, target) IN (
        ('hold', 'available', 'held'),
        ('capture', 'held', 'revenue'),
        ('release', 'held', 'available'),
        ('refund', 'revenue', 'available'),
        ('credit', 'adjustments', 'available'),
        ('credit', 'available', 'adjustments')
    ))
);
CREATE INDEX transfers_by_account ON transfers (account_id, id);

CREATE FUNCTION refuse_rewriting_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the rows of this table are kept as they are';
END $$;
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE ON transfers
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE TRIGGER accounts_kept BEFORE DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE TRIGGER transfers_never_truncated BEFORE TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting_history();
"""

DOWN = """
DROP TABLE transfers;
DROP TABLE accounts;
DROP FUNCTION refuse_rewriting_history();
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
