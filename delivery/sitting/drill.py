"""Plays a rehearsal: synthetic candidates read, answer, lose their connection, and submit."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from delivery.sitting.rehearsal import Part, Said
from delivery.sitting.wire import PATIENCE_SECONDS, Browser, Origin, Socket, WireError

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
BROKEN: Final = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
# The shares of the rehearsal in which all start, and all submit.
STARTING: Final = 0.1
SUBMITTING: Final = 0.05
Fields = dict[str, list[list[str]]]


@dataclass(slots=True)
class Tally:
    """What was measured, in seconds, and what went wrong, by its words."""

    pages: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    started: int = 0
    submitted: int = 0

    def wrong(self, words: str) -> None:
        self.errors[words] = self.errors.get(words, 0) + 1


def share(values: Sequence[float], part: float) -> float:
    """Return the value below which this part of the values lies; 0.0 without any."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


@dataclass
class Player:
    """One synthetic candidate."""

    part: Part
    origin: Origin
    tally: Tally
    pace_seconds: float
    answers_of: Callable[[str], Fields]
    storm: asyncio.Event
    writer: str = field(default_factory=lambda: uuid.uuid4().hex)
    session: str = ""
    seq: int = 0
    epoch: int = 0
    socket: Socket | None = None
    has_stormed: bool = False

    def __post_init__(self) -> None:
        name, _, value = self.part.cookie.partition("=")
        self.browser = Browser(self.origin, {name: value, "csrftoken": uuid.uuid4().hex})

    async def play(self, begins: float, ends: float) -> None:
        """Start at `begins`, work until `ends`, then submit; both by the loop's clock."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, begins - loop.time()))
        try:
            await self._start()
            if not self.session:
                return
            fields = await asyncio.to_thread(self.answers_of, self.session)
            await self._connect()
            while loop.time() < ends:
                await self._step(fields)
                await asyncio.sleep(self.pace_seconds * random.uniform(0.5, 1.5))  # noqa: S311
            await self._submit()
        finally:
            await self._hang_up()
            await self.browser.close()

    async def _start(self) -> None:
        path = f"/sittings/{self.part.enrolment_id}/"
        answer = await self._timed(path)
        if answer is None:
            return
        led = await self._try("POST", path, "consent=1&javascript=1", FORM)
        found = re.search(r"/sessions/([0-9a-f-]{36})/", led.first("location") if led else "")
        if found is None:
            self.tally.wrong("a start was refused")
            return
        self.session = found[1]
        self.tally.started += 1

    async def _timed(self, path: str) -> Any:
        begun = time.perf_counter()
        answer = await self._try("GET", path)
        if answer is not None:
            self.tally.pages.append(time.perf_counter() - begun)
        return answer

    async def _try(self, method: str, path: str, body: str = "", kind: str = "") -> Any:
        """Ask; what fails is counted and answered by None."""
        try:
            answer = await self.browser.ask(method, path, body, kind)
        except BROKEN as error:
            self.tally.wrong(f"{type(error).__name__} on a request")
            return None
        if answer.status >= 400:
            self.tally.wrong(f"status {answer.status}")
            return None
        return answer

    async def _connect(self) -> None:
        """Open the socket and claim the right to write."""
        try:
            self.socket = await Socket.open(self.browser, f"/ws/delivery/{self.session}/")
            asked = {"type": "claim", "writer": self.writer, "device": "rehearsal"}
            await self.socket.send(json.dumps(asked))
            while not self.epoch or self.socket is None:
                self._hear(await self._frame())
        except BROKEN:
            await self._hang_up()

    async def _hang_up(self) -> None:
        socket, self.socket = self.socket, None
        if socket is not None:
            await socket.close()

    async def _frame(self) -> dict[str, Any]:
        assert self.socket is not None  # only called while there is one
        async with asyncio.timeout(PATIENCE_SECONDS):
            told: dict[str, Any] = json.loads(await self.socket.receive())
            return told

    def _hear(self, told: dict[str, Any]) -> None:
        if told.get("type") == "session" and told.get("epoch"):
            self.epoch = int(told["epoch"])

    async def _step(self, fields: Fields) -> None:
        """Look at an item, answer it, go on; the storm takes every connection once."""
        if self.storm.is_set() and not self.has_stormed:
            await self._reconnect()
        answer = await self._timed(f"/sessions/{self.session}/")
        where = answer.first("location") if answer else ""
        found = re.search(r"/items/([^/]+)/", where)
        if found is None:
            return
        key = found[1]
        await self._timed(where)
        if fields.get(key):
            await self._save(key, fields[key])
        # As a page's script says: the form brings no answer, which went before it.
        await self._try("POST", where, "go=next&confirmed=1&unchanged=1", FORM)

    async def _reconnect(self) -> None:
        self.has_stormed = True
        await self._hang_up()
        begun = time.perf_counter()
        while time.perf_counter() - begun < PATIENCE_SECONDS * 3:
            self.epoch = 0
            await self._connect()
            if self.socket is not None:
                self.tally.back.append(time.perf_counter() - begun)
                return
            await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - only spreads
        self.tally.wrong("a socket did not come back")

    async def _save(self, item: str, value: list[list[str]]) -> None:
        self.seq += 1
        frame = {
            "type": "answer",
            "item": item,
            "value": value,
            "base_revision": 0,
            "client_seq": self.seq,
            "key": uuid.uuid4().hex,
            "elapsed_ms": 1000,
            "writer": self.writer,
            "epoch": self.epoch,
        }
        begun = time.perf_counter()
        try:
            told = await self._by_socket(frame) if self.socket else await self._by_http(frame)
        except BROKEN as error:
            await self._hang_up()
            self.tally.wrong(f"{type(error).__name__} on a save")
            return
        self.tally.saves.append(time.perf_counter() - begun)
        if told["type"] == "refused":
            self.tally.refused += 1
            return
        self.tally.said.append(Said(self.session, item, told["revision"], told["head"]))

    async def _by_socket(self, frame: dict[str, Any]) -> dict[str, Any]:
        assert self.socket is not None  # asked for by the caller
        await self.socket.send(json.dumps(frame))
        while True:
            told = await self._frame()
            if told.get("key") == frame["key"]:
                return told
            self._hear(told)

    async def _by_http(self, frame: dict[str, Any]) -> dict[str, Any]:
        path, body = f"/sessions/{self.session}/save/", json.dumps({"saves": [frame]})
        answer = await self.browser.ask("POST", path, body, JSON)
        listed: list[dict[str, Any]] = json.loads(answer.body)["frames"]
        found = next((told for told in listed if told.get("key") == frame["key"]), None)
        if found is None:
            raise WireError("no word about an answer")
        return found

    async def _submit(self) -> None:
        answer = await self._try("POST", f"/sessions/{self.session}/submit/", "confirmed=1", FORM)
        if answer is not None and answer.first("location").endswith("/receipt/"):
            self.tally.submitted += 1
        else:
            self.tally.wrong("a submission led nowhere")


async def run(
    parts: Sequence[Part],
    origin: Origin,
    seconds: float,
    pace_seconds: float,
    answers_of: Callable[[str], Fields],
    tally: Tally,
) -> None:
    """Let everybody start early on, lose every socket at half-time, and submit at the end."""
    storm, now = asyncio.Event(), asyncio.get_running_loop().time()
    players = [Player(part, origin, tally, pace_seconds, answers_of, storm) for part in parts]
    begins = [now + seconds * STARTING * place / len(players) for place in range(len(players))]
    last = seconds * SUBMITTING
    ends = [now + seconds - last * random.random() for _ in players]  # noqa: S311 - only spreads
    works = [one.play(*times) for one, *times in zip(players, begins, ends, strict=True)]
    asyncio.get_running_loop().call_later(seconds / 2, storm.set)
    done = await asyncio.gather(*works, return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            tally.wrong(f"{type(outcome).__name__}: {outcome}"[:80])
