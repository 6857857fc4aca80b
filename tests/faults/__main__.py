"""`make faults`: candidates answer while processes are killed; every acknowledgement must hold."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests import programs
from tests.faults.driving import Candidate, Record
from tests.faults.servers import ROOT, Postgres, Web

CANDIDATES = 24
PACE_SECONDS = 0.15


@dataclass(frozen=True)
class Fault:
    """What is broken, how often, and how it is mended."""

    name: str
    injections: int
    inject: Callable[[], None]
    mend: Callable[[], None]
    down_seconds: float = 0.5


@dataclass
class Outcome:
    """One line of the table."""

    name: str
    injections: int
    acknowledged: int
    recovery_seconds: float


def environment(postgres: Postgres, folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    return kept | {
        "DATABASE_URL": postgres.url,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "VAR_DIR": folder,
        "MEDIA_ROOT": f"{folder}/media",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }


def run(env: dict[str, str], *arguments: str, given: str = "") -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=env, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def candidates(env: dict[str, str], webs: list[Web], record: Record) -> list[Candidate]:
    """Make sessions in progress by the product's own verbs, with a page for each."""
    made = json.loads(run(env, "-m", "tests.bench.scene", str(CANDIDATES)))
    ports, items = [web.port for web in webs], [f"Q{number:02}" for number in range(1, 11)]
    return [Candidate(one["id"], one["cookie"], items, ports, record, PACE_SECONDS) for one in made]


def faults(postgres: Postgres, webs: list[Web], *, short: bool) -> list[Fault]:
    def kill_all() -> None:
        for web in webs:
            web.kill()

    def start_all() -> None:
        for web in webs:
            web.start()

    times = 1 if short else 6
    return [
        Fault("SIGKILL of one web process", times, webs[0].kill, webs[0].start),
        Fault("SIGKILL of every web process", times, kill_all, start_all),
        Fault("SIGKILL of PostgreSQL", times, postgres.kill, postgres.start),
        Fault("immediate stop of PostgreSQL", times, postgres.stop_at_once, postgres.start),
        Fault("PostgreSQL away for 5 s", 1 if short else 3, postgres.kill, postgres.start, 5.0),
    ]


async def until_more(record: Record, count: int, seconds: float = 180.0) -> float:
    """Wait until so many more answers are acknowledged; return how long that took."""
    begun, wanted = time.monotonic(), len(record.acknowledged) + count
    while len(record.acknowledged) < wanted:
        if time.monotonic() - begun > seconds:
            raise RuntimeError("Nothing is acknowledged any more: the service did not recover.")
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


async def suffer(fault: Fault, record: Record) -> Outcome:
    before, worst = len(record.acknowledged), 0.0
    for _ in range(fault.injections):
        await until_more(record, CANDIDATES * 2)
        await asyncio.to_thread(fault.inject)
        await asyncio.sleep(fault.down_seconds)
        await asyncio.to_thread(fault.mend)
        worst = max(worst, await until_more(record, 1))
    await until_more(record, CANDIDATES * 2)
    return Outcome(fault.name, fault.injections, len(record.acknowledged) - before, worst)


async def play(playing: list[Candidate], plan: list[Fault], record: Record) -> list[Outcome]:
    stop = asyncio.Event()
    pages: list[Awaitable[None]] = [
        asyncio.create_task(candidate.answer_until(stop)) for candidate in playing
    ]
    try:
        outcomes = []
        for fault in plan:
            outcomes.append(await suffer(fault, record))
            print(line(outcomes[-1]), flush=True)
        await until_more(record, max(0, 1000 - len(record.acknowledged)))
        return outcomes
    finally:
        stop.set()
        await asyncio.gather(*pages, return_exceptions=True)


def line(outcome: Outcome) -> str:
    return (
        f"{outcome.name:32} {outcome.injections:3} times {outcome.acknowledged:6} acknowledged  "
        f"back after {outcome.recovery_seconds:4.1f} s"
    )


def main(*, short: bool) -> int:
    if programs.postgresql() is None:
        print("Left out: the fault suite needs PostgreSQL, which is not installed.")
        return 1 if programs.required() else 0
    record, postgres = Record(), Postgres()
    with tempfile.TemporaryDirectory(prefix="invigil-faults-var-") as folder:
        env = environment(postgres, folder)
        webs = [Web(env), Web(env)]
        try:
            run(env, "manage.py", "migrate", "--verbosity", "0")
            for web in webs:
                web.start()
            playing = candidates(env, webs, record)
            asyncio.run(play(playing, faults(postgres, webs, short=short), record))
            return judge(env, record)
        finally:
            for web in webs:
                web.kill()
            postgres.close()


def judge(env: dict[str, str], record: Record) -> int:
    given = json.dumps([asdict(one) for one in record.acknowledged])
    found = run(env, "-m", "tests.faults.judging", given=given).splitlines()
    lost = [text for text in found if text.startswith(("lost", "garbled", "not in"))]
    for text in found:
        print(text)
    for told in record.refused[:5]:
        print(f"refused: {told}")
    print(f"{record.broken} connections broke and came back")
    print(f"{len(record.acknowledged)} acknowledged, {len(lost)} lost")
    return 1 if found else 0


if __name__ == "__main__":
    assert Path("manage.py").exists(), "Run it from the project's folder."
    sys.exit(main(short="--short" in sys.argv[1:]))
