"""`python -m jobs QUEUE`: the worker process of one queue."""

import sys

from jobs import queues
from settings import settings

# Processes and threads, and the pause of an idle consumer in ms. Dramatiq polls: with its default of a second, a job is
# picked up after 344 ms (p50), with 50 ms after 17. Every thread wakes as often, so those who can wait do.
WORKERS = {
    queues.FULFILMENT: (settings.worker_processes, settings.worker_threads, 50),
    queues.WEBHOOKS: (settings.worker_processes, queues.WEBHOOK_THREADS, 150),
    queues.PROVIDERS: (settings.worker_processes, queues.PROVIDER_THREADS, 50),
    queues.DEPOSITS: (1, queues.DEPOSIT_THREADS, 150),
    queues.TELEGRAM: (settings.worker_processes, queues.TELEGRAM_THREADS, 50),
    queues.UPKEEP: (1, 4, 150),
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in WORKERS:
        sys.exit(f"usage: python -m jobs {{{','.join(WORKERS)}}}")
    from jobs.broker import run_worker

    run_worker(sys.argv[1], *WORKERS[sys.argv[1]])
