"""Closes sittings whose window is over: the ledger is told, and all that happened is sealed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from delivery.facts import journal
from delivery.models import OPEN_STATES, AssessmentSession, Enrolment, Sitting, State
from integrity import chain
from integrity.models import LedgerStream

KIND: Final = "sitting.closed"
SITTINGS_AT_ONCE: Final = 20
MARGIN: Final = timedelta(seconds=5)
STREAMS_AT_ONCE: Final = 5_000


def close_over(at: datetime) -> list[Sitting]:
    """Close every sitting whose window is over and whose last session has ended; once each.

    A window that staff moved to a later end closes again there.
    """
    with transaction.atomic():
        over = _over(at).select_for_update(skip_locked=True, of=("self",))
        closed = list(over.order_by("closes_at")[:SITTINGS_AT_ONCE])
        for sitting in closed:
            sitting.closed_at = at
            sitting.save(update_fields=["closed_at"])
            journal.note(sitting, KIND, _summary(sitting), by="clock", at=at)
    return closed


def _over(at: datetime) -> QuerySet[Sitting]:
    is_open = AssessmentSession.objects.filter(sitting=OuterRef("pk"), state__in=OPEN_STATES)
    untold = Q(closed_at__isnull=True) | Q(closed_at__lt=F("closes_at"))
    over = Sitting.objects.filter(untold, closes_at__lte=at - MARGIN)
    return over.filter(~Exists(is_open))


def _summary(sitting: Sitting) -> dict[str, str | int]:
    """Return how the sessions ended, and one digest over where their streams stand."""
    found = AssessmentSession.objects.filter(sitting=sitting)
    states = Counter(found.values_list("state", flat=True))
    streams = sorted(f"session:{pk}" for pk in found.values_list("pk", flat=True))
    listed = list(_heads(streams))
    sat = found.exclude(state=State.NOT_STARTED).values("candidate").distinct().count()
    return {
        "completed": states[State.COMPLETED],
        "expired": states[State.EXPIRED],
        "terminated": states[State.TERMINATED],
        "absent": Enrolment.objects.filter(sitting=sitting).count() - sat,
        "sessions": len(listed),
        "heads_sha256": sha256(chain.canonical(listed)).hexdigest(),
    }


def _heads(streams: Sequence[str]) -> Iterator[list[str | int]]:
    for start in range(0, len(streams), STREAMS_AT_ONCE):
        rows = LedgerStream.objects.filter(name__in=streams[start : start + STREAMS_AT_ONCE])
        for row in rows.order_by("name").values_list("name", "length", "head"):
            yield list(row)
