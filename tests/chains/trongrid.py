"""A TronGrid of our own: the three calls that the TRON reader makes, in the real shapes, with faults on demand."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import base58
import simplejson

USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
WALLET = base58.b58encode_check(b"\x41" + b"\x11" * 20).decode()
PAYER = base58.b58encode_check(b"\x41" + b"\x22" * 20).decode()
STRANGER = base58.b58encode_check(b"\x41" + b"\x33" * 20).decode()
FAKE_USDT = base58.b58encode_check(b"\x41" + b"\x44" * 20).decode()

BLOCK = "/walletsolidity/getnowblock"
RECEIPT = "/walletsolidity/gettransactioninfobyid"
FEED = f"/v1/accounts/{WALLET}/transactions/trc20"

TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
APPROVAL = "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
SUSPENSION = {"Error": "The key exceeds the frequency limit(15), and the query server is suspended for 27 s"}
_txs = itertools.count(1)


def topic(address: str) -> str:
    """An address as a topic of a log: 32 bytes in hex, without the 41."""
    return base58.b58decode_check(address)[1:].hex().rjust(64, "0")


@dataclass(frozen=True)
class Answer:
    """What a fault answers in place of the truth: a status, and JSON or raw bytes."""

    status: int = 200
    body: Any = b""


@dataclass(frozen=True)
class Asked:
    """One request; header names in lower case. `params` are those of the query, or of the JSON posted."""

    path: str
    params: dict[str, Any]
    headers: dict[str, str]
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Event:
    """A token's event within a transaction, in the order of its log."""

    amount: int
    sender: str = PAYER
    recipient: str = WALLET
    token: str = USDT
    kind: str = "Transfer"

    def log(self) -> dict[str, Any]:
        """As receipts tell it."""
        return {
            "address": base58.b58decode_check(self.token)[1:].hex(),
            "topics": [TRANSFER if self.kind == "Transfer" else APPROVAL, topic(self.sender), topic(self.recipient)],
            "data": f"{self.amount:064x}",
        }

    def row(self, tx: str, at_ms: int) -> dict[str, Any]:
        """As the list tells it."""
        return {
            "transaction_id": tx,
            "token_info": {"symbol": "USDT", "address": self.token, "decimals": 6, "name": "Tether USD"},
            "block_timestamp": at_ms,
            "from": self.sender,
            "to": self.recipient,
            "type": self.kind,
            "value": str(self.amount),
        }


class TronGrid:
    """The server, on a free port of this machine, while its context lasts. Its faults stay until they are taken away.

    `faults` answers a path in place of the truth: with an Answer always, with those of a list once each.
    """

    def __init__(self) -> None:
        self.head_at: float | None = None  # None: the usual minute behind now
        self.rows: list[dict[str, Any]] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self.unproven: set[str] = set()
        self.faults: dict[str, Answer | list[Answer]] = {}
        self.spoil: Callable[[dict[str, Any]], None] | None = None  # changes each page before it is sent
        self.filters = True
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.trongrid = self  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "TronGrid":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def pay(self, *events: Event | int, age: float = 70, at_ms: int | None = None, result: str = "SUCCESS") -> str:
        """Mine a transaction of these events, `age` seconds ago; a number is a transfer to us. Returns its hash."""
        mined = int((time.time() - age) * 1000) // 3000 * 3000 if at_ms is None else at_ms
        tx = f"{next(_txs):064x}"
        told = [Event(event) if isinstance(event, int) else event for event in events]
        self.rows += [event.row(tx, mined) for event in told]
        self.receipts[tx] = {
            "id": tx,
            "fee": 13_844_850,
            "blockNumber": mined // 3000,
            "blockTimeStamp": mined,
            "contractResult": [""],
            "contract_address": "41" + base58.b58decode_check(USDT)[1:].hex(),
            "receipt": {"energy_usage_total": 64_285, "net_usage": 345, "result": result},
        } | ({"log": [event.log() for event in told]} if result == "SUCCESS" else {"result": "FAILED"})
        return tx

    def block(self) -> dict[str, Any]:
        """The latest final block, as getnowblock tells it."""
        at_ms = int((time.time() - 57 if self.head_at is None else self.head_at) * 1000)
        header = {"number": at_ms // 3000, "timestamp": at_ms, "parentHash": "00" * 32, "version": 32}
        return {"blockID": "00" * 32, "block_header": {"raw_data": header, "witness_signature": "00" * 65}}

    def calls(self, path: str) -> list[Asked]:
        """The requests of a path, so far."""
        return [asked for asked in self.asked if asked.path == path]

    def answer(self, asked: Asked) -> Answer:
        """How a request is answered."""
        self.asked.append(asked)
        fault = self.faults.get(asked.path)
        if isinstance(fault, list):
            fault = fault.pop(0) if fault else None
        if fault is not None:
            return fault
        if asked.path == BLOCK:
            return Answer(body=self.block())
        if asked.path == RECEIPT:
            tx = asked.params["value"]
            return Answer(body={} if tx in self.unproven else self.receipts.get(tx, {}))
        if asked.path == FEED:
            return self._page(asked.params)
        return Answer(404, b"")

    def _page(self, params: dict[str, Any]) -> Answer:
        limit, offset = int(params.get("limit", 20)), int(params.get("fingerprint", "0:0").split(":")[1])
        if limit > 200:
            return Answer(400, b"")
        final_ms = self.block()["block_header"]["raw_data"]["timestamp"]
        matching = [row for row in self.rows if int(params["min_timestamp"]) <= row["block_timestamp"] <= final_ms]
        if self.filters:
            matching = [row for row in matching if row["token_info"]["address"] == params["contract_address"]]
            matching = [row for row in matching if row["to"] == WALLET]
        matching.sort(key=lambda row: row["block_timestamp"], reverse=params["order_by"] != "block_timestamp,asc")
        data = matching[offset : offset + limit]
        meta: dict[str, Any] = {"at": int(time.time() * 1000), "page_size": len(data)}
        if len(matching) > offset + limit:
            meta["fingerprint"] = f"opaque:{offset + limit}"
            meta["links"] = {"next": f"{self.url}{FEED}?fingerprint={meta['fingerprint']}"}
        page: dict[str, Any] = {"data": data, "success": True, "meta": meta}
        if self.spoil is not None:
            self.spoil(page)
        return Answer(body=page)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out in one piece: in two, each waits 40 ms for the client's kernel

    def do_GET(self) -> None:
        """A call of TronGrid's own API."""
        parts = urlsplit(self.path)
        self._answer(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})

    def do_POST(self) -> None:
        """A call of a node's API."""
        self._answer(self.path, simplejson.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, path: str, params: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        trongrid: TronGrid = self.server.trongrid  # type: ignore[attr-defined]
        answer = trongrid.answer(Asked(path, params, headers))
        body = answer.body if isinstance(answer.body, bytes) else simplejson.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""
