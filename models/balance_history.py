"""What an account had at the end of each day, and spent on it: from the journal, so exact."""

from models.database import Row, rows

DAYS = 90
LEAST_DAYS = 14  # a new account's chart has as many, most of them empty

# The present balance is taken as it is and followed backwards, so that only the days that are shown are added up.
# What came back for an order counts against what was spent on that day, which can make the day's sum negative.
_HISTORY = """
WITH shown AS (
    SELECT a.available, today - least(%(days)s - 1,
        greatest(%(least)s - 1, today - (a.created_at AT TIME ZONE 'UTC')::date)) AS first, today
    FROM accounts a CROSS JOIN (SELECT (now() AT TIME ZONE 'UTC')::date AS today) clock
    WHERE a.id = %(account_id)s
), moved AS (
    SELECT (t.created_at AT TIME ZONE 'UTC')::date AS day,
        sum(CASE WHEN t.target = 'available' THEN t.amount ELSE -t.amount END) AS change,
        sum(CASE t.kind WHEN 'hold' THEN t.amount WHEN 'release' THEN -t.amount WHEN 'refund' THEN -t.amount ELSE 0 END)
            AS spent
    FROM transfers t, shown
    WHERE t.account_id = %(account_id)s AND 'available' IN (t.source, t.target)
        AND t.created_at >= shown.first::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1
)
SELECT days.day::date AS day, coalesce(m.spent, 0)::bigint AS spent,
    (shown.available - coalesce(sum(m.change) OVER (
        ORDER BY days.day DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))::bigint AS balance
FROM shown CROSS JOIN generate_series(shown.first, shown.today, interval '1 day') AS days (day)
    LEFT JOIN moved m ON m.day = days.day::date
ORDER BY days.day
"""


def of(account_id: int) -> list[Row]:
    """The last 90 days (UTC) or fewer, oldest first: each `day`, and `balance` and `spent` in micro-dollars.

    `balance` is what could be spent when the day ended; `spent` is net of what came back on that day.
    """
    return rows(_HISTORY, {"account_id": account_id, "days": DAYS, "least": LEAST_DAYS})
