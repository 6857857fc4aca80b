"""The same code on PostgreSQL and Redis, by DATABASE_URL and REDIS_URL alone."""

import asyncio
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import programs, services
from tests.bench import load
from tests.bench.load import Connection, Form, Seat
from tests.serving import ROOT, Serving, environment, manage

PAUSE = """
import time
from django.utils import timezone
from delivery.session import sessions
sessions.pause({id!r}, paused_by="proctor", reason="drill", by="user:1", at=timezone.now())
time.sleep(1)
"""

# What a long wait does: the limit has passed, and nobody has asked since.
TIME_IS_UP = """
from datetime import timedelta
from django.utils import timezone
from delivery.models import AssessmentSession
past = timezone.now() - timedelta(minutes=1)
AssessmentSession.objects.filter(pk={id!r}).update(adjusted_ms=-5 * 3600 * 1000, due_at=past)
"""
STATE = """
import time
from delivery.models import AssessmentSession
for _ in range(120):
    session = AssessmentSession.objects.get(pk={id!r})
    if session.scored_at:
        break
    time.sleep(0.25)
print(session.state, "scored" if session.scored_at else "not scored")
"""
ServersAndSeats = tuple[Serving, Serving, list[Seat]]


def seated(folder: Path, **urls: str) -> list[Seat]:
    """Candidates in the middle of a test."""
    manage(folder, "migrate", "--verbosity", "0", **urls)
    manage(folder, "collectstatic", "--noinput", "--verbosity", "0", **urls)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scene", "main:4:40"],
        cwd=ROOT,
        env=environment(folder) | urls,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Seat(**one) for one in json.loads(done.stdout)["main"]]


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ServersAndSeats]:
    """Two servers on one PostgreSQL and one Redis, and candidates in the middle of a test."""
    programs.need("PostgreSQL")
    programs.need("Redis")
    folder = tmp_path_factory.mktemp("cluster")
    with services.postgresql() as database, services.redis() as redis:
        urls = {"DATABASE_URL": database, "REDIS_URL": redis}
        seats = seated(folder, **urls)
        servers = Serving(folder, **urls), Serving(folder, "--no-celery", **urls)
        for server in servers:
            server.start()
        yield *servers, seats
        for server in servers:
            server.stop()


async def save(port: int, seat: Seat) -> dict[str, Any]:
    connection = Connection(port)
    form: Form = await load.open_form(connection, seat)
    headers = [f"Cookie: {seat.cookies()}", f"X-CSRFToken: {form.token}"]
    body = json.dumps({"saves": [load.answer(seat, form.field)]}).encode()
    _, content = await connection.ask("POST", f"/sessions/{seat.id}/save/", headers, body)
    connection.close()
    told: dict[str, Any] = json.loads(content)
    return told


def types(told: dict[str, Any]) -> list[str]:
    return [one["type"] for one in told["frames"]]


def test_both_servers_know_the_same_sign_in(cluster: ServersAndSeats) -> None:
    first, second, seats = cluster
    for server in (first, second):
        assert types(asyncio.run(save(server.port, seats[0])))[0] == "saved"


def test_pause_in_another_process_reaches_the_page(cluster: ServersAndSeats) -> None:
    first, _, seats = cluster
    seat = seats[1]

    async def listen() -> dict[str, object]:
        socket = await load.open_socket(first.port, seat)
        code = PAUSE.format(id=seat.id)
        shell = asyncio.to_thread(
            manage, first.folder, "shell", "-v0", "-c", code, **first.overrides
        )
        paused = asyncio.create_task(shell)
        async with asyncio.timeout(30):
            async for frame in socket:
                told: dict[str, object] = json.loads(frame)
                if told["type"] == "session" and told["state"] == "paused":
                    break
        await paused
        await socket.close()
        return told

    assert asyncio.run(listen())["overlay"] != ""


def test_beat_and_worker_run_on_the_redis_broker(cluster: ServersAndSeats) -> None:
    first, _, seats = cluster
    shell = partial(manage, first.folder, "shell", "-v0", "-c", **first.overrides)
    shell(TIME_IS_UP.format(id=seats[2].id))
    found = shell(STATE.format(id=seats[2].id))
    assert found.split() == ["expired", "scored"]


def test_server_that_ends_under_load_says_goodbye_and_leaves_in_order(
    cluster: ServersAndSeats,
) -> None:
    _, server, seats = cluster
    statuses: set[int] = set()
    load_is_on = threading.Event()
    enough = threading.Event()

    def ask_again_and_again() -> None:
        while not enough.is_set():
            try:
                with urllib.request.urlopen(server.url + "/", timeout=10) as answer:
                    statuses.add(answer.status)
                load_is_on.set()
            except OSError:  # it listens no more
                return

    async def end() -> tuple[int, int | None]:
        socket = await load.open_socket(server.port, seats[3])
        await asyncio.to_thread(load_is_on.wait, 30)
        code = await asyncio.to_thread(server.stop)
        await socket.wait_closed()
        return code, socket.close_code

    threads = [threading.Thread(target=ask_again_and_again) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert asyncio.run(end()) == (0, 1012)
    finally:
        enough.set()
        for thread in threads:
            thread.join()
        server.start()
    assert statuses == {200}


def test_answers_are_saved_while_redis_is_dead(tmp_path: Path) -> None:
    seats = seated(tmp_path)
    server = Serving(tmp_path, "--no-celery", REDIS_URL="redis://127.0.0.1:1/0")
    server.start()
    try:
        told = asyncio.run(save(server.port, seats[0]))
    finally:
        server.stop()
    assert types(told) == ["saved", "timer_sync", "session"]
