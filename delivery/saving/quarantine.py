"""Answers that were kept aside: one person proposes to admit one, another agrees."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from assembly import bank
from assembly.qti import item_session
from delivery.facts import events, journal
from delivery.facts import recovery_events as facts
from delivery.models import Quarantine, ResponseRevision
from delivery.rules import refusals
from delivery.rules.refusals import GRANTED, Permission, Reason, Refusal
from delivery.saving import comments, responses
from delivery.session import desk, drawing, interventions, steps
from delivery.session.desk import Desk


def _lock(quarantine_id: int) -> tuple[Quarantine, Desk]:
    """Lock the session first, as every writer of answers does, then read the row."""
    session_id = Quarantine.objects.values_list("session_id", flat=True).get(pk=quarantine_id)
    found = desk.lock(session_id)
    return Quarantine.objects.get(pk=quarantine_id), found


def may_propose(kept: Quarantine) -> Permission:
    """Ask whether the answer can still be admitted."""
    if kept.session.candidate.erased_at is not None:
        return refusals.refuse(Reason.ALREADY_ERASED)
    if kept.reason == Reason.STRAY_FIELDS or kept.reason.startswith(comments.ASIDE):
        return refusals.refuse(Reason.NOTHING_TO_ADMIT)
    if kept.admitted_at is not None:
        return refusals.refuse(Reason.ALREADY_ADMITTED_ANSWER)
    if kept.refused_at is not None:
        return refusals.refuse(Reason.ALREADY_REFUSED_ANSWER)
    return GRANTED


def propose(quarantine_id: int, *, reason: str, by: User, at: datetime) -> Quarantine:
    """Ask for an answer to be admitted; a later proposal takes the place of an earlier one."""
    if not reason.strip():
        raise Refusal(Reason.REASON_REQUIRED)
    with transaction.atomic():
        kept, found = _lock(quarantine_id)
        may_propose(kept).demand()
        kept.proposed_by, kept.proposed_at, kept.grounds = by, at, reason
        kept.save()
        journal.record(
            events.AdmissionProposed(
                **found.head(interventions.actor(by), at),
                quarantine=kept.pk,
                item=kept.item_key,
                reason=reason,
            )
        )
        return kept


def may_admit(kept: Quarantine, by: User) -> Permission:
    """Ask whether this person may agree: somebody else must have proposed."""
    open_now = may_propose(kept)
    if not open_now:
        return open_now
    if kept.proposed_at is None:
        return refusals.refuse(Reason.NOT_PROPOSED)
    if kept.proposed_by_id == by.pk:
        return refusals.refuse(Reason.SECOND_PERSON)
    return GRANTED


def admit(quarantine_id: int, *, by: User, at: datetime) -> Quarantine:
    """Make the answer its item's newest revision; a session that was scored is scored anew."""
    with transaction.atomic():
        kept, found = _lock(quarantine_id)
        may_admit(kept, by).demand()
        revision = _revise(found, kept)
        kept.admitted_by, kept.admitted_at = by, at
        kept.save()
        sealed = journal.record(
            events.AnswerAdmitted(
                **found.head(interventions.actor(by), at),
                quarantine=kept.pk,
                item=kept.item_key,
                revision=revision.revision,
                digest=revision.digest,
                proposed_by=f"user:{kept.proposed_by_id}",
            )
        )
        revision.ledger_seq, revision.ledger_head = sealed.seq, sealed.head
        revision.save()
        found.session.answered = sum(row.answered for row in found.rows)
        found.session.scored_at = None
        steps.keep(found)
        return kept


def refuse(quarantine_id: int, *, reason: str, by: User, at: datetime) -> Quarantine:
    """Leave an answer out for a reason; it stays kept, and nobody admits it any more."""
    if not reason.strip():
        raise Refusal(Reason.REASON_REQUIRED)
    with transaction.atomic():
        kept, found = _lock(quarantine_id)
        may_propose(kept).demand()
        kept.refused_by, kept.refused_at, kept.refusal_grounds = by, at, reason
        kept.save()
        journal.record(
            facts.AnswerTurnedDown(
                **found.head(interventions.actor(by), at),
                quarantine=kept.pk,
                item=kept.item_key,
                reason=reason,
            )
        )
        return kept


def _revise(found: Desk, kept: Quarantine) -> ResponseRevision:
    """Set the answer and draw the item's variant again: its stream gives the same one."""
    row = found.item(kept.item_key)
    row.revision += 1
    row.response = kept.value
    row.answered = item_session.is_answered(bank.item(row.item_version_id), kept.value)
    row.epoch, row.writer, row.client_seq = kept.epoch, kept.writer, kept.client_seq
    row.saved_at, row.num_attempts, row.score = kept.received_at, 0, None
    drawing.begin_anew(found, row, {})
    row.save()
    salt, digest = responses.salted(kept.value)
    return ResponseRevision(
        item_session=row,
        revision=row.revision,
        key=f"quarantine-{kept.pk}",
        value=kept.value,
        salt=salt,
        digest=digest,
        fingerprint=responses.fingerprint_of(kept.value),
        epoch=kept.epoch,
        writer=kept.writer,
        client_seq=kept.client_seq,
        received_at=kept.received_at,
        answered=row.answered,
    )
