"""A whole Sutler for the tests of pages: every process that production has, and a made-up provider."""

from pathlib import Path
from typing import Any

import requests

from jobs import queues
from settings import settings
from tests.faults.processes import SCHEDULER, Processes, free_port, worker_command
from tests.sandbox import Sandbox

# Nobody listens there: these tests are of the pages, and what the bot would say must reach nobody.
SILENCE = f"http://127.0.0.1:{free_port()}"
BOT_TOKEN = "7000000001:made-up-for-the-tests-of-pages"


class Sutler:
    """The processes, from start() to end(). `base` is where its web answers."""

    def __init__(self, book: Path) -> None:
        self._processes = Processes(TELEGRAM_BOT_TOKEN=BOT_TOKEN, TELEGRAM_API_URL=SILENCE)
        self._sandbox = Sandbox(book)
        self.base = ""

    def start(self) -> None:
        """Start everything, and wait until it answers."""
        self._sandbox.start()
        self.base = self._processes.serve()
        for queue in queues.ALL:
            self._processes.start(worker_command(queue))
        self._processes.start(SCHEDULER)

    def end(self) -> None:
        """End what runs."""
        self._processes.end()
        self._sandbox.kill()

    def transfer(self, network: str, amount: str) -> Any:
        """Let a made-up transfer of so many dollars arrive; the deposit that it is."""
        answer = requests.post(
            f"{self.base}/api/admin/simulate/transfer",
            json={"network": network, "amount_usdt": amount},
            headers={"Authorization": f"Bearer {settings.admin_token}"},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        return answer.json()
