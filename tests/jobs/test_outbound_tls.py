"""The same exchange under TLS: whose certificate counts, and that the limit holds."""

import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobs import outbound
from jobs.outbound import Exchange, Undeliverable, post
from tests.receiver import Behaviour, Receiver, drip_body, drip_headers, hang


def send(url: str, *, seconds: float = 5.0) -> Exchange:
    """POST to a receiver of this machine."""
    return post(url, b"{}", {}, allow_private=True, seconds=seconds)


def refuse(url: str, *, seconds: float = 5.0) -> Undeliverable:
    """The same, expecting no answer."""
    with pytest.raises(Undeliverable) as error:
        send(url, seconds=seconds)
    return error.value


@pytest.fixture
def make_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ssl.SSLContext]]:
    """Make a server's TLS; its certificate is for `receiver.example` and 127.0.0.1, trusted unless told otherwise."""

    def make(*, trusted: bool = True) -> ssl.SSLContext:
        pem = tmp_path / "receiver.pem"
        pem.write_bytes(_certificate())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        if trusted:
            monkeypatch.setattr("certifi.where", lambda: str(pem))
        outbound._tls.cache_clear()
        return context

    yield make
    outbound._tls.cache_clear()


def _certificate() -> bytes:
    """A private key and its self-signed certificate, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("receiver.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(make_tls: Callable[..., ssl.SSLContext]) -> None:
    with Receiver(tls=make_tls(trusted=False)) as receiver:
        error = refuse(receiver.url)

    assert "certificate was not accepted" in str(error)
    assert receiver.requests == []


def test_the_certificate_is_checked_against_the_name(
    make_tls: Callable[..., ssl.SSLContext], names: dict[str, list[str]]
) -> None:
    names |= {name: ["127.0.0.1"] for name in ("receiver.example", "receiver.example.", "another.example")}
    with Receiver(tls=make_tls()) as receiver:
        assert send(f"https://receiver.example:{receiver.port}/").status == 200
        assert send(f"https://receiver.example.:{receiver.port}/").status == 200
        assert "certificate was not accepted" in str(refuse(f"https://another.example:{receiver.port}/"))

    assert len(receiver.requests) == 2


@pytest.mark.parametrize("behaviour", [hang, drip_headers, drip_body])
def test_the_limit_holds_under_tls(behaviour: Behaviour, make_tls: Callable[..., ssl.SSLContext]) -> None:
    with Receiver(behaviour, tls=make_tls()) as receiver:
        error = refuse(receiver.url, seconds=0.4)

    assert error.timed_out
    assert error.duration_ms < 3000
