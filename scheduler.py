"""The clock: sends a message for each periodic job, from the one scheduler that leads."""

import signal
import sys
from datetime import UTC, datetime
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler

import logs
from jobs import enqueue
from jobs.leadership import Leadership
from jobs.ticks import TICKS, Tick
from models.connections import set_default_patience

STATEMENT_SECONDS = 5.0  # a clock must not stand still because the database does


def main() -> None:
    """Tick until SIGTERM or SIGINT."""
    logs.configure()
    set_default_patience(STATEMENT_SECONDS)
    # One thread: leadership is a connection, and a connection is for one thread at a time.
    scheduler = BlockingScheduler(timezone="UTC", executors={"default": ThreadPoolExecutor(1)})
    leadership = Leadership()

    def send(tick: Tick) -> None:
        if leadership.held():
            enqueue.tick(tick.job, tick.about)

    for tick in TICKS:
        scheduler.add_job(
            send, "interval", args=[tick], seconds=tick.seconds, coalesce=True, max_instances=1,
            misfire_grace_time=max(1, round(tick.seconds)), next_run_time=datetime.now(UTC),
        )  # fmt: skip

    def stop(signum: int, frame: Any) -> None:
        if not scheduler.running:  # not yet, or not any more: platforms and shells send the signal twice
            sys.exit()
        scheduler.shutdown(wait=False)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    scheduler.start()


if __name__ == "__main__":
    main()
