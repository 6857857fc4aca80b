"""What a batch of answers asks of the database, in statements that are built once."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from delivery.models import AssessmentSession, ItemSession, ResponseRevision, Sitting
from delivery.queries.prepared import Prepared

# What an answer asks of a session; the plan is read once a process.
ASKED: Final = (
    "id", "sitting_id", "state", "created_at", "started_at", "finished_at", "scored_at",
    "base_ms", "time_multiplier", "fixed_ms", "unlimited", "adjusted_ms", "paused_ms", "window_ms",
    "paused_at", "paused_by", "timing", "position", "since", "ended_parts", "closed_scopes",
    "epoch", "lease_device", "answered",
)  # fmt: skip


def _locked(session_ids: list[UUID]) -> QuerySet[AssessmentSession]:
    found = AssessmentSession.objects.filter(pk__in=session_ids)
    return found.select_for_update().order_by("pk").only(*ASKED)


def _sittings(sitting_ids: list[int]) -> QuerySet[Sitting]:
    return Sitting.objects.filter(pk__in=sitting_ids)


def _rows(session_ids: list[UUID], keys: list[str]) -> QuerySet[ItemSession]:
    return ItemSession.objects.filter(session__in=session_ids, key__in=keys).defer("qti")


def _earlier(rows: list[int], keys: list[str]) -> QuerySet[ResponseRevision]:
    found = ResponseRevision.objects.filter(item_session__in=rows, key__in=keys)
    return found.defer("value")


SESSIONS: Final = Prepared(_locked, [UUID(int=1)])
SITTINGS: Final = Prepared(_sittings, [-1])
ROWS: Final = Prepared(_rows, [UUID(int=1)], ["sample"])
EARLIER: Final = Prepared(_earlier, [-1], ["sample"])
