"""A load generator that costs little: prepared requests over kept-alive sockets, from one thread of its own process."""

import multiprocessing
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """How a run went: requests answered with 200, others, seconds, and each request's latency in seconds."""

    good: int
    bad: int
    seconds: float
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds

    def percentile(self, share: float) -> float:
        """The latency, in seconds, that this share of the requests stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of an HTTP request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run(port: int, requests: Sequence[bytes], connections: int) -> Measured:
    """Send all requests, so many at a time, from a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_drive, (port, list(requests), connections))


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent_at = 0.0

    def send(self, data: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(data)

    def receive(self) -> bytes | None:
        """The status line once the whole answer is there."""
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.received += data
        head, separator, body = self.received.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return None
        self.received = body[length:]
        return head[:12]


def _drive(port: int, requests: list[bytes], connections: int) -> Measured:
    waiting = iter(requests)
    selector = selectors.DefaultSelector()
    good, bad, latencies = 0, 0, []
    began = time.perf_counter()
    for _ in range(min(connections, len(requests))):
        connection = _Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(next(waiting))
    while good + bad < len(requests):
        for key, _ in selector.select():
            connection = key.data
            status = connection.receive()
            if status is None:
                continue
            latencies.append(time.perf_counter() - connection.sent_at)
            if status.endswith(b"200"):
                good += 1
            else:
                bad += 1
            following = next(waiting, None)
            if following is not None:
                connection.send(following)
    return Measured(good, bad, time.perf_counter() - began, tuple(latencies))
