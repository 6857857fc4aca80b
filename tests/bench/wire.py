"""A WebSocket client that weighs next to nothing: thousands of them in one process."""

import asyncio
import base64
import os
import struct
from collections.abc import Callable

from tests.bench import load
from tests.bench.load import Seat

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
Hear = Callable[[bytes], None]


class Wire(asyncio.Protocol):
    """One socket of one seat; `hear` is called with each text that comes."""

    def __init__(self, port: int, seat: Seat, hear: Hear) -> None:
        self.hear, self.buffer = hear, bytearray()
        self.is_open = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        key = base64.b64encode(os.urandom(16)).decode()
        self.request = (
            f"GET /ws/delivery/{seat.id}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Version: 13\r\nOrigin: http://127.0.0.1:{port}\r\n"
            f"Cookie: {seat.cookies()}\r\n\r\n"
        ).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("The socket was not opened."))
        self.is_open = False

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.is_open:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self.buffer[:end]:
                self.close()
                return
            del self.buffer[: end + 4]
            self.is_open = True
            self.opened.set_result(None)
        while frame := self._frame():
            self._take(*frame)

    def _frame(self) -> tuple[int, bytes] | None:
        """Take the next whole frame; a server's are not masked and ours are not split."""
        if len(self.buffer) < 2:
            return None
        length, start = self.buffer[1] & 127, 2
        if length == 126:
            length, start = int.from_bytes(self.buffer[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(self.buffer[2:10], "big"), 10
        if len(self.buffer) < start + length:
            return None
        found = self.buffer[0] & 15, bytes(self.buffer[start : start + length])
        del self.buffer[: start + length]
        return found

    def _take(self, kind: int, content: bytes) -> None:
        if kind == TEXT:
            self.hear(content)
        elif kind == PING:
            self._write(PONG, content)
        elif kind == CLOSE:
            self.close()

    def send(self, text: str) -> None:
        self._write(TEXT, text.encode())

    def _write(self, kind: int, content: bytes) -> None:
        length = len(content)
        size = bytes([128 | length]) if length < 126 else struct.pack("!BH", 254, length)
        # A mask of zeros leaves the content as it is.
        if self.transport is not None:
            self.transport.write(bytes([128 | kind]) + size + bytes(4) + content)

    def close(self) -> None:
        self.is_open = False
        if self.transport is not None:
            self.transport.close()


async def open_wires(
    port: int, seats: list[Seat], hear: Callable[[int], Hear], at_once: int = 16
) -> list[Wire]:
    """Open a socket for each seat, as many at once as a busy server takes."""
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(at_once)

    async def one(number: int, seat: Seat) -> Wire:
        async with gate:
            for again in range(load.TRIES):
                _transport, wire = await loop.create_connection(
                    lambda: Wire(port, seat, hear(number)), "127.0.0.1", port
                )
                try:
                    async with asyncio.timeout(60):
                        await wire.opened
                except ConnectionError:
                    # A busy server takes it a little later, as a page would see it.
                    await asyncio.sleep(0.2 + again)
                else:
                    return wire
            raise ConnectionError(f"The socket of {seat.id} was not opened.")

    return await asyncio.gather(*(one(number, seat) for number, seat in enumerate(seats)))
