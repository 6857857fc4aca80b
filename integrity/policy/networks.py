"""Networks in CIDR notation, and the address that a request truly comes from."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class NetworkError(ValueError):
    """A line that is no network."""

    def __init__(self, line: str) -> None:
        super().__init__(f"“{line}” is not a network such as 192.0.2.0/24 or 2001:db8::/32.")
        self.line = line


def read(text: str) -> tuple[Network, ...]:
    """Read networks, parted by space, comma or line; raises NetworkError."""
    return tuple(_network(part) for part in re.split(r"[\s,;]+", text) if part)


def _network(part: str) -> Network:
    try:
        return ip_network(part, strict=False)
    except ValueError as error:
        raise NetworkError(part[:80]) from error


def address(text: str) -> Address | None:
    """Read an address as proxies write it: with a port, in brackets, or IPv4 within IPv6."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def within(one: Address | None, networks: Iterable[Network]) -> bool:
    """Tell whether an address lies in one of the networks; an unknown one lies in none."""
    return one is not None and any(
        one.version == network.version and one in network for network in networks
    )


def client(peer: str, forwarded: str, trusted: Sequence[Network]) -> Address | None:
    """Return the nearest address that is not a trusted proxy's.

    `forwarded` is the value of X-Forwarded-For: each proxy appends whom it heard. Whoever is not
    trusted may have written everything before, so what stands there is not believed.
    """
    found = address(peer)
    for entry in reversed([part for part in forwarded.split(",") if part.strip()]):
        if not within(found, trusted):
            return found
        found = address(entry)
    return found
