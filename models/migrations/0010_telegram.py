"""The bot's customers, what they said to it, and what it is to say to them."""

from typing import Any

# A private chat has its user's id. One worker at a time talks in a chat (the lease), and sends no sooner than
# `sends_from`. An update is kept whole until it was dealt with, and its id for as long as it may be sent again. A
# message is either a finished text (encrypted: it may show a key) or names what it tells of; both are gone once sent.
UP = """
CREATE TABLE telegram_users (
    id bigint PRIMARY KEY,
    account_id bigint UNIQUE,
    username text,
    language text CONSTRAINT telegram_users_language_check CHECK (language IN ('en', 'ru')),
    dialog jsonb NOT NULL DEFAULT '{}',
    lease_token integer NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    sends_from timestamptz NOT NULL DEFAULT '-infinity',
    blocked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE telegram_updates (
    id bigint PRIMARY KEY,
    user_id bigint NOT NULL,
    content jsonb,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    received_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz
);
CREATE INDEX telegram_updates_pending ON telegram_updates (user_id, id) WHERE done_at IS NULL;
CREATE INDEX telegram_updates_received ON telegram_updates (received_at);

CREATE TABLE telegram_messages (
    id bigserial PRIMARY KEY,
    chat_id bigint NOT NULL,
    kind text NOT NULL,
    subject bigint,
    message_id bigint,
    ciphertext text,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    error text
);
CREATE INDEX telegram_messages_pending ON telegram_messages (chat_id, id) WHERE finished_at IS NULL;
CREATE INDEX telegram_messages_created ON telegram_messages (created_at);

CREATE TABLE telegram_bots (
    id bigint PRIMARY KEY,
    username text NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT now()
);
"""

DOWN = """
DROP TABLE telegram_bots;
DROP TABLE telegram_messages;
DROP TABLE telegram_updates;
DROP TABLE telegram_users;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
