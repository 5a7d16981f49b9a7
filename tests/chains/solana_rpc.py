"""A Solana server of our own: JSON-RPC in the real shapes, over transactions that tests make up, with faults on demand."""

import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.chains.solana_transactions import Json, TokenAccount, Transaction, ui_amount


@dataclass(frozen=True)
class Fault:
    """What is answered instead: a status, a body (text is sent as it is), and headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def rpc_error(code: int, message: str) -> Fault:
    """A JSON-RPC error, which comes with HTTP 200."""
    return Fault(body={"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}})


def result(value: Any) -> Fault:
    """A result of any shape."""
    return Fault(body={"jsonrpc": "2.0", "id": 1, "result": value})


class SolanaRpc:
    """The server, on a free port of this machine, while its context lasts.

    `faults`: answered instead, by method, each once. `always`: answered instead, each time. `missing`: signatures that
    are listed and whose transaction is null. `unknown`: signatures that the server cannot page back from.
    """

    def __init__(self) -> None:
        self.transactions: list[Transaction] = []
        self.head_slot = 400_000_000
        self.head_time = int(time.time()) - 14
        self.page_size = 1_000
        self.first_slot = 0
        self.calls: list[tuple[str, list[Any]]] = []
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.always: dict[str, Fault] = {}
        self.missing: set[str] = set()
        self.unknown: set[str] = set()
        self.owned: list[TokenAccount] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.rpc = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "SolanaRpc":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def asked(self, method: str) -> list[list[Any]]:
        """The parameters of each call of a method."""
        return [params for called, params in self.calls if called == method]

    def answer(self, method: str, params: list[Any]) -> Fault:
        """The answer to a call."""
        self.calls.append((method, params))
        if self.faults[method]:
            return self.faults[method].pop(0)
        if method in self.always:
            return self.always[method]
        return result(getattr(self, f"_{method}")(*params))

    def _getSlot(self, options: Json) -> int:  # noqa: N802 - named after the method
        assert options == {"commitment": "finalized"}
        return self.head_slot

    def _getBlockTime(self, slot: int) -> int:  # noqa: N802
        assert slot == self.head_slot
        return self.head_time

    def _getFirstAvailableBlock(self) -> int:  # noqa: N802
        return self.first_slot

    def _getSignaturesForAddress(self, account: str, options: Json) -> list[Json]:  # noqa: N802
        touching = [
            made for made in self.transactions
            if account in [held.address for held in made.accounts] and made.slot >= self.first_slot
        ]  # fmt: skip
        rows = [made.row() for made in sorted(touching, key=lambda made: made.slot)][::-1]
        before = options.get("before")
        if before is not None:
            signatures = [row["signature"] for row in rows]
            rows = rows[signatures.index(before) + 1 :] if before in signatures and before not in self.unknown else []
        return rows[: min(options["limit"], self.page_size)]

    def _getTransaction(self, signature: str, options: Json) -> Json | None:  # noqa: N802
        assert options["commitment"] == "finalized"
        assert options["encoding"] == "jsonParsed"
        if signature in self.missing:
            return None
        return next((made.document() for made in self.transactions if made.signature == signature), None)

    def _getTokenAccountsByOwner(self, owner: str, of: Json, options: Json) -> Json:  # noqa: N802
        assert options == {"encoding": "jsonParsed", "commitment": "finalized"}
        value = []
        for held in self.owned:
            info = {
                "isNative": False,
                "mint": held.mint,
                "owner": held.owner,
                "state": "initialized",
                "tokenAmount": ui_amount(held.after),
            }
            data = {"parsed": {"info": info, "type": "account"}, "program": "spl-token", "space": 165}
            account = {
                "data": data,
                "executable": False,
                "lamports": 2039280,
                "owner": held.program,
                "rentEpoch": 0,
                "space": 165,
            }
            value.append({"account": account, "pubkey": held.address})
        return {"context": {"apiVersion": "3.0.6", "slot": self.head_slot}, "value": value}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    rpc: SolanaRpc


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.server.rpc.answer(request["method"], request["params"])
        body = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""
