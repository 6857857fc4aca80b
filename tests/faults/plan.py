"""What is broken, how often, for how long, and how it is mended again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.driving import WRONG_CLOCK_MS, Mischief, Record
from tests.faults.stack import Stack

# Ten minutes go by on every application clock while the wire is dead for six seconds.
SIMULATED_SECONDS = 600.0
SLOW_SECONDS = 0.5


@dataclass(frozen=True)
class Fault:
    """One kind of fault; `goes_on` says that answers must be acknowledged while it lasts."""

    name: str
    injections: int
    inject: Callable[[], None]
    mend: Callable[[], None]
    down_seconds: float = 0.5
    goes_on: bool = False
    is_back: Callable[[], None] | None = None


def short(stack: Stack) -> list[Fault]:
    """What a minute of CI has time for."""
    return _of_web(stack, 1) + _of_postgresql(stack, 1)


def full(stack: Stack, record: Record) -> list[Fault]:
    faults = _of_web(stack, 6) + _of_workers(stack) + _of_postgresql(stack, 6)
    faults += _of_redis(stack) + _of_messages(record) + _of_clocks(stack, record)
    # Last: after it the clocks of the whole deployment stay ahead.
    return faults + _of_the_network(stack)


def _of_web(stack: Stack, times: int) -> list[Fault]:
    def kill_all() -> None:
        for web in stack.webs:
            web.kill()

    def start_all() -> None:
        for web in stack.webs:
            web.start()

    one = stack.webs[0]
    return [
        Fault("SIGKILL of one web process", times, one.kill, one.start),
        Fault("SIGKILL of every web process", times, kill_all, start_all),
    ]


def _of_workers(stack: Stack) -> list[Fault]:
    return [
        Fault(
            f"SIGKILL of {program.role}",
            3,
            program.kill,
            program.start,
            2.0,
            goes_on=True,
            is_back=lambda kind=program.role: stack.is_heard(kind),  # type: ignore[misc]
        )
        for program in stack.workers
    ]


def _of_postgresql(stack: Stack, times: int) -> list[Fault]:
    database = stack.postgres
    return [
        Fault("SIGKILL of PostgreSQL", times, database.kill, database.start),
        Fault("immediate stop of PostgreSQL", times, database.stop_at_once, database.start),
        Fault("PostgreSQL away for 5 s", (times + 1) // 2, database.kill, database.start, 5.0),
    ]


def _of_redis(stack: Stack) -> list[Fault]:
    redis = stack.redis
    if redis is None:
        return []
    heard = lambda: stack.is_heard("worker")  # noqa: E731  # a name for three uses
    return [
        Fault("Redis killed", 3, redis.kill, redis.start, 5.0, goes_on=True, is_back=heard),
        Fault("Redis flushed", 5, redis.flush, lambda: None, 1.0, goes_on=True),
        Fault(
            f"Redis slow by {SLOW_SECONDS} s",
            3,
            lambda: redis.wire.slow(SLOW_SECONDS),
            redis.wire.mend,
            5.0,
            goes_on=True,
            is_back=heard,
        ),
        Fault("Redis hangs", 3, redis.wire.cut, redis.wire.mend, 5.0, goes_on=True, is_back=heard),
    ]


def _of_messages(record: Record) -> list[Fault]:
    def playing(mischief: Mischief) -> Callable[[], None]:
        def inject() -> None:
            record.mischief = mischief

        return inject

    kinds = {
        "requests duplicated": Mischief(duplicates=True),
        "requests delayed up to 1 s": Mischief(delays=True),
        "requests reordered": Mischief(reorders=True),
        "old requests replayed": Mischief(replays=True),
        "all of these at once": Mischief(True, True, True, True),
        "client clock 10 min ahead": Mischief(clock_ms=WRONG_CLOCK_MS),
        "client clock 10 min behind": Mischief(clock_ms=-WRONG_CLOCK_MS),
    }
    return [
        Fault(name, 2, playing(mischief), playing(Mischief()), 4.0, goes_on=True)
        for name, mischief in kinds.items()
    ]


def _of_clocks(stack: Stack, record: Record) -> list[Fault]:
    del record
    return [
        Fault(
            f"one web process's clock {seconds:+} s",
            2,
            lambda seconds=seconds: stack.set_clocks(seconds, only=0),  # type: ignore[misc]
            lambda: stack.set_clocks(0, only=0),
            4.0,
            goes_on=True,
        )
        for seconds in (2, -2)
    ]


def _of_the_network(stack: Stack) -> list[Fault]:
    cuts = itertools.count(1)

    def ten_minutes() -> None:
        stack.cut()
        stack.set_clocks(SIMULATED_SECONDS * next(cuts))

    return [
        Fault("network cut for 5 s", 5, stack.cut, stack.mend, 5.0),
        Fault("network cut for 90 s", 2, stack.cut, stack.mend, 90.0),
        Fault("network cut for 10 min (clocks)", 3, ten_minutes, stack.mend, 6.0),
    ]


def of_the_disk(stack: Stack) -> list[Fault]:
    disk = stack.postgres
    return [Fault("full disk on the database", 3, disk.fill_disk, disk.free_disk, 5.0)]
