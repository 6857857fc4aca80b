"""Who may sit what: enrolments, access codes, launch links, and the candidate's list."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from delivery import refusals, sessions
from delivery.models import (
    ENDED_STATES,
    AssessmentSession,
    Candidate,
    Enrolment,
    LaunchLink,
    Sitting,
    State,
)
from delivery.refusals import GRANTED, Permission, Reason, Refusal
from integrity import ledger
from integrity.chain import Payload

# No letter or digit that is mistaken for another: 30 letters, 12 of them are 58 bits.
CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH: Final = 12
MISREAD: Final = str.maketrans({"O": "Q", "I": "J", "L": "J", "0": "Q", "1": "J", "U": "V"})


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


def digest(purpose: str, secret: str, key: str = "") -> str:
    """Return a digest that only this installation can compute, with its key of now."""
    keyed = f"invigil/{purpose}/{key or settings.SECRET_KEY}".encode()
    return hmac.new(keyed, secret.encode(), sha256).hexdigest()


def digests(purpose: str, secret: str) -> list[str]:
    """Return the digests with every key that still counts: a new key voids no code and no link."""
    return [digest(purpose, secret, key) for key in ("", *settings.SECRET_KEY_FALLBACKS)]


def normal_code(written: str) -> str:
    """Return an access code as it was meant: case, spaces, dashes and lookalikes do not matter."""
    letters = "".join(letter for letter in written.upper() if letter.isalnum())
    return letters.translate(MISREAD)


def candidate_for_code(written: str) -> Candidate | None:
    """Return whose access code this is; one under an older key comes under the key of now."""
    now, *older = digests("access-code", normal_code(written))
    known = Candidate.objects.select_related("user")
    found = known.filter(access_code_hmac__in=[now, *older]).first()
    if found is not None and found.access_code_hmac != now:
        found.access_code_hmac = now
        found.save(update_fields=["access_code_hmac"])
    return found


def new_code() -> str:
    """Return a fresh access code in groups of four."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return "-".join(letters[i : i + 4] for i in range(0, CODE_LENGTH, 4))


def issue_access_code(candidate: Candidate, *, by: str, at: datetime, code: str = "") -> str:
    """Give a candidate a new access code and return it: it is shown once, only a digest is kept."""
    issued = code or new_code()
    with transaction.atomic():
        candidate.access_code_hmac = digest("access-code", normal_code(issued))
        candidate.save(update_fields=["access_code_hmac"])
        _record_candidate(candidate, "access_code.issued", by=by, at=at)
    return issued


def _record_candidate(candidate: Candidate, kind: str, *, by: str, at: datetime) -> None:
    stream = f"candidate:{candidate.pk}"
    ledger.append(stream=stream, kind=kind, payload={}, actor=by, at=at)


def record(sitting: Sitting, kind: str, payload: Payload, *, by: str, at: datetime) -> None:
    """Record a fact about a sitting as a whole, in its own stream."""
    stream = f"sitting:{sitting.pk}"
    ledger.append(stream=stream, kind=kind, payload=payload, actor=by, at=at)


def enrol(sitting: Sitting, candidate: Candidate, *, by: str, at: datetime) -> Enrolment:
    """Let a candidate sit a sitting; twice is once."""
    with transaction.atomic():
        enrolment, fresh = Enrolment.objects.get_or_create(sitting=sitting, candidate=candidate)
        if fresh:
            payload: Payload = {"candidate": f"candidate:{candidate.pk}"}
            record(sitting, "candidate.enrolled", payload, by=by, at=at)
    return enrolment


def new_user() -> User:
    """Create the user behind a candidate: no password, a name that says nothing."""
    user = User(username=f"candidate-{secrets.token_hex(8)}")
    user.set_unusable_password()
    user.save()
    return user


def new_candidate(number: str, name: str, *, email: str = "") -> Candidate:
    """Create a candidate and the user behind them; use in a transaction."""
    return Candidate.objects.create(user=new_user(), number=number, name=name, email=email)


def issue_launch_link(enrolment: Enrolment, expires_at: datetime, *, by: str, at: datetime) -> str:
    """Return the token of a link that signs the candidate in once before it expires."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        LaunchLink.objects.create(
            enrolment=enrolment, token_hmac=digest("launch", token), expires_at=expires_at
        )
        payload: Payload = {"candidate": f"candidate:{enrolment.candidate_id}"}
        record(enrolment.sitting, "launch_link.issued", payload, by=by, at=at)
    return token


def find_link(token: str, at: datetime, *, lock: bool = False) -> LaunchLink:
    """Return a launch link that can still be used; raises Refusal."""
    found = LaunchLink.objects.select_related(
        "enrolment__candidate__user", "enrolment__sitting__lockdown"
    )
    found = found.select_for_update(of=("self",)) if lock else found
    link = found.filter(token_hmac__in=digests("launch", token)).first()
    if link is None or at >= link.expires_at:
        raise Refusal(Reason.LINK_EXPIRED)
    if link.used_at is not None:
        raise Refusal(Reason.LINK_USED)
    return link


def redeem(token: str, at: datetime) -> Enrolment:
    """Use a launch link up and return whom it is for; raises Refusal."""
    with transaction.atomic():
        link = find_link(token, at, lock=True)
        link.used_at = at
        link.save(update_fields=["used_at"])
        return link.enrolment


def cards(candidate: Candidate, at: datetime) -> list[Card]:
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
        result=may_see_result(latest, at) if latest else refusals.refuse(Reason.NOT_FINISHED),
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


def may_see_result(session: AssessmentSession, at: datetime) -> Permission:
    """Ask whether the candidate may see the session's result now, by the sitting's release."""
    if session.state not in ENDED_STATES:
        return refusals.refuse(Reason.NOT_FINISHED)
    if session.withheld or session.state == State.TERMINATED:
        return refusals.refuse(Reason.RESULT_WITHHELD)
    if session.scored_at is None:
        return refusals.refuse(Reason.NOT_SCORED)
    sitting = session.sitting
    released = sitting.released_at is not None and at >= sitting.released_at
    closed = sitting.closes_at is not None and at >= sitting.closes_at
    visible = {
        Sitting.Release.NEVER: False,
        Sitting.Release.SUBMISSION: True,
        Sitting.Release.CLOSING: closed or released,
        Sitting.Release.MANUAL: released,
    }
    return (
        GRANTED
        if visible[Sitting.Release(sitting.release)]
        else refusals.refuse(Reason.NOT_RELEASED)
    )


def release_results(sitting: Sitting, *, by: str, at: datetime) -> None:
    """Show the results of a sitting to its candidates from now on; twice is once."""
    with transaction.atomic():
        locked = Sitting.objects.select_for_update().get(pk=sitting.pk)
        if locked.released_at is None:
            locked.released_at = at
            locked.save(update_fields=["released_at"])
            record(locked, "results.released", {}, by=by, at=at)
