"""What sockets cost and how soon they hear: ten thousand held, words, deadlines."""

import asyncio
import json
import os
import subprocess
import sys
import time
from typing import Any

import psycopg

from tests.bench import load, machine, wire
from tests.bench.load import Seat
from tests.bench.wire import Hear, Wire
from tests.serving import ROOT, Serving, environment

HELD = int(os.environ.get("BENCH_SOCKETS", "10000"))
AUDIENCE = int(os.environ.get("BENCH_AUDIENCE", "1000"))
DEADLINES = int(os.environ.get("BENCH_DEADLINES", "2000"))
LAPTOPS = 100
COMMANDS = 200
LATE_SAVES = 50
PATIENCE_SECONDS = 60.0
# As long as it takes a busy machine to tell the pages of a deadline that was moved.
AHEAD_SECONDS, AHEAD_SECONDS_EACH = 10.0, 0.01
COUNT = "SELECT count(*) FROM delivery_assessmentsession WHERE id = ANY(%s) AND state = 'expired'"
RECORDED = "SELECT count(*) FROM integrity_ledgerentry WHERE kind = 'session.expired'"


class Ears:
    """When each socket heard the first text that holds the words waited for."""

    def __init__(self, words: bytes) -> None:
        self.words = words
        self.heard: dict[int, float] = {}

    def of(self, number: int) -> Hear:
        def hear(text: bytes) -> None:
            if number not in self.heard and self.words in text:
                self.heard[number] = time.monotonic()

        return hear

    async def all(self, count: int) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while len(self.heard) < count and time.monotonic() < until:  # noqa: ASYNC110  (no event a text)
            await asyncio.sleep(0.005)


class Sockets:
    """The figures of one server, on sessions that are all different."""

    def __init__(self, server: Serving, services: dict[str, str], seats: list[Seat]) -> None:
        self.server, self.services, self.seats = server, services, seats

    @property
    def pid(self) -> int:
        assert self.server.process is not None
        return self.server.process.pid

    def run(self) -> None:
        for figure in (self.hold, self.command, self.broadcast, self.end, self.close_laptops):
            # A process that has held nothing yet: what it reuses would hide what one costs.
            self.server.restart()
            asyncio.run(figure())

    async def hold(self) -> None:
        """Open sockets and leave them open: what one costs in memory, and all in CPU."""
        ears, seats = Ears(b""), self.seats[:HELD]
        first = await wire.open_wires(self.server.port, seats[:10], ears.of)
        await asyncio.sleep(2)
        before, began = machine.resident_kb(self.pid), machine.cpu_ms(self.pid)
        wires = await wire.open_wires(self.server.port, seats[10:], ears.of)
        opening = (machine.cpu_ms(self.pid) - began) / len(wires)
        await asyncio.sleep(5)
        each = (machine.resident_kb(self.pid) - before) / len(wires)
        busy, began = machine.cpu_ms(self.pid), time.monotonic()
        await asyncio.sleep(60)
        share = (machine.cpu_ms(self.pid) - busy) / (time.monotonic() - began) / 10
        held = sum(one.is_open for one in [*first, *wires])
        print(
            f"sockets held: {held} of {len(seats)} in one process (target 10000), {each:.0f} kB "
            f"each (target 40), idle with clocks {share:.1f} % of a core (target 13), "
            f"opened for {opening:.2f} ms CPU each"
        )
        close(first + wires)

    async def command(self) -> None:
        """A message to one candidate from another process, from its commit to the page."""
        some = self.seats[:50]
        heard: list[float] = []

        def ear(_number: int) -> Hear:
            return lambda text: heard.append(time.monotonic()) if b'"message"' in text else None

        wires = await wire.open_wires(self.server.port, some, ear)
        await asyncio.sleep(2)
        heard.clear()
        told = await self._act("tell", some, COMMANDS)
        await asyncio.sleep(1)
        close(wires)
        # A socket tells all its unread messages again; the first frame after a commit counts.
        took = [1000 * (after(heard, at) - at) for at in told]
        print(
            f"command from another process to a socket: p50 {at_share(took, 0.5):.1f} ms, "
            f"p99 {at_share(took, 0.99):.1f} ms (target 5)"
        )

    async def broadcast(self) -> None:
        """One message to many candidates, from its commit to the last page."""
        ears, some = Ears(b"To all"), self.seats[:AUDIENCE]
        wires = await wire.open_wires(self.server.port, some, ears.of)
        await asyncio.sleep(2)
        busy = machine.cpu_ms(self.pid)
        began, committed = await self._act("tell-all", some)
        await ears.all(len(some))
        busy = machine.cpu_ms(self.pid) - busy
        close(wires)
        took = [1000 * (at - committed) for at in ears.heard.values()]
        print(
            f"message to {len(some)} candidates: first page {min(took):.0f} ms, median "
            f"{at_share(took, 0.5):.0f} ms, last {max(took):.0f} ms after the commit (target 150); "
            f"heard by {len(took)}; writing it took {1000 * (committed - began):.0f} ms "
            f"(server {busy:.0f} ms CPU)"
        )

    async def end(self) -> None:
        """Many deadlines in one instant: told, recorded, and nothing accepted afterwards."""
        ears, some = Ears(b'"due"'), self.seats[:DEADLINES]
        ended = Ears(b'"expired"')
        refused: list[bytes] = []

        def ear(number: int) -> Hear:
            own, at_end = ears.of(number), ended.of(number)

            def hear(text: bytes) -> None:
                own(text)
                at_end(text)
                if b'"refused"' in text or b'"saved"' in text:
                    refused.append(text)

            return hear

        wires = await wire.open_wires(self.server.port, some, ear)
        ahead = AHEAD_SECONDS + AHEAD_SECONDS_EACH * len(some)
        (due,) = await self._act("let-end", some, ahead)
        recording = asyncio.create_task(asyncio.to_thread(self._recorded, some, due))
        await asyncio.sleep(max(0.0, due - time.monotonic() - 0.5))
        busy = machine.cpu_ms(self.pid)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        for one, seat in zip(wires[:LATE_SAVES], some, strict=False):
            one.send(json.dumps(load.answer(seat, "r.RESPONSE")))
        await ears.all(len(some))
        await ended.all(len(some))
        recorded, entries = await recording
        busy = machine.cpu_ms(self.pid) - busy
        await asyncio.sleep(2)
        close(wires)
        took = [1000 * (at - due) for at in ears.heard.values()]
        over = [1000 * (at - due) for at in ended.heard.values()]
        saved = sum(b'"saved"' in text for text in refused)
        print(
            f"{len(some)} deadlines in one instant: pages told first {min(took):.0f} ms, median "
            f"{at_share(took, 0.5):.0f} ms, last {max(took):.0f} ms after the grace (target 60), "
            f"told {len(took)}; sent on to the receipt: median {at_share(over, 0.5):.0f} ms, last "
            f"{max(over):.0f} ms, {len(over)} of them; all recorded after "
            f"{1000 * (recorded - due):.0f} ms (target 400), "
            f"{entries} ledger entries; of {LATE_SAVES} late saves {saved} accepted "
            f"(server {busy:.0f} ms CPU)"
        )

    async def close_laptops(self) -> None:
        """Many deadlines in one instant of candidates whose pages are gone: the sweep ends them."""
        swept, some = Serving(self.server.folder, **self.services), self.seats[-LAPTOPS:]
        swept.start()
        try:
            (due,) = await self._act("let-end", some, AHEAD_SECONDS)
            recorded, _entries = await asyncio.to_thread(self._recorded, some, due)
        finally:
            swept.stop()
        print(
            f"{len(some)} closed laptops: all ended {1000 * (recorded - due):.0f} ms after the "
            "grace (target 1100: the sweep's period and 100)"
        )

    def _recorded(self, seats: list[Seat], due: float) -> tuple[float, int]:
        ids = [one.id for one in seats]
        with psycopg.connect(self.services["DATABASE_URL"], autocommit=True) as connection:
            connection.execute("SELECT 1")
            time.sleep(max(0.0, due - time.monotonic()))
            until = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < until:
                if _count(connection, COUNT, [ids]) == len(ids):
                    break
                time.sleep(0.02)
            return time.monotonic(), _count(connection, RECORDED, [])

    async def _act(self, act: str, seats: list[Seat], number: float = 0) -> list[float]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.bench.acting",
            act,
            str(number),
            cwd=ROOT,
            env=environment(self.server.folder) | self.services,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        out, _error = await process.communicate(json.dumps([one.id for one in seats]).encode())
        found: list[float] = json.loads(out)
        return found


def _count(connection: "psycopg.Connection[Any]", query: str, values: list[Any]) -> int:
    row = connection.execute(query.encode(), values).fetchone()
    return int(row[0]) if row else 0


def close(wires: list[Wire]) -> None:
    for one in wires:
        one.close()


def after(heard: list[float], at: float) -> float:
    return next((one for one in heard if one >= at), float("inf"))


def at_share(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
