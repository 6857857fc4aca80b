"""The service's own heartbeats, and the spans without any: nobody could work in these outages."""

from __future__ import annotations

import logging
import os
import socket
import threading
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from delivery.models import Heartbeat, Outage
from integrity import ledger

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 5.0
# Three heartbeats that did not come: no process of the kind lives.
SILENT_AFTER: Final = timedelta(seconds=15)
FORGOTTEN_AFTER: Final = timedelta(days=1)
STREAM: Final = "service"
Kind = Heartbeat.Kind


def name(kind: str) -> str:
    """Name this process among all of the deployment."""
    return f"{kind}@{socket.gethostname()}:{os.getpid()}"[:120]


def last(kind: str) -> datetime | None:
    """Return when a process of the kind was heard last; None for never."""
    found: datetime | None = Heartbeat.objects.filter(kind=kind).aggregate(at=Max("at"))["at"]
    return found


def beat(kind: str, process: str, at: datetime) -> Outage | None:
    """Note that a process lives; the first web process after a silence notes the outage."""
    with transaction.atomic():
        heard = last(kind) if kind == Kind.WEB else None
        values = {"kind": kind, "at": at, "stopped_at": None}
        Heartbeat.objects.update_or_create(
            process=process, defaults=values, create_defaults=values | {"started_at": at}
        )
        if heard is None or at - heard < SILENT_AFTER:
            return None
        return _note(heard, at)


def _note(began: datetime, ended: datetime) -> Outage:
    """Two processes that come back at once find the same outage."""
    outage, fresh = Outage.objects.get_or_create(began_at=began, defaults={"ended_at": ended})
    if fresh:
        span = {name: round(at.timestamp() * 1000) for name, at in (("from", began), ("to", ended))}
        ledger.append(stream=STREAM, kind="service.outage", payload=span, actor="system", at=ended)
    return outage


def stop(process: str, at: datetime) -> None:
    """Note an orderly end: nobody need look for this process."""
    Heartbeat.objects.filter(process=process).update(at=at, stopped_at=at)


def forget(at: datetime) -> None:
    """Drop the rows of processes that are long gone, but never the last one of its kind."""
    newest = {last(kind) for kind in Kind.values}
    old = Heartbeat.objects.filter(at__lt=at - FORGOTTEN_AFTER)
    old.exclude(at__in=[one for one in newest if one is not None]).delete()


def served_since(at: datetime) -> datetime | None:
    """Return since when pages can be heard without a gap; None while no web process lives.

    A deployment without heartbeats at all has none to miss: it is heard since ever.
    """
    heard = last(Kind.WEB)
    if heard is None:
        return datetime.min.replace(tzinfo=at.tzinfo)
    if at - heard >= SILENT_AFTER:
        return None
    ended: datetime | None = Outage.objects.aggregate(at=Max("ended_at"))["at"]
    return ended or datetime.min.replace(tzinfo=at.tzinfo)


class Pulse(threading.Thread):
    """Says every few seconds that this process lives, on a database connection of its own."""

    def __init__(self, kind: str) -> None:
        super().__init__(name="pulse", daemon=True)
        self.kind, self.process = kind, name(kind)
        self.ended = threading.Event()

    def run(self) -> None:
        self._say()
        while not self.ended.wait(EVERY_SECONDS):
            self._say()
        connection.close()

    def end(self) -> None:
        """End in order; the last word says so."""
        self.ended.set()
        self.join(EVERY_SECONDS)
        try:
            stop(self.process, timezone.now())
        except Exception as error:  # whatever the database raises, the process ends anyway
            logger.warning("The end of this process could not be noted: %s", error)

    def _say(self) -> None:
        try:
            beat(self.kind, self.process, timezone.now())
        except Exception as error:  # the next heartbeat tells of the gap
            logger.warning("A heartbeat could not be noted: %s", error)
            connection.close()


_pulses: dict[str, Pulse] = {}
_beginning = threading.Lock()


def begin(kind: str) -> None:
    """Let this process say that it lives; asking again changes nothing."""
    if kind in _pulses or not settings.HEARTBEATS:
        return
    with _beginning:
        if kind not in _pulses:
            _pulses[kind] = Pulse(kind)
            _pulses[kind].start()


def end(kind: str) -> None:
    """End in order what `begin` began."""
    pulse = _pulses.pop(kind, None)
    if pulse is not None:
        pulse.end()
