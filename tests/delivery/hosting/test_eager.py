"""What is written leaves at once, in its order, however much it is."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactor

from delivery.hosting.eager import EagerServer

MUCH = bytes(range(256)) * 40_000


@pytest.fixture
def ends() -> Iterator[tuple[Any, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    reactor: Any = MemoryReactor()  # type: ignore[no-untyped-call]
    connection = EagerServer(ours, Protocol(), ("127.0.0.1", 1), None, 0, reactor)  # type: ignore[arg-type]
    connection.eager = True
    yield connection, theirs
    ours.close()
    theirs.close()


def taken(theirs: socket.socket) -> bytes:
    """Return what is there to be read now."""
    found = b""
    try:
        while part := theirs.recv(1 << 20):
            found += part
    except BlockingIOError:
        pass
    return found


def test_a_frame_leaves_without_the_loop(ends: tuple[Any, socket.socket]) -> None:
    connection, theirs = ends
    connection.write(b"one ")
    connection.write(b"two")
    assert taken(theirs) == b"one two"
    assert connection not in connection.reactor.getWriters()


def test_what_the_kernel_does_not_take_follows_in_order(
    ends: tuple[Any, socket.socket],
) -> None:
    connection, theirs = ends
    connection.write(MUCH)
    connection.write(b"the end")
    assert connection in connection.reactor.getWriters()
    found = taken(theirs)
    assert 0 < len(found) < len(MUCH)
    while connection in connection.reactor.getWriters():
        connection.doWrite()
        found += taken(theirs)
    assert found == MUCH + b"the end"
    connection.write(b"again at once")
    assert taken(theirs) == b"again at once"


def test_a_page_waits_for_the_loop_so_that_its_parts_go_together(
    ends: tuple[Any, socket.socket],
) -> None:
    connection, theirs = ends
    connection.eager = False
    connection.write(b"head")
    assert taken(theirs) == b""
    connection.doWrite()
    assert taken(theirs) == b"head"


def test_a_connection_that_is_gone_is_found_so_by_the_loop(
    ends: tuple[Any, socket.socket],
) -> None:
    connection, theirs = ends
    theirs.close()
    connection.write(b"one")
    connection.write(b"two")
    assert connection in connection.reactor.getWriters()
    assert connection.doWrite() is not None
