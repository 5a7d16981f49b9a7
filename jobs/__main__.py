"""`python -m jobs QUEUE`: the worker process of one queue."""

import sys

from jobs import queues
from settings import settings

THREADS = {
    queues.FULFILMENT: settings.worker_threads,
    queues.WEBHOOKS: queues.WEBHOOK_THREADS,
    queues.UPKEEP: 4,
}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in THREADS:
        sys.exit(f"usage: python -m jobs {{{','.join(THREADS)}}}")
    from jobs.broker import run_worker

    queue = sys.argv[1]
    run_worker(queue, settings.worker_processes if queue != queues.UPKEEP else 1, THREADS[queue])
