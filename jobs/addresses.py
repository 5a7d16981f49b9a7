"""Which addresses webhooks may go to: the public internet's, however an address is written and whatever a name says.

Checked when a client gives an address and again at each connection, which is then made to the very address that was
checked: a name may resolve to another one a moment later.
"""

import ipaddress
import re
import socket
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import idna

MAX_LENGTH = 2048
LOOKUP_SECONDS = 3.0
DEFAULT_PORTS = {"http": 80, "https": 443}
_LEFT_IN_TARGETS = "!$%&'()*+,;=:@/?-._~"  # the characters of RFC 3986 that need no quoting, and quotes already made

Resolved = tuple[socket.AddressFamily, tuple[Any, ...]]
"""What a socket is made with, and what it connects to: the IP address comes first in it."""

_LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")

# `is_global` knows most special ranges, how many depends on the version of Python; these it takes for public, or did.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/3",
        "168.63.129.16/32",  # a cloud's own service to its machines, at an address that looks public
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UnsafeUrl(ValueError):
    """We must not, or cannot, talk to this address; the text completes "The address …"."""


class Unresolvable(UnsafeUrl):
    """The name does not resolve now."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart: `host` in ASCII, `path` as it goes on the wire, with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header's value."""
        host = f"[{self.host}]" if ":" in self.host else self.host.rstrip(".")
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(url: str, *, allow_private: bool) -> None:
    """Refuse an address that webhooks must not go to. Takes up to LOOKUP_SECONDS; raises UnsafeUrl."""
    target = parse(url)
    resolve_public(target.host, target.port, allow_private=allow_private)


def parse(url: str) -> Target:
    """Take an address apart. Raises UnsafeUrl when it is no plain http or https address."""
    if len(url) > MAX_LENGTH:
        raise UnsafeUrl(f"must have at most {MAX_LENGTH} characters")
    if "\\" in url or any(character.isspace() or not character.isprintable() for character in url):
        raise UnsafeUrl("must hold no white space, control characters or backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnsafeUrl("must be a well-formed address with a port from 1 to 65535") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise UnsafeUrl("must start with http:// or https://")
    if "@" in parts.netloc:
        raise UnsafeUrl("must hold no user name or password")
    if port == 0:
        raise UnsafeUrl("must have a port from 1 to 65535")
    path = quote(parts.path or "/", safe=_LEFT_IN_TARGETS)
    query = "?" + quote(parts.query, safe=_LEFT_IN_TARGETS) if parts.query else ""
    return Target(parts.scheme, _host(parts), port or DEFAULT_PORTS[parts.scheme], path + query)


def resolve_public(host: str, port: int, *, allow_private: bool, seconds: float = LOOKUP_SECONDS) -> list[Resolved]:
    """The socket addresses to connect to, every one of them checked. Raises UnsafeUrl, Unresolvable."""
    found = _look_up(host, port, seconds)
    if not allow_private and not all(is_public(address[0]) for _, address in found):
        # One private address among public ones is enough: whoever answers for the name cannot be trusted.
        raise UnsafeUrl("must be public, and this one leads to a private network")
    return found


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet's."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(str(ipaddress.IPv4Address(address.packed[-4:])))
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not any(address in network for network in _NOT_PUBLIC)


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        try:
            return str(ipaddress.IPv6Address(host if "%" not in host else ""))
        except ValueError:
            raise UnsafeUrl("must have a valid IPv6 address between its brackets, without a zone") from None
    if not host.isascii():
        try:
            # The rules of browsers: they also turn other scripts' digits and dots into those of numeric addresses.
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise UnsafeUrl("must have a valid host name") from None
    if not _HOST_NAME.fullmatch(host):
        raise UnsafeUrl("must have a valid host name")
    return host


def _look_up(host: str, port: int, seconds: float) -> list[Resolved]:
    """Ask the system's resolver, which also reads every numeric notation, as the connection itself would."""
    answer: Future[list[Resolved]] = Future()

    def ask() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.set_result([(info[0], info[4]) for info in infos])
        except (OSError, UnicodeError) as error:
            answer.set_exception(error)

    # The resolver has no time-out and may take half a minute to give up. A thread of its own for each look-up: those
    # that a dead name server holds fill no pool that others wait for, and as daemons they hold up no shutdown.
    threading.Thread(target=ask, name="lookup", daemon=True).start()
    try:
        found = answer.result(timeout=seconds)
    except (OSError, UnicodeError):
        raise Unresolvable("must have a host name that resolves") from None
    if not found:
        raise Unresolvable("must have a host name that resolves")
    return found
