"""What is no proper HTTP never reaches the application, and is answered all the same."""

import json
import socket

from tests.faults.processes import Processes

MALFORMED = {
    "not HTTP": (b"hello\r\n\r\n", 400, "bad_request"),
    "a wrong version": (b"GET /healthz HTTP/9.9\r\n\r\n", 400, "bad_request"),
    "a header without a name": (b"GET /healthz HTTP/1.1\r\n: x\r\n\r\n", 400, "bad_request"),
    "a key on a line of a folded header": (b"GET /healthz HTTP/1.1\r\nX-Api-Key: a\r\n secret-key\r\n\r\n", 400, "bad_request"),
    "a space before the colon": (b"GET /healthz HTTP/1.1\r\nX-Api-Key : secret-key\r\n\r\n", 400, "bad_request"),
    "two lengths": (b"POST /healthz HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "bad_request"),
    "a length that is none": (b"POST /healthz HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "bad_request"),
    "an unknown encoding": (b"POST /healthz HTTP/1.1\r\nTransfer-Encoding: lzma\r\n\r\n", 501, "unsupported_transfer_encoding"),
    "an address of 10 kB": (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long"),
    "a header of 20 kB": (b"GET /healthz HTTP/1.1\r\nX-Api-Key: " + b"a" * 20_000 + b"\r\n\r\n", 431, "headers_too_large"),
    "two hundred headers": (b"GET /healthz HTTP/1.1\r\n" + b"X-A: b\r\n" * 200 + b"\r\n", 431, "headers_too_large"),
}  # fmt: skip


def test_malformed_http_is_refused_with_a_sentence_and_a_request_id(processes: Processes) -> None:
    port = int(processes.serve().rpartition(":")[2])

    for what, (sent, status, code) in MALFORMED.items():
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(sent)
            received = b"".join(iter(lambda: connection.recv(65_536), b""))

        head, _, body = received.partition(b"\r\n\r\n")
        told = json.loads(body)
        assert head.startswith(f"HTTP/1.1 {status} ".encode()), what
        assert f"X-Request-Id: {told['request_id']}".encode() in head, what
        assert (told["error"], told["message"][-1]) == (code, "."), what
