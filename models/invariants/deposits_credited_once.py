"""A deposit that is marked as credited is so exactly once and in full, and no other is; an intent by one deposit."""

from models.database import rows


def check() -> list[str]:
    """One sentence for each deposit or intent whose credit does not fit it."""
    deposits = rows(
        """
        SELECT d.id, d.status FROM deposits d
        LEFT JOIN transfers t ON t.kind = 'topup' AND t.reference = 'deposit:' || d.id
        WHERE CASE WHEN d.status IN ('credited_auto', 'credited_manual')
            THEN t.id IS NULL OR t.amount <> d.amount OR t.account_id <> d.account_id OR t.deposit_id <> d.id
            ELSE t.id IS NOT NULL END
        ORDER BY d.id
        """
    )
    strays = rows(
        "SELECT t.id FROM transfers t LEFT JOIN deposits d ON d.id = t.deposit_id"
        " WHERE t.kind = 'topup' AND d.id IS NULL ORDER BY t.id"
    )
    intents = rows(
        """
        SELECT i.id FROM payment_intents i LEFT JOIN deposits d ON d.id = i.deposit_id
        WHERE i.deposit_id IS NOT NULL AND (d.intent_id IS DISTINCT FROM i.id
            OR d.status <> 'credited_' || i.credited_how OR d.account_id <> i.account_id)
        UNION SELECT d.intent_id FROM deposits d LEFT JOIN payment_intents i ON i.id = d.intent_id
        WHERE d.intent_id IS NOT NULL AND i.deposit_id IS DISTINCT FROM d.id
        ORDER BY 1
        """
    )
    return [
        *(
            f"Deposit {deposit['id']} ({deposit['status']}): its credit does not fit its status."
            for deposit in deposits
        ),
        *(f"Transfer {stray['id']} credits a deposit that is not there." for stray in strays),
        *(f"Payment intent {intent['id']} and its deposit do not name each other." for intent in intents),
    ]
