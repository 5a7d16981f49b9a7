"""How gunicorn serves us: threads, since a waiting request holds one and nothing else."""

import resource
import signal
import socket
import struct
import sys
from typing import Any

import logs
from settings import settings

bind = f"{settings.bind_host}:{settings.port}"
worker_class = "http_worker.StayingWorker"
workers = settings.web_concurrency
threads = settings.web_threads
# Connections a process may hold: the waiting ones and as many again that are kept alive between requests.
worker_connections = 2 * settings.web_threads
backlog = 2048
keepalive = 30
# A proxy in front speaks through TRUSTED_PROXIES; of its other headers none may change the path or the scheme.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
timeout = 60
graceful_timeout = 15
control_socket_disable = True  # its default path in the home directory would be shared by two instances
errorlog = "-"
accesslog = None  # web.observe writes one structured line a request

SPARE_DESCRIPTORS = 500
CLIENT_SILENCE_SECONDS = 20


def on_starting(server: Any) -> None:
    """Log as we do; and allow as many descriptors as connections, or say that the system does not."""
    logs.configure()
    needed = worker_connections + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        sys.stderr.write(f"warning: {needed} file descriptors are wanted and the system allows {hard}\n")
        needed = hard
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def when_ready(server: Any) -> None:
    """Bound how long a client may be silent in the middle of a request, or of reading the answer.

    gunicorn has no limit for that with threads. The sockets of clients inherit these from the listening ones.
    """
    silence = struct.pack("ll", CLIENT_SILENCE_SECONDS, 0)
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, silence)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, silence)


def post_worker_init(worker: Any) -> None:
    """On SIGTERM, answer those who wait at once, so that the process can end in time."""
    from jobs.waiting import waiters

    stop = signal.getsignal(signal.SIGTERM)

    def stop_waiting_too(signum: int, frame: Any) -> None:
        waiters.stop()
        if callable(stop):
            stop(signum, frame)

    signal.signal(signal.SIGTERM, stop_waiting_too)
