"""Candidates who answer without end and remember every acknowledgement that they were given."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

PATIENCE_SECONDS = 4.0
CSRF = "c" * 32
BROKEN = (OSError, WebSocketException, TimeoutError, http.client.HTTPException, ValueError)
WRONG_CLOCK_MS = 600_000


@dataclass(frozen=True)
class Acknowledged:
    """What the server said it keeps."""

    session: str
    item: str
    revision: int
    value: str
    ledger_seq: int
    head: str

    @property
    def place(self) -> str:
        """Name it as the judge does."""
        return f"{self.session} {self.item} revision {self.revision}"


@dataclass
class Mischief:
    """What the wire and the device do to a page's messages, while a fault lasts."""

    duplicates: bool = False
    replays: bool = False
    reorders: bool = False
    delays: bool = False
    clock_ms: int = 0


@dataclass
class Record:
    """The driver's own memory, which the server has no part in.

    `sent` has every answer that ever left, by its key: session, item and value.
    """

    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    sent: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    first: dict[str, Acknowledged] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    broken: int = 0
    mischief: Mischief = field(default_factory=Mischief)

    def note(self, answer: dict[str, Any], session: str, told: dict[str, Any]) -> None:
        """Note what was said about an answer; a second word about it must be the first one."""
        if told["type"] == "refused":
            self.refused.append(told)
            return
        said = Acknowledged(
            session=session,
            item=answer["item"],
            revision=told["revision"],
            value=answer["value"][0][1],
            ledger_seq=told["ledger_seq"],
            head=told["head"],
        )
        if self.first.setdefault(answer["key"], said) != said:
            self.wrong.append(f"acknowledged twice, differently: {answer['key']}")
        self.acknowledged.append(said)


def headers(cookie: str, kind: str) -> dict[str, str]:
    return {
        "Cookie": f"{cookie}; csrftoken={CSRF}",
        "X-CSRFToken": CSRF,
        "Content-Type": kind,
    }


def post(
    port: int,
    path: str,
    cookie: str,
    body: str,
    kind: str = "application/x-www-form-urlencoded",
    patience: float = PATIENCE_SECONDS,
) -> tuple[int, str, bytes]:
    """Post on a connection of its own; returns the status, where it leads, and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.request("POST", path, body, headers(cookie, kind))
        response = connection.getresponse()
        if response.status >= 500:
            raise OSError("the server could not answer")
        return response.status, response.headers.get("Location", ""), response.read()
    finally:
        connection.close()


@dataclass
class Candidate:
    """One candidate with one page; an answer is sent again until it is acknowledged."""

    session: str
    cookie: str
    items: list[str]
    ports: list[int]
    record: Record
    pace_seconds: float
    writer: str = field(default_factory=lambda: uuid.uuid4().hex)
    client_seq: int = 0
    epoch: int = 0
    patience_seconds: float = PATIENCE_SECONDS
    old: list[dict[str, Any]] = field(default_factory=list)

    async def answer_until(self, stop: asyncio.Event) -> None:
        """Answer by socket and by HTTP in turn until `stop`; whatever breaks is tried anew."""
        waiting: list[dict[str, Any]] = []
        while not stop.is_set():
            try:
                await self._work(stop, waiting)
            except BROKEN:
                self.record.broken += 1
                await asyncio.sleep(random.uniform(0.1, 0.6))

    async def _work(self, stop: asyncio.Event, waiting: list[dict[str, Any]]) -> None:
        port = random.choice(self.ports)
        try:
            async with asyncio.timeout(60), await self._connected(port) as socket:
                await self._claim(socket)
                while not stop.is_set():
                    await self._turn(socket, port, waiting)
        except BROKEN:
            # As the page does: where the socket fails, the same answer goes over HTTP.
            if self.epoch:
                await self._turn(None, port, waiting)
            raise

    async def _turn(
        self, socket: ClientConnection | None, port: int, waiting: list[dict[str, Any]]
    ) -> None:
        """Send what waits, or a new answer; it stops waiting once it is acknowledged or kept."""
        mischief = self.record.mischief
        while len(waiting) < (2 if mischief.reorders else 1):
            waiting.append(self.next_answer())
        if mischief.delays:
            await asyncio.sleep(random.uniform(0.0, 1.0))
        await self._save(socket, port, waiting)
        if mischief.replays and self.old:
            await self._again(port, random.choice(self.old))
        await asyncio.sleep(self.pace_seconds * random.uniform(0.5, 1.5))

    async def _connected(self, port: int) -> ClientConnection:
        return await connect(
            f"ws://127.0.0.1:{port}/ws/delivery/{self.session}/",
            additional_headers={"Cookie": self.cookie},
            origin=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]  # any string is one
            open_timeout=PATIENCE_SECONDS,
            close_timeout=0.5,
        )

    async def _claim(self, socket: ClientConnection) -> None:
        asked = {"type": "claim", "writer": self.writer, "device": "fault driver"}
        await socket.send(json.dumps(asked))
        while True:
            told = await self._heard(socket)
            if told["type"] == "session" and told.get("epoch"):
                self.epoch = int(told["epoch"])
                return

    async def _heard(self, socket: ClientConnection) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            told: dict[str, Any] = json.loads(await socket.recv())
            return told

    def next_answer(self) -> dict[str, Any]:
        self.client_seq += 1
        item, value = random.choice(self.items), random.choice("ABC")
        answer: dict[str, Any] = {
            "type": "answer",
            "item": item,
            "value": [["r.RESPONSE", value]],
            "base_revision": 0,
            "client_seq": self.client_seq,
            "key": uuid.uuid4().hex,
            "elapsed_ms": 1000 + max(0, self.record.mischief.clock_ms),
            "writer": self.writer,
        }
        self.record.sent[answer["key"]] = (self.session, item, value)
        return answer

    async def _save(
        self, socket: ClientConnection | None, port: int, waiting: list[dict[str, Any]]
    ) -> None:
        frames = [answer | {"epoch": self.epoch} for answer in waiting]
        if self.record.mischief.reorders:
            frames.reverse()
        if self.record.mischief.duplicates:
            frames = [frame for frame in frames for _ in range(2)]
        if socket is None or waiting[0]["client_seq"] % 4 == 0:
            told = await asyncio.to_thread(self.post, port, frames)
        else:
            told = await self._by_socket(socket, frames)
        for frame, said in zip(frames, told, strict=True):
            self.record.note(frame, self.session, said)
        self.old = [*self.old[-20:], *waiting]
        waiting.clear()

    async def _by_socket(
        self, socket: ClientConnection, frames: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        if self.record.mischief.clock_ms:
            sent = 1_000_000_000 + self.record.mischief.clock_ms
            await socket.send(json.dumps({"type": "ping", "sent": sent}))
        for frame in frames:
            await socket.send(json.dumps(frame))
        return [await self._word_about(socket, frame["key"]) for frame in frames]

    async def _word_about(self, socket: ClientConnection, key: str) -> dict[str, Any]:
        told = await self._heard(socket)
        while told.get("key") != key:
            told = await self._heard(socket)
        return told

    async def _again(self, port: int, answer: dict[str, Any]) -> None:
        """Replay a request of before: it must be told what it was told then."""
        frame = answer | {"epoch": self.epoch}
        [told] = await asyncio.to_thread(self.post, port, [frame])
        if told["type"] == "refused" and answer["key"] in self.record.first:
            self.record.wrong.append(f"refused after it was acknowledged: {answer['key']}")
        elif told["type"] != "refused":
            self.record.note(frame, self.session, told)

    def post(self, port: int, frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
        body = json.dumps({"saves": frames})
        path = f"/sessions/{self.session}/save/"
        kind = "application/json"
        _status, _to, text = post(port, path, self.cookie, body, kind, self.patience_seconds)
        listed: list[dict[str, Any]] = json.loads(text).get("frames", [])
        wanted = [frame["key"] for frame in frames]
        told = [one for one in listed if one.get("key") in wanted]
        if len(told) != len(frames):
            raise OSError("no word about the answer")
        return told
