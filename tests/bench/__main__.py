"""Speed as ratios: interleaved rounds beside references of the same minute; medians are printed."""

import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from tests import programs, services
from tests.bench import answering, capacity, load, machine
from tests.bench.load import Mark, Seat
from tests.bench.sockets import Sockets
from tests.serving import ROOT, Serving, environment, manage

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
CONNECTIONS = 16
SOCKETS = 64
CANDIDATES = 500
A_SECOND = 1_000
ITEMS = 40  # as many as a page's map has in a long test
LENGTHS = (10, 100, 1_000)
SESSIONS = (10, 1_000, 100_000)
WIDTH = 50
UPSERT = """\\set id random(1, 2000)
INSERT INTO bench_answer VALUES (:id, 'A') ON CONFLICT (id) DO UPDATE SET value = 'B';
"""


Work = Callable[[Mark], tuple[int, float]]
Ask = Callable[[int, list[Seat], float, Mark], Coroutine[Any, Any, tuple[int, float]]]


@dataclass
class Figure:
    """What one workload did in each round: answers per second, and CPU per answer."""

    name: str
    rates: list[float] = field(default_factory=list)
    server_ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)

    def beside(self, reference: "Figure") -> str:
        pairs = zip(self.rates, reference.rates, strict=True)
        ratio = median(own / other for own, other in pairs)
        return f"{self.name}: {ratio:.3f} x {reference.name} ({self.cost()})"

    def beside_cost(self, reference: "Figure") -> float:
        """Return the CPU of one as a multiple of the reference's in the same rounds."""
        both = zip(self._together(), reference._together(), strict=True)
        return median(own / other for own, other in both)

    def _together(self) -> list[float]:
        return [sum(pair) for pair in zip(self.server_ms, self.database_ms, strict=True)]

    def cost(self) -> str:
        server, database = median(self.server_ms), median(self.database_ms)
        return f"server {server:.2f} ms CPU, database {database:.2f} ms CPU"


class Bench:
    """A PostgreSQL that syncs to disk, Redis, one web process, and candidates amid a test."""

    def __init__(self, folder: Path, postmaster: int, **services: str) -> None:
        self.folder = folder
        self.services = services
        self.url = services["DATABASE_URL"]
        self.postmaster = postmaster
        _prepare(folder, services)
        lengths = [f"long{length}:4:{length}" for length in LENGTHS]
        self.scenes = self._scene(f"main:{CANDIDATES}:{ITEMS}", *lengths, "few:10:3")
        self.seats = self.scenes["main"]
        (folder / "upsert.sql").write_text(UPSERT)
        self._psql("CREATE TABLE bench_answer (id integer PRIMARY KEY, value text)")
        self.server = Serving(folder, "--no-celery", **services)
        # One process with a file that syncs at every commit: nothing else is installed there.
        alone = folder / "embedded"
        alone.mkdir()
        _prepare(alone, {})
        self.embedded = Serving(alone, "--no-celery")
        self.embedded_seats = _scene(alone, {}, f"main:{CONNECTIONS}:{ITEMS}")["main"]

    def _scene(self, *arguments: str, given: str = "") -> dict[str, list[Seat]]:
        return _scene(self.folder, self.services, *arguments, given=given)

    def multiply(self, total: int) -> None:
        """Make the few sessions of a scene many."""
        rows = [
            {"id": one.id, "item": one.item, "cookie": one.cookie} for one in self.scenes["few"]
        ]
        self.scenes |= self._scene("--multiply", str(total), given=json.dumps(rows))

    def _program(self, name: str) -> str:
        folder = programs.postgresql()
        assert folder is not None
        return str(folder / name)

    def _psql(self, statement: str) -> None:
        subprocess.run([self._program("psql"), "-q", "-c", statement, self.url], check=True)

    def upsert(self, clients: int) -> tuple[int, float]:
        seconds, script = str(round(SECONDS)), str(self.folder / "upsert.sql")
        options = ["-n", "-M", "prepared", "-c", str(clients), "-T", seconds, "-f", script]
        done = subprocess.run(
            [self._program("pgbench"), *options, self.url],
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r"actually processed: (\d+)", done.stdout)
        assert found is not None, done.stdout
        return int(found[1]), float(seconds)

    def measure(self, figure: Figure, work: Work, server: Serving | None = None) -> None:
        """Add a round to a figure; what is asked before and after the loop does not count."""
        process = (server or self.server).process
        assert process is not None
        pid, marks = process.pid, list[tuple[float, float]]()

        def mark() -> None:
            marks.append((machine.cpu_ms(pid), machine.cpu_ms(self.postmaster)))

        mark()
        done, seconds = work(mark)
        mark()
        before, after = marks[1:3] if len(marks) > 2 else marks
        figure.rates.append(done / seconds)
        figure.server_ms.append((after[0] - before[0]) / done)
        figure.database_ms.append((after[1] - before[1]) / done)

    def run(self) -> None:
        """Print every ratio, the references measured in the same rounds."""
        port, some, many = self.server.port, self.seats[:CONNECTIONS], self.seats[:SOCKETS]
        upsert, alone = Figure("pgbench -c 32"), Figure("pgbench -c 1")
        view, page = Figure("SELECT 1"), Figure("item page")
        http, socket = Figure("HTTP save"), Figure("socket save")
        embedded = Figure("HTTP save on SQLite")
        work: list[tuple[Figure, Work]] = [
            (upsert, lambda _mark: self.upsert(32)),
            (alone, lambda _mark: self.upsert(1)),
            (view, lambda mark: asyncio.run(load.health(port, some, SECONDS, mark))),
            (page, lambda mark: asyncio.run(load.pages(port, some, SECONDS, mark))),
            (http, lambda mark: asyncio.run(load.saves(port, some, SECONDS, mark))),
            (socket, lambda mark: asyncio.run(answering.socket_saves(port, many, SECONDS, mark))),
        ]
        asyncio.run(load.pages(port, some, 1.0))
        paced: list[tuple[float, float]] = []
        for number in range(1, ROUNDS + 1):
            print(f"round {number} of {ROUNDS}", file=sys.stderr, flush=True)
            for figure, one in work:
                self.measure(figure, one)
            self.measure(embedded, self._embedded_save, self.embedded)
            paced.append(self.pace(1000 / alone.rates[-1]))
        print(page.beside(view))
        print(http.beside(view))
        print(embedded.beside(http))
        print(socket.beside(upsert))
        half, nearly_all = (median(one) for one in zip(*paced, strict=True))
        name = f"socket save at {A_SECOND} a second over {CANDIDATES} sockets"
        print(f"{name}: p50 {half:.1f} x, p99 {nearly_all:.1f} x the latency of pgbench -c 1")
        for figure in (upsert, alone, view):
            print(f"{figure.name}: {median(figure.rates):.0f} a second ({figure.cost()})")

    def _embedded_save(self, mark: Mark) -> tuple[int, float]:
        return asyncio.run(load.saves(self.embedded.port, self.embedded_seats, SECONDS, mark))

    def pace(self, latency_ms: float) -> tuple[float, float]:
        """Return p50 and p99 as multiples of one client's latency; a lost answer is an error."""
        found = asyncio.run(answering.paced_saves(self.server.port, self.seats, A_SECOND, SECONDS))
        if found.failed:
            print(f"not acknowledged: {found.failed} of {len(found.seconds)}", file=sys.stderr)
        return found.at(0.5) / latency_ms, found.at(0.99) / latency_ms

    def costs(self, places: Sequence[list[Seat]]) -> list[list[float]]:
        """Return the CPU of a page and of a save by socket at each place, as multiples of the
        view's beside them: server and database together.

        The places take turns, so that a slow minute is everybody's.
        """
        port = self.server.port
        found: list[list[Figure]] = []
        for seats in places:
            asyncio.run(load.pages(port, seats, 0.5))
            found.append([Figure("view"), Figure("page"), Figure("save")])
        for _ in range(ROUNDS):
            for (view, page, save), seats in zip(found, places, strict=True):
                for figure, ask, seconds in (
                    (view, load.health, 0.5),
                    (page, load.pages, 1.0),
                    (save, answering.socket_saves, 0.7),
                ):
                    work = partial(self._asked, ask, seats, seconds)
                    self.measure(figure, work)
        return [[one.beside_cost(view) for one in others] for view, *others in found]

    def _asked(self, ask: Ask, seats: list[Seat], seconds: float, mark: Mark) -> tuple[int, float]:
        return asyncio.run(ask(self.server.port, seats, seconds, mark))

    def grow(self) -> None:
        """Print how the cost grows with the items of a test and the sessions in the database."""
        plot("items in a test", LENGTHS, self.costs([self.scenes[f"long{n}"] for n in LENGTHS]))
        sessions = self.costs([self.scenes["few"][:4]])
        for total in SESSIONS[1:]:
            self.multiply(total)
            sessions += self.costs([self.scenes["few"][:4]])
        plot("sessions in the database", SESSIONS, sessions)


def _prepare(folder: Path, services: dict[str, str]) -> None:
    manage(folder, "migrate", "--verbosity", "0", **services)
    manage(folder, "collectstatic", "--noinput", "--verbosity", "0", **services)


def _scene(
    folder: Path, services: dict[str, str], *arguments: str, given: str = ""
) -> dict[str, list[Seat]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scene", *arguments],
        cwd=ROOT,
        env=environment(folder) | services,
        input=given,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return {name: [Seat(**one) for one in rows] for name, rows in found.items()}


def plot(name: str, places: tuple[int, ...], costs: list[list[float]]) -> None:
    """Draw the cost at each place; flat is the same length of bar."""
    for number, what in enumerate(("page", "socket save")):
        values = [cost[number] for cost in costs]
        spread = max(values) / min(values)
        print(f"{what}, CPU x SELECT 1's by {name}: {spread:.2f} x from least to most")
        for place, value in zip(places, values, strict=True):
            bar = "#" * round(WIDTH * value / max(values))
            print(f"  {place:>7} |{bar:<{WIDTH}}| {value:.2f}")


def main() -> int:
    if os.environ.get("CAPACITY") == "1":
        return capacity.main()
    if programs.postgresql() is None or programs.redis() is None:
        print("Left out: the bench, because PostgreSQL or Redis is not installed.")
        return 1 if programs.required() else 0
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with (
        tempfile.TemporaryDirectory() as name,
        services.postgresql(durable=True) as url,
    ):
        (postmaster,) = machine.children(os.getpid())
        with services.redis() as redis:
            bench = Bench(Path(name), postmaster, DATABASE_URL=url, REDIS_URL=redis)
            bench.server.start()
            bench.embedded.start()
            try:
                bench.run()
                bench.grow()
                Sockets(bench.server, bench.services, bench.scenes["many"]).run()
            finally:
                bench.embedded.stop()
                bench.server.stop()
    for module in ("tests.bench.engine", "tests.bench.peers"):
        subprocess.run([sys.executable, "-m", module], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
