"""Connections that are over are found and forgotten; those that stand are not looked at."""

import asyncio
import gc
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from autobahn.websocket import protocol
from daphne.server import Server

from delivery.hosting import sparing
from delivery.hosting.server import OrderlyServer


class Connection:
    """Knows how often somebody asked for it."""

    def __init__(self) -> None:
        self.transport = None
        self.excused: list[BaseException] = []

    def handle_exception(self, error: BaseException) -> None:
        self.excused.append(error)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    found = asyncio.new_event_loop()
    yield found
    found.close()


@pytest.fixture
def server(loop: asyncio.AbstractEventLoop) -> OrderlyServer:
    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["fails"]:
            raise ValueError
        await receive()

    asyncio.set_event_loop(loop)
    made = OrderlyServer(application=application, endpoints=["tcp:port=0"])
    made.connections = {}
    return made


def opened(server: OrderlyServer, *, fails: bool = False) -> tuple[Connection, Any]:
    connection = Connection()
    server.protocol_connected(connection)
    return connection, server.create_application(connection, {"type": "websocket", "fails": fails})


def turn(server: OrderlyServer, loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(asyncio.sleep(0.01))
    server.application_checker()


def test_a_socket_is_forgotten_once_it_is_gone_and_its_application_done(
    server: OrderlyServer, loop: asyncio.AbstractEventLoop
) -> None:
    (gone, words), (there, _queue) = opened(server), opened(server)
    server.protocol_disconnected(gone)
    turn(server, loop)
    assert set(server.connections) == {gone, there}
    words.put_nowait({"type": "websocket.disconnect"})
    turn(server, loop)
    assert (set(server.connections), server.over) == ({there}, set())
    server.connections[there]["application_instance"].cancel()
    turn(server, loop)
    assert "application_instance" not in server.connections[there]


def test_an_application_that_fails_is_heard_of_once(
    server: OrderlyServer, loop: asyncio.AbstractEventLoop
) -> None:
    connection, _queue = opened(server, fails=True)
    turn(server, loop)
    turn(server, loop)
    assert [type(error) for error in connection.excused] == [ValueError]


def test_autobahn_lays_nothing_out_for_its_log() -> None:
    sparing.spare()
    assert {getattr(protocol, name, sparing.nothing) for name in sparing.LAID_OUT} == {
        sparing.nothing
    }


def test_a_server_that_is_interrupted_at_its_beginning_leaves_no_task(
    server: OrderlyServer, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_server: Server) -> None:
        # As a signal does before the loop has handlers of its own.
        loop.call_soon(signal.raise_signal, signal.SIGINT)
        loop.run_forever()

    monkeypatch.setattr(Server, "run", interrupted)
    thresholds, before = gc.get_threshold(), signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            server.run()
    finally:
        signal.signal(signal.SIGINT, before)
        gc.set_threshold(*thresholds)
        gc.unfreeze()
    assert asyncio.all_tasks(loop) == set()
