"""What a proctor has to look at first: contact, calls for help and need, as pure rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntFlag, StrEnum
from typing import Final

UNSTABLE_AFTER: Final = timedelta(seconds=20)
OFFLINE_AFTER: Final = timedelta(seconds=45)
LITTLE_TIME_MS: Final = 5 * 60 * 1000


class Connection(StrEnum):
    """How lately a candidate's page was heard; pages send a heartbeat every 10 s.

    Never: no page that could tell, because none was opened or because JavaScript is off.
    """

    ONLINE = "online"
    UNSTABLE = "unstable"
    OFFLINE = "offline"
    NEVER = "never"


class Standing(StrEnum):
    """Where an enrolment stands on the board: the session's states, and absence."""

    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    NOT_STARTED = "not_started"
    COMPLETED = "completed"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    ABSENT = "absent"


OPEN: Final = frozenset({Standing.IN_PROGRESS, Standing.PAUSED})
ENDED: Final = frozenset({Standing.COMPLETED, Standing.EXPIRED, Standing.TERMINATED})


class Concern(IntFlag):
    """Why a row rises; a heavier concern outweighs all lighter ones together."""

    NONE = 0
    LITTLE_TIME = 1
    UNSTABLE = 2
    INCIDENTS = 4
    OFFLINE = 8
    WAITING = 16
    HELP = 32


# Among rows of equal concern: those who work, those who stand, those to come, those who are done.
_RANK: Final = {
    Standing.IN_PROGRESS: 4,
    Standing.PAUSED: 3,
    Standing.NOT_STARTED: 2,
    Standing.ABSENT: 1,
    Standing.COMPLETED: 0,
    Standing.EXPIRED: 0,
    Standing.TERMINATED: 0,
}


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is known of one candidate now; `waiting` says that only a proctor can let them go on."""

    standing: Standing
    last_seen_at: datetime | None = None
    disconnected_at: datetime | None = None
    help_requested_at: datetime | None = None
    remaining_ms: int | None = None
    incidents: int = 0
    waiting: bool = False


def standing(state: str | None, closes_at: datetime | None, at: datetime) -> Standing:
    """Return where an enrolment stands; None is an enrolment that has no session yet."""
    if state not in (None, Standing.NOT_STARTED):
        return Standing(state)
    if closes_at is not None and at >= closes_at:
        return Standing.ABSENT
    return Standing.NOT_STARTED


def connection(vitals: Vitals, at: datetime) -> Connection:
    """Return how good the contact is, by the last sign of life and a socket that closed."""
    if vitals.last_seen_at is None:
        return Connection.NEVER
    silence = at - vitals.last_seen_at
    if silence >= OFFLINE_AFTER:
        return Connection.OFFLINE
    if silence >= UNSTABLE_AFTER or vitals.disconnected_at is not None:
        return Connection.UNSTABLE
    return Connection.ONLINE


def concern(vitals: Vitals, at: datetime) -> Concern:
    """Return everything that asks for a proctor's eye; what is over asks for nothing."""
    if vitals.standing in ENDED or vitals.standing is Standing.ABSENT:
        return Concern.NONE
    found = Concern.NONE
    if vitals.help_requested_at is not None:
        found |= Concern.HELP
    if vitals.waiting:
        found |= Concern.WAITING
    if vitals.incidents:
        found |= Concern.INCIDENTS
    if vitals.standing is Standing.IN_PROGRESS:
        found |= _of_the_running(vitals, at)
    return found


def need(vitals: Vitals, at: datetime) -> int:
    """Return the board's sort key: the greater, the sooner somebody should look."""
    return concern(vitals, at) * 8 + _RANK[vitals.standing]


def _of_the_running(vitals: Vitals, at: datetime) -> Concern:
    found = Concern.NONE
    contact = connection(vitals, at)
    if contact is Connection.OFFLINE:
        found |= Concern.OFFLINE
    elif contact is Connection.UNSTABLE:
        found |= Concern.UNSTABLE
    if vitals.remaining_ms is not None and vitals.remaining_ms <= LITTLE_TIME_MS:
        found |= Concern.LITTLE_TIME
    return found
