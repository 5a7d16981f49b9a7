"""Connections that clients keep alive, through gunicorn as it runs in production."""

import signal
import socket
import subprocess
from contextlib import ExitStack

import pytest

from http_worker import STAY_MILLISECONDS
from tests.factories import eventually
from tests.faults.processes import WEB, Processes, answers, free_port

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BODY = b'{"status":"ok"}'


def connect(base: str) -> socket.socket:
    """A connection to the server."""
    return socket.create_connection(("127.0.0.1", int(base.rpartition(":")[2])), timeout=10)


def read_answers(connection: socket.socket, count: int) -> bytes:
    """All that the server sends, until so many answers are there."""
    received = b""
    while received.count(BODY) < count:
        data = connection.recv(65_536)
        assert data, "the server closed the connection"
        received += data
    return received


def ask(connection: socket.socket) -> None:
    """Send one request and read its answer."""
    connection.sendall(REQUEST)
    assert read_answers(connection, 1).startswith(b"HTTP/1.1 200")


def test_requests_in_a_row_and_after_a_pause_are_served_on_one_connection(processes: Processes) -> None:
    with connect(processes.serve()) as connection:
        ask(connection)
        ask(connection)
        connection.settimeout(3 * STAY_MILLISECONDS / 1000)
        with pytest.raises(TimeoutError):
            connection.recv(1)  # the server neither speaks nor closes when its thread leaves the connection
        connection.settimeout(10)
        ask(connection)
        ask(connection)


def test_requests_that_are_sent_before_the_answers_are_all_served(processes: Processes) -> None:
    with connect(processes.serve()) as connection:
        connection.sendall(3 * REQUEST)

        assert read_answers(connection, 3).count(b"HTTP/1.1 200") == 3


def test_threads_that_stay_keep_nobody_waiting_who_comes_after_them(processes: Processes) -> None:
    base = processes.serve(WEB_THREADS="4")

    with ExitStack() as kept:
        connections = [kept.enter_context(connect(base)) for _ in range(7)]
        for connection in connections:
            ask(connection)


def test_a_kept_connection_does_not_hold_up_the_end_of_the_process(processes: Processes) -> None:
    port = free_port()
    web = processes.start(WEB, PORT=str(port), BIND_HOST="127.0.0.1", WEB_CONCURRENCY="1")
    base = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(base), "the web's first answer")
    with connect(base) as connection:
        ask(connection)

        web.send_signal(signal.SIGTERM)

        assert ended_within(web, 10)


def ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether the process ends in time."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
