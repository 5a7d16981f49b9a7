"""Deposits: transfers that arrived, the intents they may be for, and how far each network has been read."""

from typing import Any

# Windows of different networks lie so far apart, by a number for each network, that one exclusion constraint serves
# them all without an extension. One that is not in the list would have a window without bounds, so it is refused.
UP = """
CREATE FUNCTION network_offset(network text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT 10000000000000000 * array_position(ARRAY[
        'usdt_trc_20', 'usdt_bep_20', 'usdt_polygon', 'usdt_arbitrum', 'usdt_ton', 'usdt_solana'], network)
$$;

CREATE TABLE payment_intents (
    id bigserial PRIMARY KEY,
    public_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    account_id bigint NOT NULL REFERENCES accounts (id),
    key_id bigint REFERENCES api_keys (id),
    order_id bigint UNIQUE REFERENCES orders (id),
    network text NOT NULL,
    payment_address text NOT NULL,
    requested bigint NOT NULL CHECK (requested > 0),
    amount bigint NOT NULL,
    tolerance bigint NOT NULL CHECK (tolerance >= 0),
    webhook_url text,
    signature bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    owned_until timestamptz NOT NULL,
    credited_how text CHECK (credited_how IN ('auto', 'manual')),
    deposit_id bigint UNIQUE,
    amount_window int8range NOT NULL GENERATED ALWAYS AS (
        int8range(network_offset(network) + amount - tolerance, network_offset(network) + amount + tolerance, '[]')
    ) STORED,
    lifetime tstzrange NOT NULL GENERATED ALWAYS AS (tstzrange(created_at, owned_until)) STORED,
    CONSTRAINT payment_intents_network_known CHECK (network_offset(network) IS NOT NULL),
    CONSTRAINT payment_intents_amount_covers_request CHECK (amount >= requested),
    CONSTRAINT payment_intents_owned_while_live CHECK (owned_until >= expires_at),
    CONSTRAINT payment_intents_credited_by_deposit CHECK ((credited_how IS NULL) = (deposit_id IS NULL)),
    CONSTRAINT payment_intents_unambiguous EXCLUDE USING gist (amount_window WITH &&, lifetime WITH &&)
);
CREATE UNIQUE INDEX payment_intents_signature_once ON payment_intents (signature) WHERE signature IS NOT NULL;
CREATE INDEX payment_intents_by_age ON payment_intents (network, created_at);
CREATE TRIGGER payment_intents_kept BEFORE DELETE ON payment_intents
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();

CREATE TABLE deposits (
    id bigserial PRIMARY KEY,
    network text NOT NULL,
    tx_hash text NOT NULL,
    tx_index bigint NOT NULL,
    sender text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    mined_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    status text NOT NULL DEFAULT 'unmatched'
        CHECK (status IN ('unmatched', 'credited_auto', 'credited_manual', 'ignored')),
    reason text,
    account_id bigint REFERENCES accounts (id),
    intent_id bigint UNIQUE REFERENCES payment_intents (id),
    CONSTRAINT deposits_once UNIQUE (network, tx_hash, tx_index),
    CONSTRAINT deposits_credited_to_account
        CHECK ((status IN ('credited_auto', 'credited_manual')) = (account_id IS NOT NULL))
);
CREATE INDEX deposits_by_status ON deposits (status, id);
CREATE TRIGGER deposits_kept BEFORE DELETE ON deposits FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
ALTER TABLE payment_intents ADD CONSTRAINT payment_intents_deposit FOREIGN KEY (deposit_id) REFERENCES deposits (id);

CREATE TABLE network_scans (
    network text PRIMARY KEY,
    cursor jsonb,
    head bigint,
    final_at timestamptz,
    caught_up boolean NOT NULL DEFAULT true,
    scanned_at timestamptz,
    error text,
    error_at timestamptz,
    endpoints jsonb NOT NULL DEFAULT '[]',
    lease_token integer NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity'
);

ALTER TABLE transfers ADD COLUMN deposit_id bigint;
ALTER TABLE transfers DROP CONSTRAINT transfers_legs_fit_kind, ADD CONSTRAINT transfers_legs_fit_kind
    CHECK ((kind, source, target) IN (
        ('hold', 'available', 'held'),
        ('capture', 'held', 'revenue'),
        ('release', 'held', 'available'),
        ('refund', 'revenue', 'available'),
        ('credit', 'adjustments', 'available'),
        ('credit', 'available', 'adjustments'),
        ('topup', 'deposits', 'available')
    ));

-- The money of website orders passes through one account of our own.
ALTER TABLE accounts ADD COLUMN website boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX accounts_one_website ON accounts (website) WHERE website;

-- A website order's price is what was transferred for it, which may be under its amount by the tolerance.
ALTER TABLE orders DROP CONSTRAINT orders_surface_check, DROP CONSTRAINT orders_status_check,
    DROP CONSTRAINT orders_price_covers_base,
    ADD CONSTRAINT orders_surface_check CHECK (surface IN ('v1', 'v2', 'website')),
    ADD CONSTRAINT orders_status_check CHECK (status IN ('awaiting_payment', 'processing', 'completed', 'partial',
        'failed', 'expired', 'cancelled', 'refunded')),
    ADD CONSTRAINT orders_price_covers_base CHECK (price >= base_total OR surface = 'website');
CREATE INDEX orders_awaiting_payment ON orders (id) WHERE status = 'awaiting_payment';

ALTER TABLE webhook_deliveries ADD COLUMN intent_id bigint REFERENCES payment_intents (id),
    ADD CONSTRAINT webhook_deliveries_once_per_topup_event UNIQUE (intent_id, event);
"""

DOWN = """
ALTER TABLE webhook_deliveries DROP COLUMN intent_id;
DROP INDEX orders_awaiting_payment;
ALTER TABLE orders DROP CONSTRAINT orders_surface_check, DROP CONSTRAINT orders_status_check,
    DROP CONSTRAINT orders_price_covers_base,
    ADD CONSTRAINT orders_surface_check CHECK (surface IN ('v1', 'v2')),
    ADD CONSTRAINT orders_status_check CHECK (status IN ('processing', 'completed', 'partial', 'failed', 'expired',
        'cancelled', 'refunded')),
    ADD CONSTRAINT orders_price_covers_base CHECK (price >= base_total);
ALTER TABLE accounts DROP COLUMN website;
ALTER TABLE transfers DROP COLUMN deposit_id, DROP CONSTRAINT transfers_legs_fit_kind,
    ADD CONSTRAINT transfers_legs_fit_kind CHECK ((kind, source, target) IN (
        ('hold', 'available', 'held'),
        ('capture', 'held', 'revenue'),
        ('release', 'held', 'available'),
        ('refund', 'revenue', 'available'),
        ('credit', 'adjustments', 'available'),
        ('credit', 'available', 'adjustments')
    ));
DROP TABLE network_scans;
ALTER TABLE payment_intents DROP CONSTRAINT payment_intents_deposit;
DROP TABLE deposits;
DROP TABLE payment_intents;
DROP FUNCTION network_offset(text);
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
