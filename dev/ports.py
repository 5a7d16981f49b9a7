"""TCP ports of this machine's loopback."""

import random
import socket
from collections.abc import Collection

from dev.errors import StartError

LOOPBACK = "127.0.0.1"
# Below the ports that Linux hands out to outgoing connections. Out of that range, a client that tries to reconnect
# while its server restarts can be given the server's own port, connect to itself, and keep the server from binding.
SERVER_PORTS = range(20_000, 32_000)


def free_port(taken: Collection[int]) -> int:
    """Find a port that nobody listens on and that is not `taken`. Raises StartError when there is none."""
    for port in random.sample(SERVER_PORTS, 200):
        if port not in taken and _bind_error(port) is None:
            return port
    raise StartError(f"No free TCP port between {SERVER_PORTS.start} and {SERVER_PORTS.stop} on {LOOPBACK}.")


def refuse_busy_port(port: int) -> None:
    """Raise StartError when the web server could not listen on `port`."""
    if error := _bind_error(port):
        raise StartError(
            f"Port {port} of {LOOPBACK} cannot be used ({error.strerror}): "
            "end what listens there, or start with another one, as in PORT=8001 bin/run."
        )


def _bind_error(port: int) -> OSError | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # As servers do: connections of an earlier server that are still winding down do not count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError as error:
            return error
    return None
