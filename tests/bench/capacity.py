"""The headline: how many candidates one machine carries, with everything of a cluster on it."""

import asyncio
import json
import os
import random
import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import psycopg

from deploy import cluster
from deploy.cluster import Cluster
from tests.bench import load, machine, wire
from tests.bench.load import Connection, Seat
from tests.bench.wire import Wire
from tests.serving import ROOT

CANDIDATES = int(os.environ.get("CAPACITY_CANDIDATES", "10000"))
MINUTES = float(os.environ.get("CAPACITY_MINUTES", "10"))
STARTING = int(os.environ.get("CAPACITY_STARTING", "2000"))
START_SECONDS = 60.0
SAVE_EVERY = 15.0
PAGE_EVERY = 60.0
# Connections through nginx that pages share, as browsers' kept-alive ones come and go.
PAGE_CONNECTIONS = 64
PATIENCE = 30.0
TOKEN = "t" * 32
FORM = "application/x-www-form-urlencoded"


@dataclass
class Waits:
    """How long each answer and each page took, in seconds, within a span of time."""

    saves: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)


@dataclass
class Told:
    """What all candidates met, while they came and then while all were there."""

    all_there: float
    coming: Waits = field(default_factory=Waits)
    sitting: Waits = field(default_factory=Waits)
    errors: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    reconnected: int = 0

    def since(self, begun: float) -> Waits:
        return self.coming if begun < self.all_there else self.sitting


class Candidate:
    """A socket that saves, and a page now and then."""

    def __init__(
        self, port: int, seat: Seat, pages: "asyncio.Queue[Connection]", told: Told
    ) -> None:
        self.port, self.seat, self.pages, self.told = port, seat, pages, told
        self.field = "r.RESPONSE"
        self.waiting: dict[str, tuple[float, asyncio.Future[None]]] = {}

    async def sit(self, begins: float, ends: float) -> None:
        await asyncio.sleep(max(0.0, begins - time.monotonic()))
        await self._page()
        socket = await self._socket()
        next_page = time.monotonic() + random.uniform(0, PAGE_EVERY)
        while time.monotonic() < ends:
            await asyncio.sleep(random.uniform(0.8, 1.2) * SAVE_EVERY)
            if not socket.is_open:
                self.told.reconnected += 1
                socket = await self._socket()
            await self._save(socket)
            if time.monotonic() > next_page:
                next_page += PAGE_EVERY
                await self._page()
        socket.close()

    async def _socket(self) -> Wire:
        return (await wire.open_wires(self.port, [self.seat], lambda _number: self._hear))[0]

    async def _page(self) -> None:
        connection = await self.pages.get()
        begun = time.monotonic()
        try:
            await load.open_page(connection, self.seat)
            self.told.since(begun).pages.append(time.monotonic() - begun)
        except (OSError, EOFError, RuntimeError) as error:
            self.told.errors.append(f"page: {error}"[:200])
            connection.close()
            connection = Connection(self.port)
        finally:
            self.pages.put_nowait(connection)

    async def _save(self, socket: Wire) -> None:
        message = load.answer(self.seat, self.field)
        key = str(message["key"])
        future = asyncio.get_running_loop().create_future()
        self.waiting[key] = (time.monotonic(), future)
        socket.send(json.dumps(message))
        try:
            await asyncio.wait_for(future, PATIENCE)
        except TimeoutError:
            self.told.errors.append(f"save: nothing was said for {PATIENCE:.0f} s")

    def _hear(self, text: bytes) -> None:
        if not (b'"saved"' in text or b'"refused"' in text):
            return
        heard = json.loads(text)
        if heard["type"] == "refused":
            self.told.errors.append(f"refused: {heard['reason']}")
        if heard["key"] in self.waiting:
            begun, future = self.waiting.pop(heard["key"])
            if heard["type"] == "saved":
                self.told.since(begun).saves.append(time.monotonic() - begun)
                self.told.acknowledged.add(heard["key"])
            if not future.done():
                future.set_result(None)


async def sit_all(port: int, seats: list[Seat]) -> Told:
    begins = time.monotonic()
    told, pages = Told(begins + START_SECONDS), asyncio.Queue[Connection]()
    for _ in range(PAGE_CONNECTIONS):
        pages.put_nowait(Connection(port))
    ends = told.all_there + 60 * MINUTES
    await asyncio.gather(
        *(
            Candidate(port, seat, pages, told).sit(
                begins + START_SECONDS * place / len(seats), ends
            )
            for place, seat in enumerate(seats)
        )
    )
    return told


def within(seconds: list[float], share: float) -> float:
    """Return the milliseconds within which this share was done."""
    ordered = sorted(seconds)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def lost(of: Cluster, told: Told) -> int:
    """Count acknowledged answers that the database does not have."""
    with psycopg.connect(of.environment["DATABASE_URL"]) as connection:
        kept = {key for (key,) in connection.execute("SELECT key FROM delivery_responserevision")}
    return len(told.acknowledged - kept)


def scenes_of(of: Cluster, *arguments: str) -> dict[str, list[Seat]]:
    command = [sys.executable, "-m", "tests.bench.scene", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=of.environment, capture_output=True, text=True, check=True
    )
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return {name: [Seat(**one) for one in rows] for name, rows in found.items()}


async def start_all(port: int, seats: list[Seat]) -> list[float]:
    """All press Start in one moment; return how long each waited for the first item, in seconds."""
    pages = asyncio.Queue[Connection]()
    for _ in range(PAGE_CONNECTIONS):
        pages.put_nowait(Connection(port))
    began = time.monotonic()

    async def start(seat: Seat) -> float:
        connection = await pages.get()
        try:
            # A browser sends its start page's form; token and cookie are its own.
            cookies = [f"Cookie: {seat.cookies()}; csrftoken={TOKEN}", f"X-CSRFToken: {TOKEN}"]
            form = b"consent=1&javascript=1"
            head, _ = await connection.ask("POST", seat.item, cookies, form, kind=FORM)
            seat.keep(head)
            place = re.search(r"(?im)^location: (\S+)", head)
            if place is None:
                raise RuntimeError(f"not started: {head.splitlines()[0]}")
            await connection.ask("GET", place[1], [f"Cookie: {seat.cookies()}"])
        finally:
            pages.put_nowait(connection)
        return time.monotonic() - began

    try:
        return await asyncio.gather(*(start(seat) for seat in seats))
    finally:
        while not pages.empty():
            pages.get_nowait().close()


def start_together(of: Cluster, seats: list[Seat]) -> None:
    took = asyncio.run(start_all(of.port, seats))
    print(
        f"{len(seats)} candidates press Start in one moment: half have their first item after "
        f"{within(took, 0.5) / 1000:.1f} s, the last after {max(took):.1f} s (target 60)",
        flush=True,
    )


def show(when: str, waits: Waits, passed: float) -> None:
    for name, seconds in (("saves", waits.saves), ("pages", waits.pages)):
        print(
            f"{name} {when}: {len(seconds) / passed:.0f} a second, p50 {within(seconds, 0.5):.0f} "
            f"ms, p95 {within(seconds, 0.95):.0f} ms, p99 {within(seconds, 0.99):.0f} ms"
        )


def main() -> int:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with cluster.running() as of:
        made = scenes_of(of, "--waiting", "start", f"start:{STARTING}:40", f"main:{CANDIDATES}:40")
        start_together(of, made["start"])
        seats = made["main"]
        before = {name: machine.cpu_ms(one.pid) for name, one in of.processes.items()}
        began = time.monotonic()
        told = asyncio.run(sit_all(of.port, seats))
        passed = time.monotonic() - began
        print(f"{CANDIDATES} candidates for {MINUTES:g} minutes on {os.cpu_count()} cores:")
        show(f"while they came, in {START_SECONDS:.0f} s", told.coming, START_SECONDS)
        show("while all were there", told.sitting, passed - START_SECONDS)
        print(f"sockets opened again: {told.reconnected}")
        print(f"errors: {len(told.errors)}; acknowledged answers lost: {lost(of, told)}")
        for error in sorted(set(told.errors))[:5]:
            print(f"  {told.errors.count(error)} x {error}")
        for name, ms in before.items():
            share = (machine.cpu_ms(of.processes[name].pid) - ms) / passed / 10
            print(f"{name}: {share:.0f} % of a core")
    return 0
