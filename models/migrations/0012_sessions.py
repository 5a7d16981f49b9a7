"""Sessions of the client's dashboard."""

from typing import Any

# Only a hash of the cookie's token is kept. A session lasts no longer than what opened it: the key, or the chat.
UP = """
CREATE TABLE dashboard_sessions (
    token_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL,
    key_id bigint,
    telegram_user_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT dashboard_sessions_opened_by_one CHECK (num_nonnulls(key_id, telegram_user_id) = 1)
);
CREATE INDEX dashboard_sessions_expiry ON dashboard_sessions (expires_at);
"""

DOWN = """
DROP TABLE dashboard_sessions;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
