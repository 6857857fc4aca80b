"""`make faults`: candidates answer while things break; every acknowledgement must hold."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests import programs
from tests.faults import crowds, plan
from tests.faults.crowds import Arrival
from tests.faults.driving import Candidate, Record
from tests.faults.plan import Fault
from tests.faults.stack import Stack, cast, standing

CANDIDATES = 24
CROWD = 150
PACE_SECONDS = 0.15
LEAST_ACKNOWLEDGED = 1_000
DISK_MIB = 256
ITEMS = [f"Q{number:02}" for number in range(1, 11)]
LOST = ("lost", "garbled", "not in")


@dataclass
class Outcome:
    """One line of the table."""

    name: str
    injections: int
    acknowledged: int
    meanwhile: int | None
    recovery_seconds: float
    places: frozenset[str] = frozenset()


async def until_more(record: Record, count: int, seconds: float = 180.0) -> float:
    """Wait until so many more answers are acknowledged; return how long that took."""
    begun, wanted = time.monotonic(), len(record.acknowledged) + count
    while len(record.acknowledged) < wanted:
        if time.monotonic() - begun > seconds:
            raise RuntimeError("Nothing is acknowledged any more: the service did not recover.")
        await asyncio.sleep(0.02)
    return time.monotonic() - begun


async def suffer(fault: Fault, record: Record) -> Outcome:
    before, worst, meanwhile = len(record.acknowledged), 0.0, 0
    for _ in range(fault.injections):
        await until_more(record, CANDIDATES * 2)
        await asyncio.to_thread(fault.inject)
        during = len(record.acknowledged)
        await asyncio.sleep(fault.down_seconds)
        meanwhile += len(record.acknowledged) - during
        if fault.goes_on and len(record.acknowledged) == during:
            record.wrong.append(f"nothing was acknowledged during: {fault.name}")
        begun = time.monotonic()
        await asyncio.to_thread(fault.mend)
        if fault.is_back is not None:
            await asyncio.to_thread(fault.is_back)
        await until_more(record, 1)
        worst = max(worst, time.monotonic() - begun)
    await until_more(record, CANDIDATES * 2)
    told = meanwhile if fault.goes_on else None
    return outcome(record, fault.name, fault.injections, before, told, worst)


def outcome(
    record: Record, name: str, injections: int, before: int, meanwhile: int | None, seconds: float
) -> Outcome:
    """Return a line of the table, which remembers what was acknowledged under the fault."""
    given = record.acknowledged[before:]
    places = frozenset(one.place for one in given)
    return Outcome(name, injections, len(given), meanwhile, seconds, places)


async def play(
    playing: list[Candidate], faults: list[Fault], record: Record, least: int
) -> list[Outcome]:
    stop = asyncio.Event()
    pages: list[Awaitable[None]] = [
        asyncio.create_task(candidate.answer_until(stop)) for candidate in playing
    ]
    try:
        outcomes = []
        for fault in faults:
            outcomes.append(await suffer(fault, record))
            print(line(outcomes[-1]), flush=True)
        await until_more(record, max(0, least - len(record.acknowledged)))
        return outcomes
    finally:
        stop.set()
        await asyncio.gather(*pages, return_exceptions=True)


async def crowd(arrivals: list[Arrival], record: Record) -> list[Outcome]:
    """Let everybody start in one second and submit in another."""
    acts: tuple[tuple[str, Callable[[list[Arrival]], Awaitable[float]]], ...] = (
        (f"{len(arrivals)} start in one second, twice", crowds.all_start),
        (f"{len(arrivals)} submit in one second, twice", crowds.all_submit),
    )
    outcomes = []
    for name, act in acts:
        before = len(record.acknowledged)
        seconds = await act(arrivals)
        outcomes.append(outcome(record, name, len(arrivals), before, None, seconds))
        print(line(outcomes[-1]), flush=True)
    return outcomes


def line(outcome: Outcome) -> str:
    """What is known at once; how many were lost is known at the end."""
    during = "" if outcome.meanwhile is None else f", {outcome.meanwhile} of them meanwhile"
    return (
        f"{outcome.name:36} {outcome.injections:4} times {outcome.acknowledged:6} acknowledged"
        f"  back after {outcome.recovery_seconds:5.1f} s{during}"
    )


def table(outcomes: list[Outcome], found: list[str]) -> str:
    """Fault, injections, acknowledged, lost, recovery time."""
    rows = [f"{'fault':36} {'injected':>8} {'acknowledged':>12} {'lost':>6} {'back after':>10}"]
    wrong = [text.split(": ")[1] for text in found if text.startswith(LOST)]
    for one in outcomes:
        lost = sum(place in one.places for place in wrong)
        rows.append(
            f"{one.name:36} {one.injections:8} {one.acknowledged:12} {lost:6} "
            f"{one.recovery_seconds:8.1f} s"
        )
    return "\n".join(rows)


def candidates(stack: Stack, made: list[dict[str, Any]], record: Record) -> list[Candidate]:
    return [
        Candidate(one["id"], one["cookie"], ITEMS, stack.ports, record, PACE_SECONDS)
        for one in made
    ]


Ran = tuple[Record, list[Outcome], list[str]]


def short_run(folder: str) -> Ran:
    record = Record()
    with standing(folder, whole=False) as stack:
        playing = candidates(stack, cast(stack, CANDIDATES, 0)["working"], record)
        outcomes = asyncio.run(play(playing, plan.short(stack), record, LEAST_ACKNOWLEDGED))
        return record, outcomes, judged(stack, record)


def full_run(folder: str) -> Ran:
    record = Record()
    with standing(folder, whole=True) as stack:
        for missing in missing_parts(stack):
            print(f"Left out: {missing}")
        made = cast(stack, CANDIDATES, CROWD)
        arrivals = [
            Arrival(one["enrolment"], one["cookie"], stack.ports, record, ITEMS)
            for one in made["crowd"]
        ]
        playing = candidates(stack, made["working"], record)
        outcomes = asyncio.run(crowd(arrivals, record))
        faults = plan.full(stack, record)
        outcomes += asyncio.run(play(playing, faults, record, LEAST_ACKNOWLEDGED))
        return record, outcomes, judged(stack, record)


def missing_parts(stack: Stack) -> list[str]:
    absent = []
    if stack.redis is None:
        absent.append("Redis, the worker and beat, which need redis-server.")
    if stack.nginx is None:
        absent.append("nginx, which is not installed; candidates reach the web processes directly.")
    return absent


def disk_run(folder: str) -> Ran:
    """A database of its own on a small disk that becomes full under it."""
    record = Record()
    with standing(folder, whole=False, disk_mib=DISK_MIB) as stack:
        if not stack.postgres.mounted:
            print("Left out: the full disk, which needs the right to mount one (root).")
            return record, [], []
        playing = candidates(stack, cast(stack, CANDIDATES, 0)["working"], record)
        outcomes = asyncio.run(play(playing, plan.of_the_disk(stack), record, 0))
        return record, outcomes, judged(stack, record)


def judged(stack: Stack, record: Record) -> list[str]:
    """Hold the record against the database; return what is wrong, a line each."""
    given = {
        "acknowledged": [asdict(one) for one in record.acknowledged],
        "sent": record.sent,
        "states": record.states,
    }
    found = stack.run("-m", "tests.faults.judging", given=json.dumps(given)).splitlines()
    return found + record.wrong


def main(*, short: bool) -> int:
    if programs.postgresql() is None:
        print("Left out: the fault suite needs PostgreSQL, which is not installed.")
        return 1 if programs.required() else 0
    begun, records, found = time.monotonic(), list[Record](), list[str]()
    outcomes = list[Outcome]()
    for run in [short_run] if short else [full_run, disk_run]:
        with tempfile.TemporaryDirectory(prefix="invigil-faults-var-") as folder:
            record, suffered, wrong = run(folder)
        records.append(record)
        outcomes += suffered
        found += wrong
    print(f"\n{table(outcomes, found)}\n")
    return told(records, found, time.monotonic() - begun)


def told(records: list[Record], found: list[str], seconds: float) -> int:
    for text in found:
        print(text)
    refused = [one for record in records for one in record.refused]
    for reason in sorted({str(one["reason"]) for one in refused}):
        number = sum(one["reason"] == reason for one in refused)
        print(f"{number} answers were refused and kept aside: {reason}")
    broken = sum(record.broken for record in records)
    print(f"{broken} connections broke and came back; {seconds / 60:.1f} minutes")
    acknowledged = sum(len(record.acknowledged) for record in records)
    lost = sum(text.startswith(LOST) for text in found)
    print(f"{acknowledged} acknowledged, {lost} lost")
    return 1 if found else 0


if __name__ == "__main__":
    assert Path("manage.py").exists(), "Run it from the project's folder."
    sys.exit(main(short="--short" in sys.argv[1:]))
