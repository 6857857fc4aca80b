"""A request reaches Django as it was sent, and its answer leaves in one piece."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from daphne.server import Server
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactor

from delivery.hosting.eager import EagerServer
from delivery.hosting.requests import PageFactory

pytestmark = pytest.mark.asyncio
ENDS = b"\r\n\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with what came: path, query and body."""
    message = await receive()
    body = b"|".join((scope["raw_path"], scope["query_string"], message["body"]))
    headers = [(b"Content-Length", str(len(body)).encode()), (b"X-Two", b"1"), (b"X-Two", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def stream(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b"two"})


class Browser:
    """Our end of a connection to a server that is not running: the test turns its loop."""

    def __init__(self, application: Any) -> None:
        self.near, ours = socket.socketpair()
        self.near.setblocking(False)
        server = Server(application, endpoints=["unused"])
        server.connections = {}
        address = IPv4Address("TCP", "127.0.0.1", 8000)
        self.protocol = PageFactory(server).buildProtocol(address)
        reactor: Any = MemoryReactor()  # type: ignore[no-untyped-call]
        self.connection: Any = EagerServer(ours, self.protocol, ("127.0.0.1", 1), None, 0, reactor)  # type: ignore[arg-type]
        connection: Any = self.connection
        connection.getPeer = connection.getHost = lambda: address
        self.protocol.makeConnection(self.connection)

    async def send(self, text: bytes, parts: int = 1) -> list[bytes]:
        """Send, and return what left at once."""
        self.protocol.dataReceived(text)
        found = list[bytes]()
        async with asyncio.timeout(10):
            while len(found) < parts:
                await asyncio.sleep(0)
                try:
                    found.append(self.near.recv(1 << 16))
                except BlockingIOError:
                    continue
        return found


@pytest.fixture
def browsers() -> Iterator[list[Browser]]:
    made = list[Browser]()
    yield made
    for one in made:
        one.protocol._channel.setTimeout(None)
        one.near.close()
        one.connection.socket.close()


async def test_head_and_body_leave_together(browsers: list[Browser]) -> None:
    browsers.append(Browser(echo))
    (answer,) = await browsers[0].send(b"GET /a%20b?c=d%7 HTTP/1.1\r\nHost: x" + ENDS)
    head, body = answer.split(ENDS)
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK", b"Content-Length: 13", b"X-Two: 1", b"X-Two: 2", b"Server: daphne",
    ]  # fmt: skip
    assert body == b"/a%20b|c=d%7|"


@pytest.mark.parametrize(
    "kind", [b"multipart/form-data; boundary=none", b"application/x-www-form-urlencoded", b"\xff?"]
)
async def test_form_is_not_looked_into(browsers: list[Browser], kind: bytes) -> None:
    browsers.append(Browser(echo))
    length = b"\r\nContent-Length: 9\r\nContent-Type: "
    head = b"POST /form HTTP/1.1\r\nHost: x" + length + kind + ENDS
    (answer,) = await browsers[0].send(head + b"not=a%one")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"/form||not=a%one")


async def test_requests_that_come_together_are_answered_in_their_order(
    browsers: list[Browser],
) -> None:
    browsers.append(Browser(echo))
    asked = b"".join(b"GET /%d HTTP/1.1\r\nHost: x" % number + ENDS for number in (1, 2, 3))
    answers = await browsers[0].send(asked, 3)
    assert [answer.split(ENDS)[1] for answer in answers] == [b"/1||", b"/2||", b"/3||"]


async def test_connection_that_is_not_kept_closes_after_its_answer(browsers: list[Browser]) -> None:
    browsers.append(Browser(echo))
    (answer,) = await browsers[0].send(b"GET / HTTP/1.1\r\nConnection: close" + ENDS)
    assert answer.endswith(b"/||")
    assert browsers[0].connection.disconnecting


async def test_parts_of_a_stream_leave_as_they_come(browsers: list[Browser]) -> None:
    browsers.append(Browser(stream))
    one, two = await browsers[0].send(b"GET / HTTP/1.1\r\nHost: x" + ENDS, 2)
    assert one.endswith(b"3\r\none\r\n")
    assert two == b"3\r\ntwo\r\n0\r\n\r\n"
