"""Speed as ratios: interleaved rounds beside references of the same minute; medians are printed."""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests import programs, services
from tests.bench import load, machine
from tests.bench.load import Seat
from tests.serving import ROOT, Serving, environment, manage

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
CONNECTIONS = 16
SOCKETS = 64
HELD = int(os.environ.get("BENCH_SOCKETS", "200"))
UPSERT = """\\set id random(1, 2000)
INSERT INTO bench_answer VALUES (:id, 'A') ON CONFLICT (id) DO UPDATE SET value = 'B';
"""


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

    def cost(self) -> str:
        server, database = median(self.server_ms), median(self.database_ms)
        return f"server {server:.2f} ms CPU, database {database:.2f} ms CPU"


class Bench:
    """A PostgreSQL that syncs to disk, one Daphne, and candidates in the middle of a test."""

    def __init__(self, url: str, postmaster: int, folder: Path) -> None:
        self.url = url
        self.postmaster = postmaster
        manage(folder, "migrate", "--verbosity", "0", DATABASE_URL=url)
        manage(folder, "collectstatic", "--noinput", "--verbosity", "0", DATABASE_URL=url)
        self.seats = self._seats(folder)
        (folder / "upsert.sql").write_text(UPSERT)
        self.script = folder / "upsert.sql"
        self._psql("CREATE TABLE bench_answer (id integer PRIMARY KEY, value text)")
        self.server = Serving(folder, "--no-celery", DATABASE_URL=url)

    def _seats(self, folder: Path) -> list[Seat]:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.scene", str(max(HELD, SOCKETS))],
            cwd=ROOT,
            env=environment(folder) | {"DATABASE_URL": self.url},
            capture_output=True,
            text=True,
            check=True,
        )
        return [Seat(**one) for one in json.loads(done.stdout)]

    def _program(self, name: str) -> str:
        folder = programs.postgresql()
        assert folder is not None
        return str(folder / name)

    def _psql(self, statement: str) -> None:
        subprocess.run([self._program("psql"), "-q", "-c", statement, self.url], check=True)

    def upsert(self) -> tuple[int, float]:
        options = [
            "-n",
            "-M",
            "prepared",
            "-c",
            "8",
            "-T",
            str(round(SECONDS)),
            "-f",
            str(self.script),
        ]
        done = subprocess.run(
            [self._program("pgbench"), *options, self.url],
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r"actually processed: (\d+)", done.stdout)
        assert found is not None, done.stdout
        return int(found[1]), SECONDS

    def measure(self, figure: Figure, work: Callable[[], tuple[int, float]]) -> None:
        process = self.server.process
        assert process is not None
        before = machine.cpu_ms(process.pid), machine.cpu_ms(self.postmaster)
        done, seconds = work()
        after = machine.cpu_ms(process.pid), machine.cpu_ms(self.postmaster)
        figure.rates.append(done / seconds)
        figure.server_ms.append((after[0] - before[0]) / done)
        figure.database_ms.append((after[1] - before[1]) / done)

    def run(self) -> None:
        port, some, many = self.server.port, self.seats[:CONNECTIONS], self.seats[:SOCKETS]
        upsert, view = Figure("pgbench upsert"), Figure("SELECT 1 view")
        work: list[tuple[Figure, Callable[[], tuple[int, float]]]] = [
            (upsert, self.upsert),
            (view, lambda: asyncio.run(load.health(port, some, SECONDS))),
            (Figure("item page"), lambda: asyncio.run(load.pages(port, some, SECONDS))),
            (Figure("answer save, HTTP"), lambda: asyncio.run(load.saves(port, some, SECONDS))),
            (
                Figure("answer save, socket"),
                lambda: asyncio.run(load.socket_saves(port, many, SECONDS)),
            ),
        ]
        asyncio.run(load.pages(port, some, 1.0))
        for round_number in range(1, ROUNDS + 1):
            print(f"round {round_number} of {ROUNDS}", file=sys.stderr, flush=True)
            for figure, one in work:
                self.measure(figure, one)
        for figure, _ in work[2:]:
            print(figure.beside(upsert))
            print(figure.beside(view))
        for figure in (upsert, view):
            print(f"{figure.name}: {median(figure.rates):.0f} a second ({figure.cost()})")

    async def hold(self) -> None:
        """Opens sockets and leaves them open; prints what one costs in memory."""
        process = self.server.process
        assert process is not None
        first = await load.open_socket(self.server.port, self.seats[0])
        before = machine.resident_kb(process.pid)
        sockets = [await load.open_socket(self.server.port, seat) for seat in self.seats[1:HELD]]
        await asyncio.sleep(2)
        each = (machine.resident_kb(process.pid) - before) / len(sockets)
        print(f"sockets held: {len(sockets) + 1} in one process, {each:.0f} kB each")
        for socket in [first, *sockets]:
            await socket.close()


def main() -> int:
    subprocess.run([sys.executable, "-m", "tests.bench.engine"], cwd=ROOT, check=True)
    if programs.postgresql() is None:
        print("Left out: the bench, because PostgreSQL is not installed.")
        return 1 if programs.required() else 0
    with tempfile.TemporaryDirectory() as name, services.postgresql(durable=True) as url:
        (postmaster,) = machine.children(os.getpid())
        bench = Bench(url, postmaster, Path(name))
        bench.server.start()
        try:
            bench.run()
            # A process that has held nothing yet: what it reuses would hide what a socket costs.
            bench.server.restart()
            asyncio.run(bench.hold())
        finally:
            bench.server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
