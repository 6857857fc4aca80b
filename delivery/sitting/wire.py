"""A small client for HTTP/1.1 and WebSockets (RFC 6455), enough to be a candidate's browser."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import secrets
import ssl
import struct
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

TEXT: Final = 0x1
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
LONGEST: Final = 4 * 1024 * 1024
PATIENCE_SECONDS: Final = 20.0


class WireError(OSError):
    """The server answered as no server of ours does, or not at all."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the deployment is: scheme, host and port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def read(cls, url: str) -> Origin:
        """Read `http://host:port`; raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url} is not an address like http://127.0.0.1:8000")
        return cls(
            parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
        )

    def __str__(self) -> str:
        default = {"http": 80, "https": 443}[self.scheme] == self.port
        return f"{self.scheme}://{self.host}" + ("" if default else f":{self.port}")

    @property
    def name(self) -> str:
        """Return what the Host header says."""
        return str(self).partition("://")[2]

    @property
    def is_loopback(self) -> bool:
        return self.host in {"127.0.0.1", "localhost", "::1"}

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context() if self.scheme == "https" else None
        return await asyncio.open_connection(self.host, self.port, ssl=context, limit=LONGEST)


@dataclass(slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def first(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def cookies(self) -> dict[str, str]:
        given = [value for key, value in self.headers if key == "set-cookie"]
        pairs = [one.split(";")[0].partition("=") for one in given]
        return {name: value for name, _, value in pairs}


@dataclass(slots=True)
class Browser:
    """One candidate's browser: cookies, and a connection that is kept open."""

    origin: Origin
    cookies: dict[str, str] = field(default_factory=dict)
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, body: str = "", kind: str = "") -> Answer:
        """Ask once, on the kept connection or on a fresh one; raises OSError, TimeoutError."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            if self.reader is None or self.writer is None or self.reader.at_eof():
                self.reader, self.writer = await self.origin.open()
            try:
                self.writer.write(self._request(method, path, body.encode(), kind))
                await self.writer.drain()
                answer = await _answer(self.reader)
            except BaseException:
                await self.close()
                raise
        self.cookies |= answer.cookies
        if answer.first("connection").lower() == "close":
            await self.close()
        return answer

    async def close(self) -> None:
        writer, self.reader, self.writer = self.writer, None, None
        if writer is not None:
            await _closed(writer)

    def _request(self, method: str, path: str, body: bytes, kind: str) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", *self.common()]
        if body:
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        elif method == "POST":
            lines.append("Content-Length: 0")
        return "\r\n".join([*lines, "", ""]).encode() + body

    def common(self) -> list[str]:
        token = self.cookies.get("csrftoken", "")
        return [
            f"Host: {self.origin.name}",
            f"Origin: {self.origin}",
            f"Referer: {self.origin}/",
            "User-Agent: Invigil rehearsal",
            "Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            *([f"X-CSRFToken: {token}"] if token else []),
        ]


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    pairs = [line.partition(":") for line in head[1:] if line]
    headers = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    answer = Answer(status, headers, b"")
    if answer.first("transfer-encoding").lower() == "chunked":
        answer.body = await _chunks(reader)
    elif status not in {204, 304} and status >= 200:
        answer.body = await reader.readexactly(int(answer.first("content-length") or 0))
    return answer


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        found += (await reader.readexactly(size + 2))[:-2]
        if not size:
            return found


@dataclass(slots=True)
class Socket:
    """An open WebSocket; what it sends is masked, as a client's frames are."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, browser: Browser, path: str) -> Socket:
        """Upgrade a connection of its own; raises WireError where the server will not."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            reader, writer = await browser.origin.open()
            key = base64.b64encode(secrets.token_bytes(16)).decode()
            lines = [f"GET {path} HTTP/1.1", *browser.common(), "Upgrade: websocket"]
            lines += ["Connection: Upgrade", f"Sec-WebSocket-Key: {key}"]
            lines += ["Sec-WebSocket-Version: 13"]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            await _closed(writer)
            raise WireError("the socket was not opened")
        return cls(reader, writer)

    async def send(self, text: str, opcode: int = TEXT) -> None:
        body, mask = text.encode(), os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))
        self.writer.write(bytes([0x80 | opcode]) + _length(len(body)) + mask + masked)
        await self.writer.drain()

    async def receive(self) -> str:
        """Return the next text; pings are answered. Raises WireError once it is closed."""
        whole = b""
        while True:
            first, second = await self.reader.readexactly(2)
            body = await self.reader.readexactly(await self._size(second & 0x7F))
            opcode, final = first & 0x0F, first & 0x80
            if opcode == PING:
                await self.send(body.decode("latin-1"), PONG)
            elif opcode == CLOSE:
                raise WireError("the socket was closed")
            elif opcode != PONG:
                whole += body
                if final:
                    return whole.decode()

    async def _size(self, given: int) -> int:
        if given < 126:
            return given
        form = ">H" if given == 126 else ">Q"
        found = int(struct.unpack(form, await self.reader.readexactly(struct.calcsize(form)))[0])
        if found > LONGEST:
            raise WireError("a frame was too long")
        return found

    async def close(self) -> None:
        await _closed(self.writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection; how its other end takes it is of no matter."""
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()


def _length(size: int) -> bytes:
    if size < 126:
        return bytes([0x80 | size])
    if size < 65_536:
        return bytes([0x80 | 126]) + struct.pack(">H", size)
    return bytes([0x80 | 127]) + struct.pack(">Q", size)
