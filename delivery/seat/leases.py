"""Who may write: one page at a time, silently its own return, else by the sitting's policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from delivery.facts import events, journal
from delivery.facts import recovery_events as facts
from delivery.models import AssessmentSession, Sitting, State
from delivery.queries import setwise
from delivery.rules import legible, refusals, writers
from delivery.rules.refusals import GRANTED, Permission, Reason, Refusal
from delivery.seat import presence
from delivery.seat.presence import Lease
from delivery.session import desk, interventions, steps
from delivery.session.desk import Desk

# A page that tells nothing for so long is gone: heartbeats come every 10 s.
GONE_AFTER: Final = timedelta(seconds=45)
# A page that reloads is back within this; only after it a page has clearly been left.
LEFT_AFTER: Final = timedelta(seconds=4)
# What tells who holds the lease, beside its epoch.
HELD: Final = ("writer", "lease_device", "writer_left_at", "takeover")
Takeover = Sitting.Takeover


@dataclass(frozen=True, slots=True)
class Asker:
    """A page that wants to write: the device's own name, its words, and the page's writer id.

    `known` are the writers that the same tab was before: its own earlier pages.
    """

    device_id: str
    device: str
    writer: str = ""
    known: tuple[str, ...] = ()


def is_holder(session: AssessmentSession, device_id: str) -> bool:
    """Tell whether the lease is with this device, or with none yet."""
    return session.lease_device in ("", device_id)


def is_gone(session: AssessmentSession, at: datetime) -> bool:
    """Tell whether the page that holds the lease was left, or has long been silent."""
    if session.writer_left_at is not None or session.last_seen_at is None:
        return True
    return at - session.last_seen_at > GONE_AFTER


def is_silent(session: AssessmentSession, asker: Asker, at: datetime) -> bool:
    """Tell whether the page needs no question: nobody else is there, or it is itself again."""
    if not is_holder(session, asker.device_id):
        left = session.writer_left_at
        clearly = left is not None and at - left >= LEFT_AFTER
        return clearly and session.sitting.takeover == Takeover.ALLOW
    if not session.writer or session.writer in (asker.writer, *asker.known):
        return True
    return is_gone(session, at)


def may_take_over(session: AssessmentSession, asker: Asker, at: datetime) -> Permission:
    """Ask whether the page may write now because its candidate says so."""
    policy = session.sitting.takeover
    if is_silent(session, asker, at) or policy == Takeover.ALLOW:
        return GRANTED
    if policy == Takeover.ASK:
        return refusals.refuse(Reason.TAKEOVER_ASKS)
    return refusals.refuse(Reason.TAKEOVER_DENIED, device=session.device or "?")


def claim(session_id: UUID, asker: Asker, *, by: str, at: datetime) -> Lease:
    """Give the right to write to a page that needs no question; raises Refusal ELSEWHERE."""
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        page, before = legible.text(asker.writer)[:64], _held(session)
        if session.writer == page and session.epoch:
            _stays(session, asker, at)
        elif _is_past(session, page) or not is_silent(session, asker, at):
            raise Refusal(Reason.ELSEWHERE, {"device": session.device or "?"})
        elif not session.writer and session.epoch and session.lease_device == asker.device_id:
            # The device took the lease by a form; its page now says which one it is.
            session.writer = page
        session.lease_device, session.writer_left_at = asker.device_id, None
        if session.takeover.get("device_id") == asker.device_id:
            session.takeover = {}
        version = session.version
        lease = presence.give(found, writer=page, device=asker.device, by=by, at=at)
        if session.version == version and _held(session) != before:
            setwise.update([session], HELD)
        return lease


def _held(session: AssessmentSession) -> tuple[Any, ...]:
    return tuple(getattr(session, name) for name in HELD)


def _is_past(session: AssessmentSession, page: str) -> bool:
    """A page that another of its browser has come after is gone, however late its claim comes."""
    return writers.is_newer(page, 0, session.writer, 0) is False and page != session.writer


def _stays(session: AssessmentSession, asker: Asker, at: datetime) -> None:
    """A page that holds the lease stays on its device: its name alone moves nowhere."""
    if not is_holder(session, asker.device_id):
        raise Refusal(Reason.ELSEWHERE, {"device": session.device or "?"})


def hold(session_id: UUID, device_id: str) -> None:
    """Note the first device; without JavaScript it is all that tells one page from another."""
    free = AssessmentSession.objects.filter(pk=session_id, lease_device="")
    free.update(lease_device=device_id)


def here(session: AssessmentSession, writer: str) -> None:
    """The page that holds the lease was heard again by another way than its socket."""
    if session.writer_left_at is not None and session.writer == writer:
        kept = AssessmentSession.objects.filter(pk=session.pk, writer=writer)
        kept.update(writer_left_at=None)


def left(session_id: UUID, writer: str, at: datetime) -> None:
    """Note that the page that holds the lease was left: whoever returns is not asked."""
    if writer:
        held = AssessmentSession.objects.filter(pk=session_id, writer=writer)
        held.update(writer_left_at=at)


def take_over(session_id: UUID, asker: Asker, *, by: str, at: datetime) -> AssessmentSession:
    """Take the lease for a device; the page that had it turns read-only and keeps its drafts.

    A page that was left keeps its name in the row: what it had not sent is then its return's own.
    """
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        _running(session)
        may_take_over(session, asker, at).demand()
        kept = (session.writer, session.writer_left_at) if is_silent(session, asker, at) else None
        _give(found, asker.device_id, asker.device, by=by, at=at)
        if kept is not None:
            session.writer, session.writer_left_at = kept
            steps.keep(found)
        return session


def _running(session: AssessmentSession) -> None:
    if session.state != State.IN_PROGRESS:
        raise Refusal(Reason.NOT_RUNNING)


def _give(found: Desk, device_id: str, device: str, *, by: str, at: datetime) -> AssessmentSession:
    session = found.session
    session.epoch += 1
    session.writer, session.writer_left_at, session.takeover = "", None, {}
    session.lease_device, session.device = device_id, legible.text(device)[:200]
    journal.record(
        events.LeaseClaimed(**found.head(by, at), epoch=session.epoch, device=session.device)
    )
    return steps.keep(found)


def ask(session_id: UUID, asker: Asker, *, by: str, at: datetime) -> AssessmentSession:
    """Ask the proctor for the lease; asking twice is once."""
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        _running(session)
        if session.sitting.takeover != Takeover.ASK:
            may_take_over(session, asker, at).demand()
        if is_asked(session) and session.takeover.get("device_id") == asker.device_id:
            return session
        device = legible.text(asker.device)[:200]
        session.takeover = {
            "device": device,
            "device_id": asker.device_id,
            "asked_ms": round(at.timestamp() * 1000),
        }
        journal.record(facts.TakeoverAsked(**found.head(by, at), device=device))
        return steps.keep(found)


def is_asked(session: AssessmentSession) -> bool:
    """Tell whether somebody waits for a proctor's answer."""
    return bool(session.takeover) and "refused" not in session.takeover


def answer_of(session: AssessmentSession, device_id: str) -> dict[str, Any]:
    """Return what was asked for from this device and what the proctor said."""
    asked: dict[str, Any] = session.takeover
    return asked if asked.get("device_id") == device_id else {}


def may_allow(session: AssessmentSession) -> Permission:
    """Ask whether a proctor can free the lease: somebody asks, or a page holds it."""
    if session.state != State.IN_PROGRESS:
        return refusals.refuse(Reason.NOT_RUNNING)
    held = session.writer or session.lease_device
    return GRANTED if held or is_asked(session) else refusals.refuse(Reason.NO_LEASE)


def allow(session_id: UUID, *, reason: str, by: User, at: datetime) -> AssessmentSession:
    """Let the device that asks go on; where none asks, let the next one come."""
    if not reason.strip():
        raise Refusal(Reason.REASON_REQUIRED)
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        may_allow(session).demand()
        asked = session.takeover if is_asked(session) else {}
        device = asked.get("device", "")
        who = interventions.actor(by)
        journal.record(facts.TakeoverAllowed(**found.head(who, at), reason=reason, device=device))
        return _give(found, asked.get("device_id", ""), device, by=who, at=at)


def may_refuse(session: AssessmentSession) -> Permission:
    return GRANTED if is_asked(session) else refusals.refuse(Reason.NO_TAKEOVER)


def refuse(session_id: UUID, *, reason: str, by: User, at: datetime) -> AssessmentSession:
    """Leave the lease where it is; the page that asked says so, with the reason."""
    if not reason.strip():
        raise Refusal(Reason.REASON_REQUIRED)
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        may_refuse(session).demand()
        session.takeover = session.takeover | {"refused": reason}
        device = session.takeover.get("device", "")
        who = interventions.actor(by)
        journal.record(facts.TakeoverRefused(**found.head(who, at), reason=reason, device=device))
        return steps.keep(found)
