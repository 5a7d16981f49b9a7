"""Which addresses webhooks may go to."""

import socket
import threading
import time
from typing import Any

import pytest

from jobs import addresses
from jobs.addresses import Unresolvable, UnsafeUrl, check_url, is_public, parse, resolve_public

PRIVATE = [
    "http://127.0.0.1/", "http://127.0.0.2:8080/", "http://127.1/", "http://127.0.1/", "http://2130706433/",
    "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0x7F.1/", "http://0177.0.0.1/", "http://017700000001/",
    "http://00000177.1/", "http://0/", "http://0.0.0.0/", "http://localhost/", "http://LOCALHOST/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", "http://127。0。0。1/", "http://①②⑦.0.0.1/", "http://ⓛocalhost/",
    "http://10.0.0.1/", "http://10.1/", "http://167772161/", "http://172.16.0.1/", "http://172.31.255.255/",
    "http://192.168.0.1/", "http://3232235521/", "http://169.254.169.254/latest/meta-data/", "http://0xA9FEA9FE/",
    "http://2852039166/", "http://100.64.0.1/", "http://100.100.100.200/", "http://168.63.129.16/", "http://192.0.0.192/",
    "http://192.0.2.1/", "http://192.88.99.1/", "http://198.18.0.1/", "http://198.51.100.1/", "http://203.0.113.1/",
    "http://224.0.0.1/", "http://239.255.255.255/", "http://240.0.0.1/", "http://255.255.255.255/",
    "http://[::]/", "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[::ffff:8.8.8.8]/", "http://[::127.0.0.1]/", "http://[fe80::1]/",
    "http://[fec0::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://[ff02::1]/", "http://[2002:7f00:1::]/",
    "http://[2001::1]/", "http://[2001:db8::1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::8.8.8.8]/", "http://[3fff::1]/", "http://[100::1]/",
]  # fmt: skip

MALFORMED = [
    "", "x", "//8.8.8.8/", "/hook", "8.8.8.8", "ftp://8.8.8.8/", "file:///etc/passwd", "gopher://8.8.8.8/", "http:///",
    "http://", "http://:80/", "http://user@8.8.8.8/", "http://user:word@8.8.8.8/", "http://@8.8.8.8/",
    "http://8.8.8.8:0/", "http://8.8.8.8:65536/", "http://8.8.8.8:-1/", "http://8.8.8.8:http/", "http://8.8.8.8:\uff18\uff10/",
    "http://8.8.8.8/ hook", " http://8.8.8.8/", "http://8.8.8.8/\n", "http://8.8.8.8/\thook", "ht\ntp://8.8.8.8/",
    "http://8.8.8.8\\@127.0.0.1/", "http://8.8.8.8/\x00", "http://8.8.8.8/\x7f", "http://8.8.8.8/\u200b", "http://8.8.8.8/\u2028",
    "http://%31%32%37.0.0.1/", "http://127%2e0.0.1/", "http://[fe80::1%25eth0]/", "http://[::1", "http://[v1.host]/",
    "http://[8.8.8.8]/", "http://*.example/", "http://a..example/", "http://-a.example/", "http://a,b/",
    "http://" + "a" * 64 + ".example/", "http://8.8.8.8/" + "a" * 2034, "http://☃⁣.example/", "http://8.8.8.8\uff03@x/",
]  # fmt: skip


@pytest.mark.parametrize("url", PRIVATE)
def test_an_address_that_is_not_public_is_refused_in_any_notation(url: str) -> None:
    with pytest.raises(UnsafeUrl):
        check_url(url, allow_private=False)


@pytest.mark.parametrize("url", MALFORMED)
@pytest.mark.parametrize("allow_private", [False, True])
def test_what_is_no_plain_address_is_refused_even_where_private_ones_are_allowed(url: str, allow_private: bool) -> None:
    with pytest.raises(UnsafeUrl) as refused:
        check_url(url, allow_private=allow_private)
    assert not isinstance(refused.value, Unresolvable)


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/",
        "https://8.8.8.8:8443/hook?a=b",
        "HTTP://8.8.8.8",
        "http://[2606:4700:4700::1111]/",
        "http://1.1/",
    ],
)
def test_public_addresses_are_accepted_on_any_port(url: str) -> None:
    check_url(url, allow_private=False)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/hook", "http://localhost/", "http://[::1]/", "http://10.0.0.1/"]
)
def test_private_addresses_are_accepted_where_they_are_allowed(url: str) -> None:
    check_url(url, allow_private=True)


def test_an_address_of_exactly_the_longest_length_is_accepted() -> None:
    check_url("http://8.8.8.8/" + "a" * 2033, allow_private=False)


def test_a_name_is_as_public_as_the_least_public_of_its_addresses(names: dict[str, list[str]]) -> None:
    names |= {
        "good.example": ["8.8.8.8", "2606:4700::1"],
        "bad.example": ["8.8.8.8", "10.0.0.1"],
        "v6.example": ["::1"],
    }

    check_url("https://good.example/", allow_private=False)
    for name in ("bad.example", "v6.example"):
        with pytest.raises(UnsafeUrl, match="must be public"):
            check_url(f"https://{name}/", allow_private=False)


@pytest.mark.parametrize("allow_private", [False, True])
def test_a_name_that_does_not_resolve_is_refused(names: dict[str, list[str]], allow_private: bool) -> None:
    names["empty.example"] = []

    for name in ("nowhere.example", "empty.example"):
        with pytest.raises(Unresolvable, match="must have a host name that resolves"):
            check_url(f"https://{name}/", allow_private=allow_private)


def test_a_name_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def getaddrinfo(*args: Any, **kwargs: Any) -> list[Any]:
        answered.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    started = time.monotonic()

    with pytest.raises(Unresolvable):
        resolve_public("slow.example", 80, allow_private=False, seconds=0.1)

    answered.set()
    assert time.monotonic() - started < 5


def test_a_refusal_does_not_tell_where_a_name_leads(names: dict[str, list[str]]) -> None:
    names["inside.example"] = ["10.11.12.13"]

    with pytest.raises(UnsafeUrl) as refused:
        check_url("http://inside.example/", allow_private=False)

    assert "10.11.12.13" not in str(refused.value)


def test_names_of_other_scripts_are_looked_up_in_ascii(names: dict[str, list[str]]) -> None:
    names["xn--bcher-kva.example"] = ["8.8.8.8"]

    check_url("https://Bücher.example/", allow_private=False)


def test_behind_nat64_an_address_is_as_public_as_the_one_it_stands_for() -> None:
    assert is_public("64:ff9b::808:808")
    assert not is_public("64:ff9b::a00:1")


def test_an_address_is_taken_apart_as_it_goes_on_the_wire() -> None:
    target = parse("https://EXAMPLE.com.:8443/a%20b/ü?q=ä&r=%31#part")

    assert (target.scheme, target.host, target.port) == ("https", "example.com.", 8443)
    assert target.path == "/a%20b/%C3%BC?q=%C3%A4&r=%31"
    assert target.authority == "example.com:8443"
    assert parse("http://[2606:4700::1]/").authority == "[2606:4700::1]"
    assert parse("http://example.com").path == "/"
    assert addresses.parse("https://example.com:443/").authority == "example.com"
