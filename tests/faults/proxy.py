"""A TCP proxy that can fail like a network: refuse, cut what is open, lose an answer, or fall silent."""

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
        self._doomed: list[bytes] = []
        self._then: Mode = "pass"
        self.has_lost = threading.Event()
        self.requests: list[bytes] = []  # as they came, or the pieces that they came in
        self.answers = 0  # pieces that were passed on
        self.refused = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, mode: Mode) -> None:
        """Refuse new connections and cut the open ones; or let everything hang."""
        self._mode = mode
        if mode == "refuse":
            for connection in list(self._open):
                _shut(connection)

    def lose_answer(self, start: bytes, then: Mode = "pass") -> None:
        """Cut off instead of passing the answer on, once, to a request that starts so, such as with b"POST /".

        `has_lost` is set as that happens; at that moment the mode becomes `then`.
        """
        self._then = then
        self._doomed.append(start)

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
                self.refused += 1
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
        is_doomed = False
        try:
            while True:
                for source in select.select([client, server], [], [], 1)[0]:
                    data = source.recv(65_536)
                    if not data:
                        return None
                    if self._mode == "silent":
                        return self._swallow()
                    if source is client and self._dooms(data):
                        is_doomed = True
                    if source is server and is_doomed:
                        return self._lose()
                    other[source].sendall(data)
                    self.answers += source is server
        except (OSError, ValueError):  # ValueError is select's word for a socket that was closed meanwhile
            return None
        finally:
            if self._mode != "silent":
                _shut(client)
                _shut(server)

    def _dooms(self, request: bytes) -> bool:
        """Whether the answer to this request is to be lost; the next one like it is safe."""
        self.requests.append(request)
        for start in self._doomed:
            if request.startswith(start):
                self._doomed.remove(start)
                return True
        return False

    def _lose(self) -> None:
        """Forget the answer; what is open is cut off by the caller."""
        if self._then != "pass":
            self.fail(self._then)
        self.has_lost.set()

    def _swallow(self) -> None:
        """Leave both ends open and say nothing more."""


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
