"""A rehearsal's cast: a copy of a sitting with synthetic candidates, marked, and removed whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from typing import Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.db import transaction

from assembly import bank
from delivery.facts import events, journal
from delivery.models import AssessmentSession, Candidate, Enrolment, ResponseRevision, Sitting
from delivery.people import enrolments
from delivery.people.erasing import SessionRemoved
from delivery.sitting import plausible
from integrity import ledger

MARK: Final = "REHEARSAL"
BACKEND: Final = "delivery.candidate.backend.AccessCodeBackend"
# The window outlasts the rehearsal, so that it is the rehearsal that ends.
SPARE: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Part:
    """One synthetic candidate: the enrolment, and the sign-in that a browser would hold."""

    enrolment_id: int
    candidate_id: int
    cookie: str


@dataclass(slots=True)
class Said:
    """An acknowledgement as the candidate heard it."""

    session: str
    item: str
    revision: int
    head: str


@dataclass(frozen=True, slots=True)
class Cast:
    sitting: Sitting
    parts: tuple[Part, ...]


def prepare(of: Sitting, candidates: int, at: datetime) -> Cast:
    """Copy a sitting without what a machine cannot do, and enrol synthetic candidates.

    Left out are the lockdown policy, networks, room codes, the device rule and admission.
    """
    with transaction.atomic():
        copy = Sitting.objects.create(
            title=f"{MARK}: {of.title}"[:200],
            test_version=of.test_version,
            opens_at=at,
            closes_at=at + SPARE,
            duration_seconds=of.duration_seconds,
            linear=of.linear,
            leaving=of.leaving,
            grace_seconds=of.grace_seconds,
            release=Sitting.Release.NEVER,
        )
        told: dict[str, str | int] = {"of": of.pk, "candidates": candidates}
        _record(copy, "rehearsal.begun", told, at)
        parts = [_part(copy, number, at) for number in range(1, candidates + 1)]
    return Cast(copy, tuple(parts))


def _record(sitting: Sitting, kind: str, told: dict[str, str | int], at: datetime) -> None:
    journal.note(sitting, kind, dict(told), by="system", at=at)


def _part(sitting: Sitting, number: int, at: datetime) -> Part:
    made = enrolments.new_candidate(f"{MARK}-{sitting.pk}-{number:05}", f"Rehearsal {number}")
    enrolled = enrolments.enrol(sitting, made, by="system", at=at)
    return Part(enrolled.pk, made.pk, _signed_in(made.user))


def _signed_in(user: User) -> str:
    """Sign a synthetic candidate in, as their access code would."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = BACKEND
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"


def rehearsals() -> Sequence[Sitting]:
    """Return the sittings that are rehearsals, by their mark."""
    return list(Sitting.objects.filter(title__startswith=f"{MARK}: "))


def remove(at: datetime, only: Sitting | None = None) -> int:
    """Remove every rehearsal, or only one, with its candidates; return how many there were.

    The ledger keeps that there was one: its entries are for ever, and hold no answers.
    """
    marks = f"{MARK}-" if only is None else f"{MARK}-{only.pk}-"
    with transaction.atomic():
        for sitting in rehearsals() if only is None else [only]:
            mine = AssessmentSession.objects.filter(sitting=sitting)
            pks = mine.values_list("pk", flat=True)
            heads = [events.head(pk, sitting.pk, "system", at) for pk in pks]
            journal.record_all([SessionRemoved(**head) for head in heads])
            mine.delete()
            Enrolment.objects.filter(sitting=sitting).delete()
            _record(sitting, "rehearsal.removed", {}, at)
            sitting.delete()
        synthetic = Candidate.objects.filter(number__startswith=marks)
        users = User.objects.filter(candidate__in=synthetic)
        number = users.count()
        synthetic_users = list(users.values_list("pk", flat=True))
        synthetic.delete()
        User.objects.filter(pk__in=synthetic_users).delete()
        return number


@dataclass(slots=True)
class Answers:
    """What the synthetic candidates write: by item, the form fields of one answer."""

    by_item: dict[str, list[list[str]]] = field(default_factory=dict)

    def of(self, session_id: str) -> dict[str, list[list[str]]]:
        """Return an answer for each item of a session."""
        rows = AssessmentSession.objects.get(pk=session_id).item_sessions.order_by("position")
        return {row.key: self._known(row.item_version_id) for row in rows}

    def _known(self, version_id: int) -> list[list[str]]:
        name = str(version_id)
        if name not in self.by_item:
            self.by_item[name] = plausible.fields(bank.item(version_id))
        return self.by_item[name]


def lost(said: Sequence[Said]) -> int:
    """Count the acknowledgements that the database does not bear out."""
    found = ResponseRevision.objects.filter(item_session__session__in={one.session for one in said})
    names = ("item_session__session", "item_session__key", "revision", "ledger_head")
    kept = {(str(row[0]), *row[1:]) for row in found.values_list(*names)}
    return sum((one.session, one.item, one.revision, one.head) not in kept for one in said)


def broken_stories(cast: Cast) -> int:
    """Count the sessions of a rehearsal whose ledger does not verify."""
    rows = AssessmentSession.objects.filter(sitting=cast.sitting)
    return sum(ledger.verify(session.stream).broken is not None for session in rows)
