import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrity.policy import networks

PROXIES = networks.read("127.0.0.1, ::1 10.0.0.0/8")


def client(peer: str, forwarded: str = "") -> str:
    return str(networks.client(peer, forwarded, PROXIES))


def test_networks_are_read_as_they_are_written() -> None:
    found = networks.read("192.0.2.0/24\n2001:db8::/32, 198.51.100.7")
    assert [str(one) for one in found] == ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"]
    assert networks.read("  \n") == ()
    assert str(networks.read("192.0.2.77/24")[0]) == "192.0.2.0/24"


@pytest.mark.parametrize("line", ["192.0.2.0/33", "room-5", "300.1.1.1", "1.2.3"])
def test_what_is_no_network_is_named(line: str) -> None:
    with pytest.raises(networks.NetworkError) as refused:
        networks.read(f"192.0.2.0/24 {line}")
    assert refused.value.line == line


def test_an_address_is_read_with_its_port_and_brackets() -> None:
    assert str(networks.address("192.0.2.1:443")) == "192.0.2.1"
    assert str(networks.address("[2001:db8::1]:443")) == "2001:db8::1"
    assert str(networks.address("::ffff:192.0.2.1")) == "192.0.2.1"
    assert str(networks.address("fe80::1%eth0")) == "fe80::1"
    assert networks.address("unknown") is None


def test_an_address_lies_in_a_network_or_not() -> None:
    rooms = networks.read("192.0.2.0/24 2001:db8::/32")
    assert networks.within(networks.address("192.0.2.9"), rooms)
    assert networks.within(networks.address("2001:db8::9"), rooms)
    assert not networks.within(networks.address("198.51.100.9"), rooms)
    assert not networks.within(None, rooms)


def test_without_a_trusted_proxy_the_peer_is_the_client() -> None:
    assert client("198.51.100.9", "192.0.2.1") == "198.51.100.9"


def test_trusted_proxies_are_passed_from_the_nearest_on() -> None:
    assert client("127.0.0.1", "192.0.2.1") == "192.0.2.1"
    assert client("127.0.0.1", "192.0.2.1, 10.1.1.1") == "192.0.2.1"
    assert client("127.0.0.1", "6.6.6.6, 192.0.2.1, 10.1.1.1") == "192.0.2.1"
    assert client("127.0.0.1") == "127.0.0.1"
    assert client("127.0.0.1", "nonsense") == "None"


@given(st.lists(st.ip_addresses(), max_size=4), st.ip_addresses())
def test_what_a_client_writes_before_its_own_address_changes_nothing(
    invented: list[ipaddress.IPv4Address], own: ipaddress.IPv4Address
) -> None:
    trusted = networks.read("203.0.113.1")
    header = ", ".join(str(one) for one in [*invented, own])
    found = networks.client("203.0.113.1", header, trusted)
    if str(own) != "203.0.113.1":
        assert found == networks.address(str(own))
