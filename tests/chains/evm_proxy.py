"""An HTTP server before an EVM node that passes calls on, or answers them as public endpoints do on a bad day."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import requests
import simplejson


@dataclass(frozen=True)
class Reply:
    """An HTTP answer; `document` is sent as JSON unless it is bytes."""

    document: Any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> bytes:
        """What is sent."""
        return self.document if isinstance(self.document, bytes) else simplejson.dumps(self.document).encode()


class HangUp(Exception):
    """Close the connection without an answer."""


PassOn = Callable[[Any], Any]
Behaviour = Callable[[Any, PassOn], Any]
"""Gets the JSON of a request and the way to the node; returns a Reply, or the JSON of the answer."""


def error(request: Any, code: int, message: str) -> Any:
    """A JSON-RPC error."""
    return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message}}


def pass_on(request: Any, node: PassOn) -> Any:
    """Be a good endpoint."""
    return node(request)


class Proxy:
    """The server, on a free port of this machine while its context lasts; its behaviour may change at any time."""

    def __init__(self, target: str, behaviour: Behaviour = pass_on) -> None:
        self.behaviour = behaviour
        self.requests: list[Any] = []
        self.released = threading.Event()
        self._target = target
        self._session = requests.Session()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def methods(self) -> list[str]:
        """The methods called so far, one for each HTTP request."""
        return ["batch" if isinstance(request, list) else request["method"] for request in self.requests]

    @property
    def ranges(self) -> list[int]:
        """The lengths of the ranges that events were asked for in so far."""
        return [span(request) for request in self.requests if is_for_logs(request)]

    def reply(self, request: Any) -> Reply:
        """Note a request, and answer it."""
        self.requests.append(request)
        answer = self.behaviour(request, self._node)
        return answer if isinstance(answer, Reply) else Reply(answer)

    def _node(self, request: Any) -> Any:
        return self._session.post(self._target, json=request, timeout=30).json()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for headers and body: two would wait 40 ms for each other
    server: _Server

    def do_POST(self) -> None:
        """Take one request."""
        request = simplejson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            reply = self.server.proxy.reply(request)
        except HangUp:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in (("Content-Length", str(len(reply.body))), *reply.headers):
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the reader may have given up
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""


def is_for_logs(request: Any) -> bool:
    """Whether events are asked for."""
    return isinstance(request, dict) and request["method"] == "eth_getLogs"


def span(request: Any) -> int:
    """How many blocks a call for events covers."""
    [query] = request["params"]
    return int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1


def limits_ranges(most: int, code: int, message: str, status: int = 200) -> Behaviour:
    """Refuse events of more blocks than that."""

    def behave(request: Any, node: PassOn) -> Any:
        if is_for_logs(request) and span(request) > most:
            return Reply(error(request, code, message), status)
        return node(request)

    return behave


def says(document: Any, status: int = 200, **headers: str) -> Behaviour:
    """Answer everything alike; header names are given with underscores."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda request, node: Reply(document, status, named)


def hangs_up(request: Any, node: PassOn) -> Any:
    """Never answer."""
    raise HangUp


def rewrites(method: str, change: Callable[[Any, Any], Any]) -> Behaviour:
    """Answer calls of one method with what `change` makes of the call's parameters and the node's result."""

    def behave(request: Any, node: PassOn) -> Any:
        answer = node(request)
        if isinstance(request, dict) and request["method"] == method:
            answer["result"] = change(request["params"], answer["result"])
        return answer

    return behave


def has_final_head(number: int) -> Behaviour:
    """Be behind: the final head is this block."""

    def behave(request: Any, node: PassOn) -> Any:
        if isinstance(request, dict) and request["params"][:1] == ["finalized"]:
            return node(request | {"params": [hex(number), False]})
        return node(request)

    return behave


def is_older(seconds: int) -> Behaviour:
    """Tell of every block that it is older than it is, as if nothing had been final since."""
    return rewrites(
        "eth_getBlockByNumber",
        lambda params, block: block | {"timestamp": hex(int(block["timestamp"], 16) - seconds)},
    )


def forgets(before: int, *, keeps_headers: bool, refuses: bool = False) -> Behaviour:
    """Have nothing of the blocks before that: no events and no error, unless it `refuses` to look for events."""

    def behave(request: Any, node: PassOn) -> Any:
        answer = node(request)
        if not isinstance(request, dict):
            return answer
        method, place = request["method"], request["params"][0]
        if method == "eth_getLogs" and int(place["fromBlock"], 16) < before:
            if refuses:
                return error(request, -32000, "out of the window")
            kept = [log for log in answer["result"] if int(log["blockNumber"], 16) >= before]
            return answer | {"result": kept}
        is_gone = isinstance(place, str) and place.startswith("0x") and int(place, 16) < before
        if method == "eth_getBlockReceipts" and is_gone:
            return answer | {"result": None}
        if method == "eth_getBlockByNumber" and is_gone and not keeps_headers:
            return answer | {"result": None}
        return answer

    return behave
