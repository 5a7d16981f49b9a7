"""Tells the end of each order by a signed webhook. One that is not taken is lost: our side asks for its orders, too."""

import hashlib
import hmac
import http.client
import sys
import threading
import time
from contextlib import closing
from heapq import heappop, heappush
from queue import SimpleQueue
from urllib.parse import urlsplit

import simplejson

from dev.sandbox.book import Order

THREADS = 8
SECONDS_TO_ANSWER = 5.0
ATTEMPTS = 2
SECONDS_BEFORE_THE_NEXT = 1.0


class Notices:
    """The orders whose end is to be told, and the threads that tell it when it has come."""

    def __init__(self, url: str, secret: str) -> None:
        self._address = urlsplit(url)
        self._secret = secret.encode()
        self._changed = threading.Condition()
        self._planned: list[tuple[float, str, int]] = []  # a heap: when (epoch seconds), the order, which attempt
        self._due: SimpleQueue[tuple[str, int]] = SimpleQueue()
        self._fails = False

    def start(self) -> None:
        """Begin to tell."""
        for work in (self._watch, *[self._tell_all] * THREADS):
            threading.Thread(target=work, name="notices", daemon=True).start()

    def plan(self, order: Order) -> None:
        """Tell the end of this order when it comes; of one without an end there is nothing to tell."""
        if order.due_at is not None:
            self._put(order.due_at, order.id, 1)

    def _put(self, at: float, order_id: str, attempt: int) -> None:
        with self._changed:
            heappush(self._planned, (at, order_id, attempt))
            self._changed.notify()

    def _watch(self) -> None:
        """Hand on what is due."""
        with self._changed:
            while True:
                while self._planned and self._planned[0][0] <= time.time():
                    _, order_id, attempt = heappop(self._planned)
                    self._due.put((order_id, attempt))
                self._changed.wait(self._planned[0][0] - time.time() if self._planned else None)

    def _tell_all(self) -> None:
        while True:
            order_id, attempt = self._due.get()
            fault = self._tell(order_id)
            self._note(fault)
            if fault and attempt < ATTEMPTS:
                self._put(time.time() + SECONDS_BEFORE_THE_NEXT, order_id, attempt + 1)

    def _tell(self, order_id: str) -> str:
        """Send one; what went wrong, or an empty text."""
        order = {"id": order_id, "status": "completed", "payload": {}}
        body = simplejson.dumps({"event_type": "order.completed", "order": order, "error": None}).encode()
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-iStar-Signature": signature, "Connection": "close"}
        connection = http.client.HTTPConnection(
            self._address.hostname or "", self._address.port, timeout=SECONDS_TO_ANSWER
        )
        with closing(connection):
            try:
                connection.request("POST", self._address.path, body, headers)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                return str(error) or type(error).__name__
        return "" if 200 <= status < 300 else f"HTTP {status}"

    def _note(self, fault: str) -> None:
        """Say when webhooks begin to fail: once, not for each of them."""
        if fault and not self._fails:
            sys.stderr.write(f"Webhooks are not taken ({fault}); the orders' ends have to be asked for.\n")
        self._fails = bool(fault)
