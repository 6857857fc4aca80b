"""What a start asks about an enrolment, in statements that are built once."""

from __future__ import annotations

from typing import Final

from django.db.models import QuerySet

from delivery.models import ENDED_STATES, AssessmentSession, Enrolment
from delivery.queries.prepared import Prepared
from integrity import rowsets

_ATTEMPTS: Final = (
    "SELECT state FROM delivery_assessmentsession WHERE sitting_id = %s AND candidate_id = %s"
)


def _not_ended(sitting_id: int, candidate_id: int) -> QuerySet[AssessmentSession]:
    found = AssessmentSession.objects.filter(sitting=sitting_id, candidate=candidate_id)
    open_ones = found.exclude(state__in=ENDED_STATES).order_by("pk")
    return open_ones.select_related("sitting__test_version", "candidate")


def _locked(enrolment_id: int) -> QuerySet[Enrolment]:
    found = Enrolment.objects.filter(pk=enrolment_id)
    return found.select_related("sitting__test_version", "candidate").select_for_update(
        of=("self",)
    )


CURRENT: Final = Prepared(_not_ended, -1, -2)
LOCKED: Final = Prepared(_locked, -1)


def attempts(enrolment: Enrolment) -> tuple[int, int]:
    """Return how many sessions an enrolment has, and how many of them have ended."""
    with rowsets.cursor() as cursor:
        cursor.execute(_ATTEMPTS, [enrolment.sitting_id, enrolment.candidate_id])
        states = [state for (state,) in cursor.fetchall()]
    return len(states), sum(state in ENDED_STATES for state in states)
