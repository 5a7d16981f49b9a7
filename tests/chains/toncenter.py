"""A toncenter (v3) on loopback: rows and traces in its shapes, and its faults on demand."""

import base64
import itertools
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import simplejson

from tests.chains.toncenter_shapes import Json, address_of, hash_of, message_of, trace_of, transaction_of

HEAD = "/api/v3/masterchainInfo"
WALLETS = "/api/v3/jetton/wallets"
TRANSFERS = "/api/v3/jetton/transfers"
TRACES = "/api/v3/traces"
ADJACENT = "/api/v3/adjacentTransactions"

TRANSFER = "0x0f8a7ea5"
INTERNAL_TRANSFER = "0x178d4519"
NOTIFICATION = "0x7362d09c"
RATE_LIMITED = {"ok": False, "result": "Ratelimit exceed", "code": 429}

Fate = Literal["arrives", "fails", "is under way", "is forged"]
State = Literal["complete", "pending", "incomplete", "too large"]


@dataclass(frozen=True)
class Answer:
    """What the server is told to answer in place of its own."""

    document: Any
    status: int = 200
    retry_after: str | None = None


class Toncenter:
    """The server; `owner` is paid to `wallet` in the jetton `master` (all raw)."""

    def __init__(self, owner: str, master: str) -> None:
        self.owner, self.master = owner, master
        self.wallet = address_of("our jetton wallet")
        self.has_wallet = True
        self.head_age = 0.0
        self.keeps_to_query = True
        self.rows: list[Json] = []
        self.traces: dict[str, Json] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.keys: set[str | None] = set()
        self.always: dict[str, Answer] = {}
        self.next: deque[tuple[str, Answer]] = deque()
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def calls(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked == path for asked, _ in self.asked)

    def pay(
        self,
        amount: int = 25_000_000,
        *,
        fate: Fate = "arrives",
        trace: str | None = None,
        sender: str = "a sender",
        lt: int | None = None,
        ago: float = 0,
        **row: Any,
    ) -> str:
        """A transfer to us, in a trace of its own unless one is named; its hash in hexadecimal digits."""
        number = next(self._numbers)
        now = int(time.time() - ago)
        sent_hash = hash_of(f"sent {number}")
        source_wallet = address_of(f"jetton wallet of {sender}")
        trace_id = hash_of(trace or f"trace {number}")
        lt = lt or 60_000_000_000_000 + number * 2_000_000
        self.rows.append(
            {
                "query_id": "0",
                "source": address_of(sender),
                "destination": self.owner,
                "amount": str(amount),
                "source_wallet": source_wallet,
                "jetton_master": self.master,
                "transaction_hash": sent_hash,
                "transaction_lt": str(lt),
                "transaction_now": now,
                "transaction_aborted": False,
                "response_destination": address_of(sender),
                "custom_payload": None,
                "decoded_custom_payload": None,
                "forward_ton_amount": "1",
                "forward_payload": None,
                "decoded_forward_payload": None,
                "trace_id": trace_id,
            }
            | row
        )
        message = message_of(hash_of(f"message {number}"), source_wallet, self.wallet, INTERNAL_TRANSFER)
        told = message_of(hash_of(f"order {number}"), address_of(sender), source_wallet, TRANSFER)
        chain = [transaction_of(sent_hash, source_wallet, told, [message])]
        if fate in ("arrives", "fails"):
            chain.append(transaction_of(hash_of(f"got {number}"), self.wallet, message, [], works=fate == "arrives"))
        elif fate == "is forged":
            forged = message_of(hash_of(f"forged {number}"), source_wallet, self.owner, NOTIFICATION)
            chain.append(transaction_of(hash_of(f"fooled {number}"), self.owner, forged, []))
        known = self.traces.setdefault(trace_id, trace_of(trace_id))
        known["transactions"] |= {one["hash"]: one for one in chain}
        return base64.b64decode(sent_hash).hex()

    def land(self, tx_hash: str) -> None:
        """Let a transfer that is under way arrive, which completes its trace."""
        sent_hash = base64.b64encode(bytes.fromhex(tx_hash)).decode()
        (trace,) = (one for one in self.traces.values() if sent_hash in one["transactions"])
        (message,) = trace["transactions"][sent_hash]["out_msgs"]
        arrival = transaction_of(hash_of(f"got {tx_hash}"), self.wallet, message, [])
        trace["transactions"][arrival["hash"]] = arrival
        trace["is_incomplete"] = False
        trace["trace_info"] |= {"trace_state": "complete", "pending_messages": 0}

    def set_state(self, state: State, trace: str | None = None) -> None:
        """How far a trace is, by its name; the last one made where none is given."""
        trace_id = hash_of(trace) if trace else list(self.traces)[-1]
        self.traces[trace_id]["is_incomplete"] = state in ("incomplete", "too large")
        under_way = state in ("pending", "incomplete")
        self.traces[trace_id]["trace_info"]["trace_state"] = "pending" if under_way else "complete"
        self.traces[trace_id]["trace_info"]["pending_messages"] = int(under_way)
        self.traces[trace_id]["warning"] = "trace is too large" if state == "too large" else ""

    def answer(self, path: str, query: dict[str, str]) -> Answer:
        """The answer to one request."""
        self.asked.append((path, query))
        if self.next and self.next[0][0] == path:
            return self.next.popleft()[1]
        if path in self.always:
            return self.always[path]
        own = {
            HEAD: self._head,
            WALLETS: self._wallets,
            TRANSFERS: self._transfers,
            TRACES: self._traces,
            ADJACENT: self._adjacent,
        }
        return own[path](query) if path in own else Answer({"error": f"Cannot GET {path}"}, 404)

    def _head(self, _: dict[str, str]) -> Answer:
        made_at = int(time.time() - self.head_age)
        last = {"workchain": -1, "shard": "8000000000000000", "seqno": 53_000_000, "gen_utime": str(made_at)}
        return Answer({"last": last, "first": last | {"seqno": 1}})

    def _wallets(self, query: dict[str, str]) -> Answer:
        ours = {"address": self.wallet, "balance": "1", "owner": self.owner, "jetton": self.master}
        others = [
            ours | {"address": address_of("a stranger's wallet"), "owner": address_of("a stranger")},
            ours | {"address": address_of("our wallet of another jetton"), "jetton": address_of("another jetton")},
        ]
        found = [ours] if self.has_wallet else []
        return Answer({"jetton_wallets": found if self.keeps_to_query else others + found, **_BOOK})

    def _transfers(self, query: dict[str, str]) -> Answer:
        limit, offset = int(query.get("limit", 100)), int(query.get("offset", 0))
        if limit > 1000:
            return Answer({"error": f"limit is not allowed: {limit} > 1000"}, 422)
        column = "transaction_now" if "start_utime" in query else "transaction_lt"
        begin = int(query.get("start_utime") or query.get("start_lt") or 0)
        found = [row for row in self.rows if int(row[column]) >= begin]
        if self.keeps_to_query:
            wanted = (query["owner_address"], query["jetton_master"])
            found = [row for row in found if (row["destination"], row["jetton_master"]) == wanted]
        found.sort(key=lambda row: int(row[column]), reverse=query.get("sort") != "asc")
        return Answer({"jetton_transfers": found[offset : offset + limit], **_BOOK})

    def _traces(self, query: dict[str, str]) -> Answer:
        wanted = query.get("trace_id")
        found = [
            trace
            for trace_id, trace in self.traces.items()
            if trace_id == wanted or query.get("tx_hash") in trace["transactions"]
        ]
        withheld = [trace | {"transactions": {}} if trace["warning"] else trace for trace in found]
        return Answer({"traces": withheld, **_BOOK})

    def _adjacent(self, query: dict[str, str]) -> Answer:
        every = {one["hash"]: one for trace in self.traces.values() for one in trace["transactions"].values()}
        sent = {message["hash"] for message in every[query["hash"]]["out_msgs"]}
        found = [one for one in every.values() if one["in_msg"]["hash"] in sent]
        return Answer({"transactions": found, **_BOOK} if found else {"error": "not found"}, 200 if found else 404)


_BOOK: Json = {"address_book": {}, "metadata": {}}


def _handler_of(toncenter: Toncenter) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without it each answer waits for the client's delayed acknowledgement: 40 ms.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            toncenter.keys.add(self.headers["X-API-Key"])
            answer = toncenter.answer(parts.path, dict(parse_qsl(parts.query)))
            is_text = isinstance(answer.document, str)
            body = answer.document.encode() if is_text else simplejson.dumps(answer.document).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if answer.retry_after:
                self.send_header("Retry-After", answer.retry_after)
            self.end_headers()
            self.wfile.write(body)

        def logmessage_of(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
            """Say nothing."""

    return Handler
