"""A candidate's sittings as cards: what can be started, what goes on, what is to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from delivery.models import AssessmentSession, Candidate, Enrolment, Sitting
from delivery.rules import refusals
from delivery.rules.refusals import Permission, Reason
from delivery.session import release, sessions


@dataclass(frozen=True, slots=True)
class Card:
    """One sitting as its candidate sees it."""

    enrolment: Enrolment
    session: AssessmentSession | None
    permission: Permission
    attempts_left: int
    result: Permission

    @property
    def sitting(self) -> Sitting:
        return self.enrolment.sitting


def of(candidate: Candidate, at: datetime) -> list[Card]:
    """Return the candidate's sittings, those that can be acted on first."""
    found = Enrolment.objects.filter(candidate=candidate).select_related(
        "sitting__test_version", "sitting__lockdown", "candidate"
    )
    history: dict[int, list[AssessmentSession]] = {}
    for session in AssessmentSession.objects.filter(candidate=candidate).select_related(
        "sitting__test_version"
    ):
        history.setdefault(session.sitting_id, []).append(session)
    listed = [_card(enrolment, history.get(enrolment.sitting_id, []), at) for enrolment in found]
    return sorted(listed, key=_rank)


def _card(enrolment: Enrolment, taken: list[AssessmentSession], at: datetime) -> Card:
    ended = [session for session in taken if session.is_ended]
    latest = max(taken, key=lambda session: session.attempt_number, default=None)
    limit = enrolment.sitting.attempt_limit + enrolment.extra_attempts
    left = max(0, limit - len(ended))
    return Card(
        enrolment=enrolment,
        session=latest,
        permission=sessions.may_start_with(enrolment, left, at),
        attempts_left=left,
        result=release.may_see_result(latest, at)
        if latest
        else refusals.refuse(Reason.NOT_FINISHED),
    )


def _rank(card: Card) -> tuple[int, float]:
    """Open sessions first, then what can be started, then what is to come, then the past."""
    opens = card.sitting.opens_at
    when = opens.timestamp() if opens else 0.0
    if card.session is not None and card.session.is_open:
        return 0, when
    if card.permission:
        return 1, when
    refusal = card.permission.refusal
    waiting = refusal is not None and refusal.reason in {Reason.NOT_OPEN_YET, Reason.NOT_ADMITTED}
    return (2 if waiting else 3), when if waiting else -when
