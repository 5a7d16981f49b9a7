"""Friends that clients bring, and the reward for each."""

from typing import Any

UP = """
ALTER TABLE accounts ADD COLUMN referral_code text NOT NULL
    DEFAULT left(replace(gen_random_uuid()::text, '-', ''), 12);
ALTER TABLE accounts ADD CONSTRAINT accounts_referral_code_once UNIQUE (referral_code);

CREATE TABLE referrals (
    friend_id bigint PRIMARY KEY,
    referrer_id bigint NOT NULL,
    state text NOT NULL DEFAULT 'pending' CONSTRAINT referrals_state_check
        CHECK (state IN ('pending', 'rewarded', 'held', 'refused')),
    reason text,
    reward bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    CONSTRAINT referrals_never_oneself CHECK (friend_id <> referrer_id),
    CONSTRAINT referrals_reward_check CHECK (reward >= 0 AND (reward = 0 OR state = 'rewarded'))
);
CREATE INDEX referrals_by_referrer ON referrals (referrer_id, friend_id);
CREATE INDEX referrals_held ON referrals (friend_id) WHERE state = 'held';
CREATE INDEX deposits_by_sender ON deposits (sender) WHERE account_id IS NOT NULL;

CREATE OR REPLACE FUNCTION transfer_legs_fit_kind(kind text, source text, target text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (kind, source, target) IN (
        ('hold', 'available', 'held'),
        ('capture', 'held', 'revenue'),
        ('release', 'held', 'available'),
        ('refund', 'revenue', 'available'),
        ('credit', 'adjustments', 'available'),
        ('credit', 'available', 'adjustments'),
        ('topup', 'deposits', 'available'),
        ('referral', 'referrals', 'available'),
        ('referral_reversal', 'available', 'referrals')
    );
END $$;
"""

# Rewards that were paid stay in the journal: without the rule that allows them, which the constraint made anew holds
# against all rows, there is no way back.
DOWN = """
CREATE OR REPLACE FUNCTION transfer_legs_fit_kind(kind text, source text, target text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (kind, source, target) IN (
        ('hold', 'available', 'held'),
        ('capture', 'held', 'revenue'),
        ('release', 'held', 'available'),
        ('refund', 'revenue', 'available'),
        ('credit', 'adjustments', 'available'),
        ('credit', 'available', 'adjustments'),
        ('topup', 'deposits', 'available')
    );
END $$;
ALTER TABLE transfers DROP CONSTRAINT transfers_legs_fit_kind, ADD CONSTRAINT transfers_legs_fit_kind
    CHECK (transfer_legs_fit_kind(kind, source, target));
DROP INDEX deposits_by_sender;
DROP TABLE referrals;
ALTER TABLE accounts DROP COLUMN referral_code;
"""


def up(migrator: Any, db: Any) -> None:
    db.execute_sql(UP)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql(DOWN)
