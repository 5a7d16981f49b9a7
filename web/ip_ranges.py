"""Lists of addresses and ranges that a key may be used from, as operators and clients write them."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from web.field_rules import Checked

MOST_RANGES = 200
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def _normal_range(text: str) -> str:
    """The one spelling of an address or range. IPv4 mapped into IPv6 becomes IPv4: so are callers seen."""
    try:
        if "%" in text:
            raise ValueError("an address that means something to one machine only")
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        message = "must be an IPv4 or IPv6 address, or a range such as 192.0.2.0/24"
        raise PydanticCustomError("ip_range", message) from None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        address = ipaddress.IPv4Address(int(network.network_address) & 0xFFFF_FFFF)
        network = ipaddress.IPv4Network((address, network.prefixlen - _MAPPED.prefixlen))
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _without_repeats(ranges: list[str]) -> list[str]:
    return list(dict.fromkeys(ranges))


_BYTE = r"([1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
_SPELLINGS = [
    {"format": "ipv4"},
    {"format": "ipv6"},
    {"pattern": rf"^({_BYTE}\.){{3}}{_BYTE}/([12]?[0-9]|3[0-2])$"},
    {"pattern": r"^([0-9a-f]{1,4}:){1,6}:/([1-9]?[0-9]|1[01][0-9]|12[0-8])$"},
]
_Range = Annotated[str, Checked(_normal_range, rule={"anyOf": _SPELLINGS, "examples": ["192.0.2.0/24"]})]
Ranges = Annotated[list[_Range], Field(max_length=MOST_RANGES), AfterValidator(_without_repeats)]
