"""Short texts are read and written as autobahn reads and writes them, however they are cut."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport

from delivery.hosting import shortframes
from delivery.hosting.shortframes import ShortFrames

HANDSHAKE = (
    b"GET /ws/ HTTP/1.1\r\nHost: exam.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TEXT, MORE, BINARY, CLOSE, PING = 0x1, 0x0, 0x2, 0x8, 0x9
FIN = 0x80
MASK = b"\x37\xfa\x21\x3d"


@dataclass
class Heard:
    """What an application of one socket was told, and what the browser was sent back."""

    messages: list[Any] = field(default_factory=list)
    sent: bytes = b""


class Transport(StringTransport):
    """A connection in memory that may be left at any time, as one of the kernel may."""

    def unregisterProducer(self) -> None:  # noqa: N802  (Twisted's name)
        self.producer = None


def frame(first: int, payload: bytes, *, width: int = 0) -> bytes:
    """A masked frame; `width` are the bytes of its length, 0 for as few as there can be."""
    size = len(payload)
    width = width or (1 if size < 126 else 2 if size < 65_536 else 8)
    marks = {1: size, 2: 126, 8: 127}
    more = b"" if width == 1 else size.to_bytes(width, "big")
    masked = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))
    return bytes([first, 0x80 | marks[width]]) + more + MASK + masked


async def hear(kind: type[WebSocketProtocol], parts: list[bytes], *answers: str) -> Heard:
    """Run a protocol on what arrives, part by part, under an application that notes it."""
    heard = Heard()
    send_to: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        send_to.append(send)
        while True:
            message = await receive()
            if message["type"] == "websocket.connect":
                await send({"type": "websocket.accept"})
                continue
            heard.messages.append(message)
            if message["type"] == "websocket.disconnect":
                return

    server = Server(application, endpoints=["tcp:0"])
    server.connections = {}
    factory = WebSocketFactory(server, server="")
    factory.protocol = kind
    protocol = factory.buildProtocol(None)
    transport = Transport()  # type: ignore[no-untyped-call]
    protocol._raw_query_string = b""
    protocol.makeConnection(transport)
    protocol.dataReceived(HANDSHAKE)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    transport.clear()  # type: ignore[no-untyped-call]
    for part in parts:
        if protocol.state == protocol.STATE_OPEN:
            protocol.dataReceived(part)
        await asyncio.sleep(0)
    for answer in answers:
        await send_to[0]({"type": "websocket.send", "text": answer})
    heard.sent = transport.value()  # type: ignore[no-untyped-call]
    for call in (protocol.openHandshakeTimeoutCall, protocol.closeHandshakeTimeoutCall):
        if call is not None and call.active():
            call.cancel()
    server.connections[protocol]["application_instance"].cancel()
    await asyncio.sleep(0)
    return heard


MESSAGES = st.lists(
    st.one_of(
        st.text(max_size=200).map(lambda text: frame(FIN | TEXT, text.encode())),
        st.binary(max_size=200).map(lambda payload: frame(FIN | TEXT, payload)),
        st.binary(max_size=200).map(lambda payload: frame(FIN | BINARY, payload)),
        st.binary(max_size=100).map(lambda payload: frame(FIN | PING, payload)),
        st.tuples(st.text(max_size=20), st.text(max_size=20)).map(
            lambda two: frame(TEXT, two[0].encode()) + frame(FIN | MORE, two[1].encode())
        ),
        st.binary(max_size=100).map(lambda payload: frame(FIN | TEXT, payload, width=2)),
        st.binary(max_size=130).map(lambda payload: frame(FIN | TEXT, payload, width=8)),
        st.just(frame(TEXT, b"a part")),
    ),
    max_size=5,
)


@given(MESSAGES, st.lists(st.integers(0, 800), max_size=6), st.booleans())
def test_what_arrives_is_heard_as_autobahn_hears_it(
    messages: list[bytes], cuts: list[int], one_by_one: bool
) -> None:
    parts = messages
    if not one_by_one:
        whole, places = b"".join(messages), sorted(cuts)
        ends = [*places, len(whole)]
        parts = [whole[a:b] for a, b in zip([0, *places], ends, strict=True) if whole[a:b]]
    ours = asyncio.run(hear(ShortFrames, parts))
    theirs = asyncio.run(hear(WebSocketProtocol, parts))
    assert ours == theirs


@pytest.mark.parametrize("length", [1, 125, 126, 127, 65_535, 65_536])
def test_answers_leave_as_autobahn_writes_them(length: int) -> None:
    text = "é" + "x" * (length - 2) if length > 1 else "x"
    ours = asyncio.run(hear(ShortFrames, [], text))
    assert ours == asyncio.run(hear(WebSocketProtocol, [], text))
    assert ours.sent.endswith(text.encode())


@pytest.mark.parametrize("length", [0, 1, 125, 126, 131, 250, 65_535, 65_536])
def test_a_text_of_any_length_is_heard(length: int) -> None:
    sent = frame(FIN | TEXT, b"x" * length)
    heard = asyncio.run(hear(ShortFrames, [sent]))
    assert heard.messages == [{"type": "websocket.receive", "text": "x" * length}]


def test_most_texts_do_not_reach_autobahn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WebSocketProtocol, "consumeData", consume_only_the_handshake)
    text = "Zoë answers ☺"
    heard = asyncio.run(hear(ShortFrames, [frame(FIN | TEXT, text.encode())]))
    assert heard.messages == [{"type": "websocket.receive", "text": text}]


def consume_only_the_handshake(protocol: WebSocketProtocol) -> None:
    assert protocol.state == protocol.STATE_CONNECTING
    protocol.processHandshake()


@given(st.binary(min_size=4, max_size=4), st.binary(max_size=300))
def test_a_mask_is_taken_off_byte_by_byte(mask: bytes, payload: bytes) -> None:
    expected = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    assert shortframes.unmasked(mask, payload) == expected


class Listening(ShortFrames):
    """One whose application hears some texts before its queue does."""

    taken: ClassVar[list[str]] = []

    def hear_first(self, text: str) -> bool:
        if text.startswith("!"):
            self.taken.append(text)
        return text.startswith("!")


def test_a_text_is_heard_first_or_queued_and_never_both() -> None:
    Listening.taken.clear()
    parts = [frame(FIN | TEXT, text) for text in (b"!a", b"b", b"!c")]
    heard = asyncio.run(hear(Listening, parts))
    assert [one["text"] for one in heard.messages] == ["b"]
    assert Listening.taken == ["!a", "!c"]


def test_a_text_does_not_overtake_one_that_is_queued() -> None:
    first, second = frame(FIN | TEXT, b"b"), frame(FIN | TEXT, b"!c")

    class InOneTurn(Listening):
        def dataReceived(self, data: bytes) -> None:  # noqa: N802  (Twisted's name)
            super().dataReceived(data)
            if data == first:
                super().dataReceived(second)

    Listening.taken.clear()
    heard = asyncio.run(hear(InOneTurn, [first]))
    assert [one["text"] for one in heard.messages] == ["b", "!c"]
    assert Listening.taken == []
