"""Rehearses a sitting: synthetic candidates against the running deployment, and a verdict."""

from __future__ import annotations

import asyncio
import threading
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils import timezone
from tqdm import tqdm

from delivery.models import Sitting
from delivery.sitting import drill, rehearsal
from delivery.sitting.drill import Tally
from delivery.sitting.rehearsal import Answers, Cast
from delivery.sitting.wire import Origin
from delivery.vitals import health

MOST_CANDIDATES: Final = 5_000
MOST_MINUTES: Final = 240.0
LOOK_SECONDS: Final = 2.0
# By then the server has noted that the last page was left, and looks at it no more.
AFTERGLOW_SECONDS: Final = 6.0
# What a candidate does not notice, in seconds; beyond it the verdict says no.
GOOD_SAVE_P95: Final = 0.3
GOOD_SAVE_P99: Final = 1.0
GOOD_STORM: Final = 15.0
GOOD_SWEEP: Final = 5.0


class Command(BaseCommand):
    help = "Rehearse a sitting with synthetic candidates against the running deployment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sitting", type=int, nargs="?", help="the number of the sitting")
        parser.add_argument("--candidates", type=int, default=50)
        parser.add_argument("--minutes", type=float, default=5.0)
        parser.add_argument("--pace", type=float, default=10.0, help="seconds for an answer")
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="the deployment")
        parser.add_argument(
            "--elsewhere", action="store_true", help="allow an address that is not this machine"
        )
        parser.add_argument("--keep", action="store_true", help="leave the rehearsal's data")
        parser.add_argument(
            "--remove", action="store_true", help="only remove what rehearsals have left"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self.stdout.write(f"{rehearsal.remove(timezone.now())} synthetic candidates removed.")
            return
        origin = _bounded(options)
        sitting = Sitting.objects.filter(pk=options["sitting"] or 0).first()
        if sitting is None:
            raise CommandError(f"There is no sitting {options['sitting']}.")
        cast = rehearsal.prepare(sitting, options["candidates"], timezone.now())
        self.stdout.write(f"{cast.sitting.title}: {len(cast.parts)} candidates against {origin}")
        try:
            tally, late = _play(cast, origin, options["minutes"] * 60, options["pace"])
            ready = self._tell(cast, tally, late)
        finally:
            if not options["keep"]:
                time.sleep(AFTERGLOW_SECONDS)
                # Another may be under way.
                rehearsal.remove(timezone.now(), cast.sitting)
        if not ready:
            raise CommandError("Not ready: see the lines marked with !")

    def _tell(self, cast: Cast, tally: Tally, late: float) -> bool:
        lines = list(_lines(cast, tally, late))
        for good, words in lines:
            self.stdout.write(f"{' ' if good else '!'} {words}")
        ready = all(good for good, _words in lines)
        if ready:
            self.stdout.write(f"Ready for {len(cast.parts)} candidates like these.")
        return ready


def _bounded(options: dict[str, Any]) -> Origin:
    """Read where to, and refuse what is out of bounds."""
    try:
        origin = Origin.read(options["url"])
    except ValueError as error:
        raise CommandError(str(error)) from error
    if not origin.is_loopback and not options["elsewhere"]:
        raise CommandError(f"{origin} is not this machine; say --elsewhere if you mean it.")
    if not 1 <= options["candidates"] <= MOST_CANDIDATES:
        raise CommandError(f"Between 1 and {MOST_CANDIDATES} candidates, please.")
    if not 0 < options["minutes"] <= MOST_MINUTES or options["pace"] <= 0:
        raise CommandError(f"At most {MOST_MINUTES:.0f} minutes, and a pace above 0, please.")
    return origin


def _play(cast: Cast, origin: Origin, seconds: float, pace: float) -> tuple[Tally, float]:
    """Run it with a progress bar; return what was measured, and how late the sweep ever was."""
    tally, lateness = Tally(), [0.0]
    with _watching(tally, seconds, lateness):
        asyncio.run(drill.run(cast.parts, origin, seconds, pace, Answers().of, tally))
    return tally, max(lateness)


@contextmanager
def _watching(tally: Tally, seconds: float, lateness: list[float]) -> Iterator[None]:
    """Move the bar, and look every few seconds how late the sweep is."""
    ended = threading.Event()

    def watch() -> None:
        begun = time.monotonic()
        with tqdm(total=round(seconds), unit="s", leave=False) as bar:
            while not ended.wait(LOOK_SECONDS):
                bar.n = min(round(seconds), round(time.monotonic() - begun))
                bar.set_postfix(saves=len(tally.saves), errors=sum(tally.errors.values()))
                try:
                    lateness.append(health.sweep(timezone.now()).figure or 0.0)
                except DatabaseError as error:
                    tally.wrong(f"{type(error).__name__} on a look at the sweep")
        connection.close()

    watcher = threading.Thread(target=watch, name="watch")
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _lines(cast: Cast, tally: Tally, late: float) -> Iterator[tuple[bool, str]]:
    number, lost = len(cast.parts), rehearsal.lost(tally.said)
    yield tally.started == number, f"{tally.started} of {number} started"
    yield True, f"pages   {_shares(tally.pages)}"
    p95, p99 = drill.share(tally.saves, 0.95), drill.share(tally.saves, 0.99)
    good = bool(tally.saves) and p95 <= GOOD_SAVE_P95 and p99 <= GOOD_SAVE_P99
    yield good, f"saves   {_shares(tally.saves)}"
    worst = max(tally.back, default=0.0)
    storm = f"{len(tally.back)} sockets lost at once were back after {worst:.1f} s at most"
    yield len(tally.back) == tally.started and worst <= GOOD_STORM, storm
    yield late <= GOOD_SWEEP, f"the sweep was {late:.1f} s late at most"
    yield tally.submitted == number, f"{tally.submitted} of {number} submitted"
    broken = rehearsal.broken_stories(cast)
    yield not broken, f"{broken} ledgers do not verify"
    for words, times in sorted(tally.errors.items()):
        yield False, f"{times} times: {words}"
    if tally.refused:
        yield True, f"{tally.refused} answers refused and kept aside"
    yield not lost, f"{len(tally.said)} acknowledged, {lost} lost"


def _shares(values: list[float]) -> str:
    words = [
        f"{name} {drill.share(values, part) * 1000:.0f} ms"
        for name, part in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    ]
    return f"{len(values):6}: " + ", ".join(words)
