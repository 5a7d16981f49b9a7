"""A TCP proxy that can fail like a network: refuse, cut what is open, or fall silent."""

import select
import socket
import threading
from contextlib import suppress
from typing import Literal

Mode = Literal["pass", "refuse", "silent"]


class Proxy:
    """Stands before a server; its mode may change at any time."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._mode: Mode = "pass"
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, mode: Mode) -> None:
        """Refuse new connections and cut the open ones; or let everything hang."""
        self._mode = mode
        if mode == "refuse":
            for connection in list(self._open):
                _shut(connection)

    def heal(self) -> None:
        """Be a network again. What hung stays hung, as it would."""
        self._mode = "pass"

    def close(self) -> None:
        """Stop for good."""
        self.fail("refuse")
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._mode == "refuse":
                _shut(client)
                continue
            self._open.add(client)
            if self._mode == "silent":
                continue
            try:
                server = socket.create_connection(self._target)
            except OSError:
                _shut(client)
                continue
            self._open.add(server)
            threading.Thread(target=self._relay, args=(client, server), daemon=True).start()

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        try:
            while True:
                for source in select.select([client, server], [], [], 1)[0]:
                    data = source.recv(65_536)
                    if not data:
                        return None
                    if self._mode == "silent":
                        return self._swallow()
                    other[source].sendall(data)
        except OSError:
            return None
        finally:
            if self._mode != "silent":
                _shut(client)
                _shut(server)

    def _swallow(self) -> None:
        """Leave both ends open and say nothing more."""


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
