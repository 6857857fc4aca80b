"""Closed loops against a server: as many requests as it answers in a given time."""

import asyncio
import json
import random
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

_number = count(1)
TRIES = 5
Ask = Callable[[], Awaitable[object]]
Mark = Callable[[], None]


@dataclass(frozen=True)
class Seat:
    """One candidate's session, with what a request of theirs needs."""

    id: str
    item: str
    cookie: str
    # What the pages gave to the browser: the name of its device among it.
    jar: dict[str, str] = field(default_factory=dict, compare=False)

    def page(self) -> str:
        return f"/sessions/{self.id}/items/{self.item}/"

    def cookies(self) -> str:
        return "; ".join([self.cookie, *(f"{name}={value}" for name, value in self.jar.items())])

    def keep(self, head: str) -> None:
        """Keep the cookies of an answer."""
        self.jar.update(re.findall(r"(?im)^set-cookie: ([^=]+)=([^;\r]*)", head))


class Connection:
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self,
        method: str,
        path: str,
        headers: Sequence[str] = (),
        body: bytes = b"",
        kind: str = "application/json",
    ) -> tuple[str, bytes]:
        """Returns head and body; raises where the answer is neither 200 nor 302."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *headers]
        if body:
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = int(re.search(r"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
        content = await reader.readexactly(length)
        if re.search(r"(?im)^connection: close", head):
            # As nginx says with the thousandth request on a connection.
            self.close()
            self.streams = None
        if not re.match(r"HTTP/1.1 (200|302) ", head):
            raise RuntimeError(f"{method} {path}: {head.splitlines()[0]}: {content[:300]!r}")
        return head, content

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()


@dataclass(frozen=True)
class Form:
    """What a page gives a save: its CSRF token, and the name of its field."""

    token: str
    field: str


async def open_form(connection: Connection, seat: Seat) -> Form:
    page = (await open_page(connection, seat)).decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    field = re.search(r'name="(r\.[^"]+)"', page)
    if not (token and field and "csrftoken" in seat.jar):
        raise RuntimeError(f"No form on {seat.page()}")
    return Form(token[1], field[1])


async def open_page(connection: Connection, seat: Seat) -> bytes:
    head, content = await connection.ask("GET", seat.page(), [f"Cookie: {seat.cookies()}"])
    seat.keep(head)
    return content


def answer(seat: Seat, field: str) -> dict[str, object]:
    number = next(_number)
    return {
        "type": "answer",
        "item": seat.item,
        "value": [[field, "ABC"[number % 3]]],
        "base_revision": 0,
        "client_seq": number,
        "key": f"bench-{number}",
        "elapsed_ms": 1000,
        "epoch": 0,
        "writer": f"bench-{seat.id[:8]}",
    }


def unmarked() -> None:
    """Nobody wants to know when the loop begins and ends."""


async def closed_loop(
    asks: Sequence[Ask], seconds: float, mark: Mark = unmarked
) -> tuple[int, float]:
    """Each ask again and again; returns how many were answered, and the time it took.

    `mark` is called when the first is asked and when the last is answered.
    """
    mark()
    began, done = time.monotonic(), 0

    async def again(ask: Ask) -> None:
        nonlocal done
        while time.monotonic() - began < seconds:
            await ask()
            done += 1

    await asyncio.gather(*(again(ask) for ask in asks))
    took = time.monotonic() - began
    mark()
    return done, took


async def health(
    port: int, seats: Sequence[Seat], seconds: float, mark: Mark = unmarked
) -> tuple[int, float]:
    connections = [Connection(port) for _ in seats]
    asks = [lambda one=one: one.ask("GET", "/healthz") for one in connections]
    return await _closing(connections, asks, seconds, mark)


async def pages(
    port: int, seats: Sequence[Seat], seconds: float, mark: Mark = unmarked
) -> tuple[int, float]:
    connections = [Connection(port) for _ in seats]
    asks = [
        lambda one=one, seat=seat: open_page(one, seat)
        for one, seat in zip(connections, seats, strict=True)
    ]
    return await _closing(connections, asks, seconds, mark)


async def saves(
    port: int, seats: Sequence[Seat], seconds: float, mark: Mark = unmarked
) -> tuple[int, float]:
    connections = [Connection(port) for _ in seats]
    forms = [await open_form(one, seat) for one, seat in zip(connections, seats, strict=True)]

    async def save(one: Connection, seat: Seat, form: Form) -> None:
        headers = [f"Cookie: {seat.cookies()}", f"X-CSRFToken: {form.token}"]
        body = json.dumps({"saves": [answer(seat, form.field)]}).encode()
        _, content = await one.ask("POST", f"/sessions/{seat.id}/save/", headers, body)
        if b'"saved"' not in content:
            raise RuntimeError(f"not saved: {content[:500]!r}")

    asks = [
        lambda one=one, seat=seat, form=form: save(one, seat, form)
        for one, seat, form in zip(connections, seats, forms, strict=True)
    ]
    return await _closing(connections, asks, seconds, mark)


async def _closing(
    connections: Sequence[Connection],
    asks: Sequence[Callable[[], Awaitable[object]]],
    seconds: float,
    mark: Mark,
) -> tuple[int, float]:
    try:
        return await closed_loop(asks, seconds, mark)
    finally:
        for connection in connections:
            connection.close()


async def open_socket(port: int, seat: Seat) -> ClientConnection:
    """Opens a socket, again where a busy server did not take it in time, as the page does."""
    for _again in range(TRIES - 1):
        try:
            return await _open_socket(port, seat)
        except (OSError, TimeoutError, WebSocketException):
            await asyncio.sleep(random.uniform(0.2, 1.0))
    return await _open_socket(port, seat)


async def _open_socket(port: int, seat: Seat) -> ClientConnection:
    return await connect(
        f"ws://127.0.0.1:{port}/ws/delivery/{seat.id}/",
        additional_headers={"Cookie": seat.cookies()},
        origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]  # a str is an Origin
        compression=None,
        proxy=None,
    )
