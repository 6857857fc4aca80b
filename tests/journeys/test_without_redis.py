"""A whole exam with a Redis that is dead, and with one that hangs: over HTTP, to the receipt."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from delivery.sitting.wire import Browser, Origin, Socket
from tests import programs
from tests.faults.servers import Redis
from tests.serving import ROOT, Serving, environment, manage

FORM = "application/x-www-form-urlencoded"
ITEMS = ("Q01", "Q02", "Q03")
WAIT_SECONDS = 60.0
WAYS = ("dead", "hanging", "slow")
# A proctor's board and the health page, as their first pages say them.
STAFF = """
from django.contrib.auth.models import User
from django.test import Client
from delivery.models import Sitting
sitting = Sitting.objects.latest('pk')
client = Client(SERVER_NAME="127.0.0.1")
pia = User.objects.get_or_create(username="pia", defaults={"is_superuser": True})[0]
client.force_login(pia, "django.contrib.auth.backends.ModelBackend")
page = client.get(f"/proctor/{sitting.pk}/").content.decode()
print("polls" if "looking every 5 s" in page else "")
rows = client.get(f"/proctor/{sitting.pk}/rows/")
print(rows.status_code, "completed" in rows.content.decode().lower())
page = client.get("/staff/health/").content.decode()
print("Candidates can go on" in page, "Redis does not answer" in page)
"""


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    programs.need("Redis")
    service = Redis()
    yield service
    service.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, redis: Redis) -> Iterator[Serving]:
    """A web process whose Redis can be killed and made to hang."""
    folder = tmp_path_factory.mktemp("without-redis")
    serving = Serving(folder, "--no-celery", REDIS_URL=redis.url)
    manage(folder, "migrate", "--verbosity", "0", REDIS_URL=redis.url)
    manage(folder, "collectstatic", "--noinput", "--verbosity", "0", REDIS_URL=redis.url)
    serving.start()
    yield serving
    serving.stop()


@pytest.fixture(scope="module")
def cast(server: Serving) -> list[dict[str, Any]]:
    """Candidates in front of the start page, made by the product's own verbs; one for each test."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.scene", "0", str(len(WAYS))],
        cwd=ROOT,
        env=environment(server.folder) | server.overrides,
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout)["crowd"])


def browser(server: Serving, one: dict[str, Any]) -> Browser:
    name, _, value = str(one["cookie"]).partition("=")
    return Browser(Origin.read(server.url), {name: value, "csrftoken": uuid.uuid4().hex})


async def sit(candidate: Browser, enrolment: int) -> str:
    """Start, answer three items by a page's own requests, read the clock, submit."""
    start = f"/sittings/{enrolment}/"
    assert (await candidate.ask("GET", start)).status == 200
    led = await candidate.ask("POST", start, "consent=1&javascript=1", FORM)
    session = re.search(r"/sessions/([0-9a-f-]{36})/", led.first("location"))
    assert session is not None
    at, writer = f"/sessions/{session[1]}", uuid.uuid4().hex
    for number, item in enumerate(ITEMS, start=1):
        assert (await candidate.ask("GET", f"{at}/items/{item}/")).status == 200
        frame = {
            "type": "answer",
            "item": item,
            "value": [["r.RESPONSE", "B"]],
            "base_revision": 0,
            "client_seq": number,
            "key": uuid.uuid4().hex,
            "elapsed_ms": 1000,
            "writer": writer,
            "epoch": 0,
        }
        body = json.dumps({"saves": [frame]})
        told = await candidate.ask("POST", f"{at}/save/", body, "application/json")
        assert json.loads(told.body)["frames"][0]["type"] == "saved"
    clock = json.loads((await candidate.ask("GET", f"{at}/timer/")).body)
    assert "remaining_ms" in json.dumps(clock)
    over = await candidate.ask("POST", f"{at}/submit/", "confirmed=1", FORM)
    assert over.first("location") == f"{at}/receipt/"
    receipt = await candidate.ask("GET", f"{at}/receipt/")
    assert receipt.status == 200
    await candidate.close()
    return session[1]


@pytest.mark.parametrize("how", WAYS)
def test_a_whole_exam_goes_over_http_without_redis_and_sockets_return_with_it(
    server: Serving, redis: Redis, cast: list[dict[str, Any]], how: str
) -> None:
    one = cast[WAYS.index(how)]
    candidate = browser(server, one)
    if how == "dead":
        redis.kill()
    elif how == "hanging":
        redis.wire.cut()
    else:
        redis.wire.slow(0.3)
    try:
        session = asyncio.run(sit(candidate, int(one["enrolment"])))
        polls, rows, health = server.manage("shell", "-v0", "-c", STAFF).splitlines()
    finally:
        if how == "dead":
            redis.start()
        redis.wire.mend()
    # Slower than anybody waits for it, a slow one is told as an absent one.
    assert (polls, rows, health) == ("polls", "200 True", "True True")
    asyncio.run(until_a_socket_opens(candidate, session))


async def until_a_socket_opens(candidate: Browser, session: str) -> None:
    """The page tries again and again by itself; some try must be the first that succeeds."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            socket = await Socket.open(candidate, f"/ws/delivery/{session}/")
            async with asyncio.timeout(10):
                assert json.loads(await socket.receive())["type"] == "timer_sync"
            await socket.close()
            return
        except (OSError, EOFError, TimeoutError):
            assert time.monotonic() < until, "no socket opens any more"
            await asyncio.sleep(0.5)
