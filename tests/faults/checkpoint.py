"""An HTTP proxy that stops at a named request, so that a test can do something at just that moment."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal

import requests

PATIENCE_SECONDS = 30.0

When = Literal["before", "after"]


class Checkpoint:
    """Stands before a server. The first request that fits is held, before or after the server has answered it.

    `reached` is set then; the request goes on when `go_on` is set, unless it was cut. What is cut off meanwhile stays
    cut off.
    """

    def __init__(self, target: str, method: str, path: str, when: When) -> None:
        self.target = target
        self._held = (method, path)
        self.when: When = when
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._is_cut = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.checkpoint = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Checkpoint":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def cut(self) -> None:
        """Cut the request off that is held, as by a server that dies: who sent it gets no answer."""
        self._is_cut = True
        self.go_on.set()

    def hold(self, method: str, path: str, when: When) -> bool:
        """Hold this request if it is the one; False when it must not go any further."""
        if self.reached.is_set() or (method, path.partition("?")[0], when) != (*self._held, self.when):
            return True
        self.reached.set()
        self.go_on.wait(PATIENCE_SECONDS)
        return not self._is_cut


class _Handler(BaseHTTPRequestHandler):
    server: ThreadingHTTPServer

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _pass_on(self) -> None:
        checkpoint: Checkpoint = self.server.checkpoint  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not checkpoint.hold(self.command, self.path, "before") or self._is_cut_off():
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        try:
            answer = requests.request(
                self.command, checkpoint.target + self.path, data=body, headers=headers, timeout=PATIENCE_SECONDS
            )
        except requests.ConnectionError:
            self.close_connection = True  # as the server did
            return
        if not checkpoint.hold(self.command, self.path, "after") or self._is_cut_off():
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def _is_cut_off(self) -> bool:
        """Whether the client is gone: a request of a process that was killed goes no further."""
        self.connection.settimeout(0.01)
        try:
            return bool(self.connection.recv(1) == b"")
        except TimeoutError:
            return False
        except OSError:
            return True
        finally:
            self.connection.settimeout(None)
