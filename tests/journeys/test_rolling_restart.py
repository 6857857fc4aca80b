"""A rolling restart of the very cluster that `make cluster` runs: nothing is lost on the way."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from deploy import cluster
from deploy.cluster import Cluster
from tests import programs
from tests.bench import load
from tests.bench.load import Connection, Form, Seat
from tests.serving import ROOT

CANDIDATES = 4


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    programs.need("PostgreSQL")
    programs.need("Redis")
    programs.need("nginx")
    with cluster.running() as found:
        yield found


def seats(of: Cluster) -> list[Seat]:
    command = [sys.executable, "-m", "tests.bench.scene", f"main:{CANDIDATES}:3"]
    done = subprocess.run(
        command, cwd=ROOT, env=of.environment, capture_output=True, text=True, check=True
    )
    return [Seat(**one) for one in json.loads(done.stdout)["main"]]


class Candidate:
    """A page that saves one answer after the other, each again until it is acknowledged."""

    def __init__(self, port: int, seat: Seat) -> None:
        self.port, self.seat = port, seat
        self.connection = Connection(port)
        self.acknowledged: set[str] = set()
        self.begun = asyncio.Event()

    async def work(self, done: asyncio.Event) -> None:
        form = await load.open_form(self.connection, self.seat)
        while not done.is_set():
            answer = load.answer(self.seat, form.field)
            while not await self._is_saved(answer, form):
                # The browser, too, opens a new connection where one was closed.
                self.connection.close()
                self.connection = Connection(self.port)
                await asyncio.sleep(0.05)
            self.acknowledged.add(str(answer["key"]))
            self.begun.set()
        await load.open_page(self.connection, self.seat)  # still signed in, still at the item
        self.connection.close()

    async def _is_saved(self, answer: dict[str, object], form: Form) -> bool:
        headers = [f"Cookie: {self.seat.cookies()}", f"X-CSRFToken: {form.token}"]
        body = json.dumps({"saves": [answer]}).encode()
        path = f"/sessions/{self.seat.id}/save/"
        try:
            _, content = await self.connection.ask("POST", path, headers, body)
        except (OSError, EOFError, RuntimeError):
            return False
        return b'"saved"' in content


async def lose_socket_and_return(port: int, seat: Seat) -> None:
    """The socket is closed by the restart; it opens again in another process."""
    socket = await load.open_socket(port, seat)
    try:
        async for _frame in socket:
            pass
    except ConnectionClosed:
        pass
    again = await load.open_socket(port, seat)
    assert json.loads(await again.recv())["type"] == "timer_sync"
    await again.close()


async def restart_all(of: Cluster, candidates: list[Candidate]) -> None:
    done = asyncio.Event()
    work = [asyncio.create_task(one.work(done)) for one in candidates]
    await asyncio.gather(*(one.begun.wait() for one in candidates))
    returns = asyncio.create_task(lose_socket_and_return(of.port, candidates[0].seat))
    for port in cluster.WEB_PORTS:
        await asyncio.to_thread(of.restart_web, port)
    await returns
    done.set()
    await asyncio.gather(*work)


def test_rolling_restart_loses_no_answer_and_no_session(
    running: Cluster,
) -> None:
    candidates = [Candidate(running.port, seat) for seat in seats(running)]
    asyncio.run(restart_all(running, candidates))
    with psycopg.connect(running.environment["DATABASE_URL"]) as connection:
        kept = {key for (key,) in connection.execute("SELECT key FROM delivery_responserevision")}
    assert set().union(*(one.acknowledged for one in candidates)) - kept == set()
