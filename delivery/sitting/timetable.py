"""Keeps a sitting's settings: a change is a fact, and running sessions hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from delivery.facts import events, journal
from delivery.models import OPEN_STATES, AssessmentSession, Sitting
from delivery.session import desk, steps
from integrity.chain import Payload

# What the clocks of open sessions are made of.
OF_CLOCKS: Final = frozenset(
    {"closes_at", "grace_seconds", "extend_past_window", "silence_minutes"}
)


def keep(sitting: Sitting, changed: Sequence[str], *, by: str, at: datetime) -> Sitting:
    """Write a sitting, new or changed; `changed` names the fields that differ."""
    with transaction.atomic():
        fresh = not sitting.pk
        sitting.save()
        if fresh or changed:
            kind = "sitting.created" if fresh else "sitting.changed"
            payload: Payload = {"fields": sorted(changed), **_window(sitting)}
            journal.note(sitting, kind, payload, by=by, at=at)
        if not fresh and OF_CLOCKS & set(changed):
            _wind_again(sitting, by=by, at=at)
        return sitting


def _window(sitting: Sitting) -> dict[str, int]:
    ends = {"opens_at": sitting.opens_at, "closes_at": sitting.closes_at}
    return {name: round(end.timestamp() * 1000) for name, end in ends.items() if end is not None}


def _wind_again(sitting: Sitting, *, by: str, at: datetime) -> None:
    """Set the deadlines of the open sessions anew; each session's own story tells it."""
    opened = AssessmentSession.objects.filter(sitting=sitting, state__in=OPEN_STATES)
    facts = []
    for found in desk.lock_all(opened.select_for_update(of=("self",)).order_by("pk")):
        desk.reset_due(found.session, at)
        steps.keep(found)
        reading = found.reading(at)
        facts.append(
            events.WindowMoved(
                **found.head(by, at), deadline=reading.deadline, why=reading.sentence
            )
        )
    journal.record_all(facts)
