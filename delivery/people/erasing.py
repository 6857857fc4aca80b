"""Erases a person: everything that tells who they were and what they wrote; the record stays whole.

The ledger holds a number for the person and salted digests of everything else. Without the salts
and the words, which go here, the digests say nothing any more; the chain verifies as before.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import ClassVar, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from delivery.facts import events, journal
from delivery.facts.events import Fact
from delivery.models import (
    ENDED_STATES,
    OPEN_STATES,
    AnswerFile,
    AssessmentSession,
    Candidate,
    CandidateComment,
    Enrolment,
    ItemSession,
    LaunchLink,
    Message,
    Quarantine,
    ResponseRevision,
    TimeAdjustment,
)
from delivery.rules import refusals
from delivery.rules.refusals import GRANTED, Permission, Reason, Refusal
from integrity import chain, ledger, rowsets, words
from integrity.models import LedgerEntry

# What of an item session's own state holds answers.
ANSWERS: Final = ("asked", "responses")
# Of two that give a salt at once the first one does.
_SALT: Final = (
    "UPDATE delivery_candidate SET salt = CASE salt WHEN '' THEN %s ELSE salt END WHERE id = %s"
    " RETURNING salt"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(Fact):
    """Answers, words and name are gone by a request; the digests that are left say nothing."""

    kind: ClassVar[str] = "person.erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRemoved(Fact):
    """A session was removed with its answers, as rehearsals are; only its entries are left."""

    kind: ClassVar[str] = "session.removed"


def identity(candidate: Candidate) -> str:
    """Return the salted digest that stands for a person in the ledger; gives them a salt once."""
    if not candidate.salt:
        fresh = secrets.token_hex(16)
        with rowsets.cursor() as cursor:
            cursor.execute(_SALT, [fresh, candidate.pk])
            candidate.salt = cursor.fetchone()[0]
    return identity_under(candidate.salt, name=candidate.name, number=candidate.number)


def identity_under(salt: str, *, name: str, number: str) -> str:
    """Return the digest of a person's name and number under a salt."""
    person = chain.canonical({"name": name, "number": number})
    return sha256(salt.encode() + person).hexdigest()


def may_erase(candidate: Candidate) -> Permission:
    """Ask whether a person can be erased: once, in no test, and once their answers are scored."""
    if candidate.erased_at is not None:
        return refusals.refuse(Reason.ALREADY_ERASED)
    if AssessmentSession.objects.filter(candidate=candidate, state__in=OPEN_STATES).exists():
        return refusals.refuse(Reason.SESSION_OPEN)
    ended = AssessmentSession.objects.filter(candidate=candidate, state__in=ENDED_STATES)
    if ended.filter(scored_at__isnull=True).exists():
        return refusals.refuse(Reason.SCORING_FIRST)
    return GRANTED


def erase(candidate_id: int, *, reason: str, by: str, at: datetime) -> Candidate:
    """Erase a person; scores and times stay under their number. Raises Refusal."""
    if not reason.strip():
        raise Refusal(Reason.REASON_REQUIRED)
    with transaction.atomic():
        found = Candidate.objects.select_for_update().get(pk=candidate_id)
        may_erase(found).demand()
        mine = AssessmentSession.objects.select_for_update().filter(candidate=found).order_by("pk")
        sessions = list(mine.defer("plan", "outcomes"))
        _forget_answers(sessions)
        _forget_words(found, sessions)
        _forget_person(found, at)
        words.forget([f"candidate:{found.pk}", *(one.stream for one in sessions)])
        _forget_waivers(found)
        heads = [events.head(one.pk, one.sitting_id, by, at) for one in sessions]
        journal.record_all([PersonErased(**head) for head in heads])
        _say_why(found, len(sessions), reason, by=by, at=at)
        return found


def _say_why(found: Candidate, sessions: int, reason: str, *, by: str, at: datetime) -> None:
    payload, written = words.hide({"reason": reason, "sessions": sessions}, "reason")
    stream = f"candidate:{found.pk}"
    sealed = ledger.append(stream=stream, kind="candidate.erased", payload=payload, actor=by, at=at)
    words.keep([(sealed, written)])


def _forget_answers(sessions: Iterable[AssessmentSession]) -> None:
    mine = list(sessions)
    AnswerFile.objects.filter(session__in=mine).delete()
    revisions = ResponseRevision.objects.filter(item_session__session__in=mine)
    # The fingerprint has no salt: it would tell a short answer to whoever tries them all.
    revisions.update(value={}, salt="", fingerprint=F("digest"))
    for row in ItemSession.objects.filter(session__in=mine).iterator():
        row.response = {}
        row.qti = row.qti | {name: {} for name in ANSWERS if name in row.qti}
        row.save(update_fields=["response", "qti"])
    Quarantine.objects.filter(session__in=mine).update(
        value={}, salt="", grounds="", refusal_grounds=""
    )


def _forget_words(candidate: Candidate, sessions: Iterable[AssessmentSession]) -> None:
    """What was written by them and about them, and what their devices are called."""
    mine = [one.pk for one in sessions]
    Message.objects.filter(session__in=mine).update(text="", salt="")
    TimeAdjustment.objects.filter(session__in=mine).update(reason="")
    CandidateComment.objects.filter(item_session__session__in=mine).delete()
    AssessmentSession.objects.filter(pk__in=mine).update(
        device="", device_id="", writer="", pause_reason="", end_reason=""
    )
    Enrolment.objects.filter(candidate=candidate).update(preflight={}, waived_rules=[])
    LaunchLink.objects.filter(enrolment__candidate=candidate).delete()


def _forget_waivers(candidate: Candidate) -> None:
    """Why somebody was freed from rules before they had a session, in their sittings' streams."""
    sittings = Enrolment.objects.filter(candidate=candidate).values_list("sitting", flat=True)
    name = f'"candidate:{candidate.pk}"'
    for stream in [f"sitting:{pk}" for pk in sittings]:
        mine = LedgerEntry.objects.filter(stream__name=stream, kind="rules.waived")
        seqs = mine.filter(payload__contains=name).values_list("seq", flat=True)
        words.forget([stream], list(seqs))


def _forget_person(candidate: Candidate, at: datetime) -> None:
    candidate.number, candidate.name, candidate.email = f"erased-{candidate.pk}", "–", ""
    candidate.access_code_hmac, candidate.salt = None, ""
    candidate.time_multiplier, candidate.fixed_minutes = Candidate().time_multiplier, 0
    candidate.unlimited = candidate.assistive = False
    candidate.preferences = {}
    candidate.preferences = {}
    candidate.erased_at = at
    candidate.save()
    User.objects.filter(pk=candidate.user_id).update(
        is_active=False, first_name="", last_name="", email="", last_login=None
    )
