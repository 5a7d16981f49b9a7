"""The sandbox's process: it serves until SIGTERM or SIGINT."""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

from dev.sandbox.book import Book
from dev.sandbox.notices import Notices
from dev.sandbox.server import Server
from dev.sandbox.shop import Shop

# An earlier process may have ended before it could tell of these; told twice, they do no harm.
SECONDS_TOLD_AGAIN = 60.0
SECONDS_BETWEEN_LOOKS = 0.1
ENDING = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    """Serve until a signal."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # threads inherit it: the one that waits below is the one to hear
    options = _options()
    book = Book(options.book)
    notices = Notices(options.notify, os.environ["SANDBOX_WEBHOOK_SECRET"]) if options.notify else None
    try:
        server = Server(options.port, Shop(book, notices.plan if notices else lambda order: None))
    except OSError as error:
        sys.exit(f"The sandbox cannot listen on port {options.port}: {error.strerror}.")
    if notices is not None:
        for order in book.due_after(time.time() - SECONDS_TOLD_AGAIN):
            notices.plan(order)
        notices.start()
    threading.Thread(target=server.serve_forever, args=(SECONDS_BETWEEN_LOOKS,), daemon=True).start()
    signal.sigwait(ENDING)
    server.shutdown()
    # The book is left as it is: a request that is still being answered may be writing, and what is written is safe.


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.sandbox", description="The made-up provider of development.")
    parser.add_argument("--port", type=int, required=True, help="of the loopback interface")
    parser.add_argument("--book", type=Path, required=True, help="the SQLite file of what was sold")
    parser.add_argument("--notify", metavar="URL", help="where webhooks go, signed with SANDBOX_WEBHOOK_SECRET")
    options = parser.parse_args()
    if options.notify and not os.environ.get("SANDBOX_WEBHOOK_SECRET"):
        parser.error("--notify needs SANDBOX_WEBHOOK_SECRET in the environment")
    return options


if __name__ == "__main__":
    main()
