"""Who may call: client keys, operators' tokens; what operators did; and secrets of our own."""

from typing import Any

UP = """
CREATE TABLE api_keys (
    id bigserial PRIMARY KEY,
    fingerprint text NOT NULL UNIQUE,
    key_hash bytea NOT NULL UNIQUE,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('v1', 'v2')),
    account_id bigint NOT NULL REFERENCES accounts (id),
    secret_ciphertext text,
    ip_allowlist jsonb NOT NULL DEFAULT '[]',
    rate_limit integer NOT NULL CHECK (rate_limit > 0),
    request_count bigint NOT NULL DEFAULT 0,
    first_used_at timestamptz,
    last_used_at timestamptz,
    last_endpoint text,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE TRIGGER api_keys_kept BEFORE DELETE ON api_keys FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_history();
CREATE INDEX api_keys_by_account ON api_keys (account_id);

CREATE TABLE operators (
    id bigserial PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('read', 'operate', 'administer')),
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE UNIQUE INDEX operators_name_once ON operators (name) WHERE revoked_at IS NULL;

CREATE TABLE api_audit_log (
    id bigserial PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE vault (
    name text PRIMARY KEY,
    ciphertext text NOT NULL
);
"""

DOWN = """
DROP TABLE vault;
DROP TABLE api_audit_log;
DROP TABLE operators;
DROP TABLE api_keys;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
