"""One POST under a deadline: what receivers do, well and badly, and how it ends."""

import socket
import threading
import time
from typing import Any

import pytest

from jobs.outbound import Exchange, Undeliverable, post
from tests.receiver import (
    Behaviour,
    Receiver,
    answer,
    break_off_body,
    close_at_once,
    drip_body,
    drip_headers,
    flood,
    hang,
    talk_nonsense,
)

LIMIT = 0.4
LATEST = 3.0  # far above the limit, far below what a receiver without one would cost


def send(url: str, *, seconds: float = 5.0, body: bytes = b"{}", headers: dict[str, str] | None = None) -> Exchange:
    """POST to a receiver of this machine."""
    return post(url, body, headers or {}, allow_private=True, seconds=seconds)


def refuse(url: str, *, seconds: float = 5.0) -> Undeliverable:
    """The same, expecting no answer."""
    with pytest.raises(Undeliverable) as error:
        send(url, seconds=seconds)
    return error.value


def test_the_body_and_headers_arrive_as_given() -> None:
    with Receiver(answer(200, b"thanks")) as receiver:
        exchange = send(receiver.url + "?token=a%20b", body=b'{"price_usdt":12.34}', headers={"X-Webhook-Id": "msg_1"})

    assert (exchange.status, exchange.answer, exchange.retry_after) == (200, "thanks", None)
    assert 0 <= exchange.duration_ms < 5000
    [received] = receiver.requests
    assert received.body == b'{"price_usdt":12.34}'
    assert received.path == "/hook?token=a%20b"
    assert received.headers["x-webhook-id"] == "msg_1"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["connection"] == "close"


@pytest.mark.parametrize("status", [201, 301, 400, 404, 429, 500, 503])
def test_any_status_is_an_answer(status: int) -> None:
    with Receiver(answer(status, b"no", Retry_After="7")) as receiver:
        exchange = send(receiver.url)

    assert (exchange.status, exchange.answer, exchange.retry_after) == (status, "no", "7")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    with Receiver() as elsewhere, Receiver(answer(status, Location=elsewhere.url)) as receiver:
        assert send(receiver.url).status == status

    assert elsewhere.requests == []


@pytest.mark.parametrize("behaviour", [hang, drip_headers, drip_body])
def test_an_answer_that_takes_too_long_is_a_timeout_however_it_is_spread(behaviour: Behaviour) -> None:
    with Receiver(behaviour) as receiver:
        started = time.monotonic()
        error = refuse(receiver.url, seconds=LIMIT)

    assert time.monotonic() - started < LATEST
    assert str(error) == "timeout: no whole answer within 0.4 s"
    assert error.timed_out
    assert not error.permanent
    assert LIMIT * 1000 <= error.duration_ms < LATEST * 1000


def test_a_name_server_that_hangs_is_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def getaddrinfo(*args: Any, **kwargs: Any) -> list[Any]:
        answered.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    error = refuse("http://slow.example/", seconds=LIMIT)

    answered.set()
    assert error.duration_ms < LATEST * 1000
    assert not error.permanent


def test_a_server_that_does_not_shake_hands_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = refuse(f"https://127.0.0.1:{silent.getsockname()[1]}/", seconds=LIMIT)

    assert error.timed_out
    assert error.duration_ms < LATEST * 1000


def test_a_large_answer_is_cut_and_not_waited_for() -> None:
    with Receiver(flood) as receiver:
        exchange = send(receiver.url)

    assert exchange.answer == "x" * 2048


def test_an_answer_is_cut_by_characters_and_never_breaks_the_log() -> None:
    with Receiver(answer(200, "\0é€😀".encode() * 2000), answer(200, b"\xff\xfe")) as receiver:
        assert send(receiver.url).answer == ("é€😀" * 2000)[:2048]
        assert send(receiver.url).answer == "\ufffd\ufffd"


def test_a_body_that_breaks_off_does_not_undo_the_status() -> None:
    with Receiver(break_off_body) as receiver:
        assert send(receiver.url).status == 200


@pytest.mark.parametrize(
    ("behaviour", "text"),
    [
        (close_at_once, "connection error: closed without an answer"),
        (talk_nonsense, "connection error: the answer was not HTTP (BadStatusLine)"),
    ],
)
def test_no_answer_is_a_connection_error_that_may_pass(behaviour: Behaviour, text: str) -> None:
    with Receiver(behaviour) as receiver:
        error = refuse(receiver.url)

    assert str(error) == text
    assert not error.permanent
    assert not error.timed_out


def test_a_closed_port_is_a_connection_error_that_may_pass() -> None:
    with Receiver() as receiver:
        url = receiver.url

    error = refuse(url)

    assert str(error) == "connection error: connection refused"
    assert not error.permanent


def test_the_next_address_is_tried_when_one_does_not_connect(names: dict[str, list[str]]) -> None:
    names["two.example"] = ["127.255.255.254", "127.0.0.1"]
    with Receiver() as receiver:
        assert send(f"http://two.example:{receiver.port}/").status == 200


def test_a_name_that_does_not_resolve_may_resolve_later(names: dict[str, list[str]]) -> None:
    error = refuse("http://nowhere.example/")

    assert str(error) == "connection error: the host name does not resolve"
    assert not error.permanent


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1", "[::ffff:127.0.0.1]"])
def test_a_private_address_is_never_connected_to(host: str) -> None:
    with Receiver() as receiver:
        with pytest.raises(Undeliverable, match="address refused") as error:
            post(f"http://{host}:{receiver.port}/", b"", {}, allow_private=False)
        assert error.value.permanent

    assert receiver.requests == []


def test_a_name_that_moves_after_its_check_is_connected_to_where_it_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    connected: list[Any] = []

    def getaddrinfo(host: str, port: int, **kwargs: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8" if len(asked) == 1 else "127.0.0.1", port))]

    def connect(self: socket.socket, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(Undeliverable, match="connection refused"):
        post("http://rebinding.example/", b"", {}, allow_private=False)

    assert asked == ["rebinding.example"]
    assert connected == [("8.8.8.8", 80)]


def test_a_name_that_has_moved_to_a_private_address_is_refused(names: dict[str, list[str]]) -> None:
    names["moved.example"] = ["127.0.0.1"]
    with Receiver() as receiver, pytest.raises(Undeliverable, match="address refused") as error:
        post(f"http://moved.example:{receiver.port}/", b"", {}, allow_private=False)

    assert error.value.permanent
    assert receiver.requests == []


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert send(receiver.url).status == 200

    assert proxy.requests == []


def test_nothing_of_the_address_is_in_an_error() -> None:
    with Receiver(close_at_once) as receiver:
        error = refuse(receiver.url + "?token=hush")

    assert "hush" not in str(error)
