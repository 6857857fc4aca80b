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


@dataclass(frozen=True)
class Acknowledged:
    """What the server said it keeps."""

    session: str
    item: str
    revision: int
    value: str
    ledger_seq: int
    head: str


@dataclass
class Record:
    """The driver's own memory, which the server has no part in."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    broken: int = 0


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

    async def answer_until(self, stop: asyncio.Event) -> None:
        """Answer by socket and by HTTP in turn until `stop`; whatever breaks is tried anew."""
        waiting: dict[str, Any] | None = None
        while not stop.is_set():
            port = random.choice(self.ports)
            try:
                async with asyncio.timeout(60), await self._connected(port) as socket:
                    await self._claim(socket)
                    while not stop.is_set():
                        waiting = waiting or self._next_answer()
                        await self._save(socket, port, waiting)
                        waiting = None
                        await asyncio.sleep(self.pace_seconds * random.uniform(0.5, 1.5))
            except BROKEN:
                self.record.broken += 1
                await asyncio.sleep(random.uniform(0.1, 0.6))

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

    def _next_answer(self) -> dict[str, Any]:
        self.client_seq += 1
        return {
            "type": "answer",
            "item": random.choice(self.items),
            "value": [["r.RESPONSE", random.choice("ABC")]],
            "base_revision": 0,
            "client_seq": self.client_seq,
            "key": uuid.uuid4().hex,
            "elapsed_ms": 1000,
            "writer": self.writer,
        }

    async def _save(self, socket: ClientConnection, port: int, answer: dict[str, Any]) -> None:
        frame = answer | {"epoch": self.epoch}
        if answer["client_seq"] % 4 == 0:
            told = await asyncio.to_thread(self._post, port, frame)
        else:
            await socket.send(json.dumps(frame))
            told = await self._heard(socket)
            while told.get("key") != answer["key"]:
                told = await self._heard(socket)
        self._note(answer, told)

    def _post(self, port: int, frame: dict[str, Any]) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        try:
            headers = {
                "Cookie": f"{self.cookie}; csrftoken={CSRF}",
                "X-CSRFToken": CSRF,
                "Content-Type": "application/json",
            }
            body = json.dumps({"saves": [frame]})
            connection.request("POST", f"/sessions/{self.session}/save/", body, headers)
            response = connection.getresponse()
            if response.status >= 500:
                raise OSError("the server could not save")
            listed: list[dict[str, Any]] = json.loads(response.read())["frames"]
            return next(told for told in listed if told.get("key") == frame["key"])
        except StopIteration as missing:
            raise OSError("no word about the answer") from missing
        finally:
            connection.close()

    def _note(self, answer: dict[str, Any], told: dict[str, Any]) -> None:
        if told["type"] == "refused":
            self.record.refused.append(told)
            return
        self.record.acknowledged.append(
            Acknowledged(
                session=self.session,
                item=answer["item"],
                revision=told["revision"],
                value=answer["value"][0][1],
                ledger_seq=told["ledger_seq"],
                head=told["head"],
            )
        )
