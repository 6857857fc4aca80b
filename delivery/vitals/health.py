"""How the service itself does: one look at each thing that it stands on, none of which may hang."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError

from delivery.models import OPEN_STATES, AssessmentSession, Heartbeat
from delivery.saving import swift
from delivery.vitals import pulse
from delivery.vitals.pulse import Kind
from integrity.models import Checkpoint, LedgerEntry

logger = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 0.25
SLOW_REDIS_SECONDS: Final = 0.05
SLOW_DATABASE_SECONDS: Final = 0.1
LATE_SWEEP: Final = timedelta(seconds=5)
LATE_SEAL: Final = timedelta(seconds=30)
LOOKED_BACK: Final = 2_000
MANY_WAITING: Final = 1_000
# Deadlines are the application's time; further apart, processes would judge them differently.
MOST_OFF_SECONDS: Final = 0.25
# Beat sends a task a second: more than these mean that nobody takes them.
MANY_TASKS: Final = 10


class Level(StrEnum):
    """How bad it is: `poor` costs liveness or time, `down` costs what the name says."""

    GOOD = "good"
    POOR = "poor"
    DOWN = "down"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `vital` where candidates cannot go on without it.

    `figure` is the number behind the words: seconds, or a count.
    """

    name: str
    title: str
    level: Level
    sentence: str
    figure: float | None = None
    vital: bool = False


def checks(at: datetime) -> list[Check]:
    """Look at everything; what cannot be looked at is down."""
    known = database()
    if known.level is Level.DOWN:
        return [known, redis(), saving()]
    looks: Sequence[Callable[[], Check]] = (
        clocks,
        redis,
        lambda: web(at),
        lambda: worker(at),
        lambda: beat(at),
        lambda: sweep(at),
        lambda: seal(at),
        saving,
    )
    return [known, *(_looked(look) for look in looks)]


def is_ready(found: Sequence[Check]) -> bool:
    """Tell whether candidates can go on: nothing vital is down."""
    return not any(check.vital and check.level is Level.DOWN for check in found)


def _looked(look: Callable[[], Check]) -> Check:
    try:
        return look()
    except DatabaseError as error:
        logger.warning("A look at the service failed: %s", error)
        return Check("database", _("Database"), Level.DOWN, str(error), vital=True)


def database() -> Check:
    """Ask the database for nothing, and how long that takes."""
    begun = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        sentence = _("The database does not answer: %s Nothing can be saved.") % error
        return Check("database", _("Database"), Level.DOWN, sentence, vital=True)
    seconds = time.perf_counter() - begun
    level = Level.POOR if seconds > SLOW_DATABASE_SECONDS else Level.GOOD
    sentence = _("It answers in %s ms.") % round(seconds * 1000, 1)
    return Check("database", _("Database"), level, sentence, seconds, vital=True)


def clocks() -> Check:
    """Hold this process's clock to the database's, as far as the round trip lets one see."""
    title = _("Clock")
    if connection.vendor != "postgresql":
        return Check("clock", title, Level.UNUSED, _("The database has no clock of its own."))
    before = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs: datetime = cursor.fetchone()[0]
    after = timezone.now()
    unseen = (after - before) / 2
    off = max(timedelta(), abs(theirs - before - unseen) - unseen).total_seconds()
    level = Level.POOR if off > MOST_OFF_SECONDS else Level.GOOD
    sentence = _("This process's clock is %s ms off the database's.") % round(off * 1000)
    return Check("clock", title, level, sentence, off)


def redis() -> Check:
    """Ask Redis for a sign of life, within a quarter of a second."""
    title = "Redis"
    if not settings.REDIS_URL:
        return Check("redis", title, Level.UNUSED, _("One process needs no Redis."))
    begun = time.perf_counter()
    try:
        with _client() as client:
            client.ping()
    except (RedisError, OSError) as error:
        sentence = _(
            "Redis does not answer (%s). Saving, timing and submitting go on over HTTP; "
            "boards look every 5 s; background work waits."
        )
        return Check("redis", title, Level.DOWN, sentence % error)
    seconds = time.perf_counter() - begun
    level = Level.POOR if seconds > SLOW_REDIS_SECONDS else Level.GOOD
    sentence = _("It answers in %s ms.") % round(seconds * 1000, 1)
    return Check("redis", title, level, sentence, seconds)


def _client() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=None,
    )


def web(at: datetime) -> Check:
    """Count the web processes that say that they live."""
    rows = Heartbeat.objects.filter(kind=Kind.WEB, stopped_at=None)
    recent = rows.filter(at__gt=at - pulse.FORGOTTEN_AFTER)
    living = recent.filter(at__gt=at - pulse.SILENT_AFTER).count()
    silent = recent.count() - living
    if silent:
        sentence = _("%(living)s live; %(silent)s ended without a word within a day.")
    else:
        sentence = _("%(living)s live.")
    level = Level.GOOD if living else Level.POOR
    facts = {"living": living, "silent": silent}
    return Check("web", _("Web processes"), level, sentence % facts, living)


def worker(at: datetime) -> Check:
    """Tell when a worker last did a task."""
    return _background(Kind.WORKER, _("Worker"), at)


def beat(at: datetime) -> Check:
    """Tell when beat last sent a task that was done."""
    return _background(Kind.BEAT, _("Beat"), at)


def _background(kind: str, title: str, at: datetime) -> Check:
    heard = pulse.last(kind)
    if heard is not None and at - heard < pulse.SILENT_AFTER:
        seconds = max(0.0, (at - heard).total_seconds())
        return Check(kind, title, Level.GOOD, _("Heard %s s ago.") % round(seconds), seconds)
    since = (at - heard).total_seconds() if heard else None
    if heard is None:
        words = _("Never heard.")
    else:
        words = _("Not heard for %s s.") % round((at - heard).total_seconds())
    return Check(kind, title, Level.DOWN, f"{words} {_suspect(kind)}", since)


def _suspect(kind: str) -> str:
    """Tell which of the two stands still: where beat goes on without a worker, tasks pile up."""
    tasks = _waiting_tasks()
    if tasks is None:
        return _("Sessions still end in time; scoring and sealing wait.")
    if tasks > MANY_TASKS:
        return _("%s tasks wait for a worker.") % tasks
    if kind == Kind.WORKER:
        return _("No task waits: it is beat that sends none.")
    return _("No task waits: nothing is sent.")


def _waiting_tasks() -> int | None:
    if not settings.REDIS_URL:
        return None
    try:
        with _client() as client:
            return int(client.llen("celery"))
    except (RedisError, OSError):
        return None


def sweep(at: datetime) -> Check:
    """Tell how late the sweep is: by the session that has been due for longest."""
    opened = AssessmentSession.objects.filter(state__in=OPEN_STATES, due_at__lt=at)
    due = opened.aggregate(due=Min("due_at"))["due"]
    late = at - due if due is not None else timedelta()
    level = Level.POOR if late > LATE_SWEEP else Level.GOOD
    seconds = late.total_seconds()
    sentence = _("No session waits to be ended.")
    if due is not None:
        sentence = _("A session has been due for %s s; its own pages end it, too.") % round(seconds)
    return Check("sweep", _("Sweep"), level, sentence, seconds)


def seal(at: datetime) -> Check:
    """Tell when the ledger was sealed last, where it has entries at all."""
    newest = Checkpoint.objects.order_by("-size").values_list("at_ms", flat=True).first()
    title = _("Seals of the ledger")
    if newest is None:
        fresh = not LedgerEntry.objects.exists()
        level = Level.GOOD if fresh else Level.POOR
        words = _("There is nothing to seal yet.") if fresh else _("The ledger was never sealed.")
        return Check("seal", title, level, words)
    last = LedgerEntry.objects.aggregate(id=Max("id"))["id"] or 0
    # By the key, of which alone there is an index: the last ones are enough to know.
    lately = LedgerEntry.objects.filter(id__gt=last - LOOKED_BACK, at_ms__gt=newest)
    unsealed = lately.aggregate(at=Min("at_ms"))["at"]
    waiting = 0.0 if unsealed is None else max(0.0, at.timestamp() - unsealed / 1000)
    ago = round(at.timestamp() - newest / 1000)
    level = Level.POOR if waiting > LATE_SEAL.total_seconds() else Level.GOOD
    return Check("seal", title, level, _("Last sealed %s s ago.") % ago, waiting)


def saving() -> Check:
    """Tell how many saves wait in this process's lane for the commit that runs."""
    waiting = swift.waiting()
    level = Level.POOR if waiting > MANY_WAITING else Level.GOOD
    words = _("%s answers wait in this process.") % waiting
    return Check("saving", _("Saving"), level, words, waiting)
