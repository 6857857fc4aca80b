"""Answers that were not saved and wait for their candidate: sent anew one by one, or left aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from assembly import bank, wording
from delivery.facts import journal
from delivery.facts import recovery_events as facts
from delivery.models import AssessmentSession, ItemSession, Quarantine
from delivery.rules import navigation, writers
from delivery.rules.refusals import Permission, Reason, Refusal
from delivery.saving import responses
from delivery.saving.responses import Refused, Save
from delivery.session import desk, steps
from delivery.session.desk import Desk

# What one page lost to another, or wrote while the clock stood; late answers are for the staff.
OFFERED: Final = (Reason.LEASE_LOST, Reason.PAUSED, Reason.STALE)


@dataclass(frozen=True, slots=True)
class Draft:
    """One answer that was not saved, beside the one that is, in words."""

    kept: Quarantine
    number: int
    title: str
    said: list[str]
    saved: list[str]
    permission: Permission


def _waiting(session: AssessmentSession) -> QuerySet[Quarantine]:
    return Quarantine.objects.filter(
        session=session, settled_at__isnull=True, admitted_at__isnull=True, reason__in=OFFERED
    )


def count(session: AssessmentSession) -> int:
    """Return how many items have an answer that waits; two statements at most."""
    found = list(_waiting(session).order_by("received_at", "pk"))
    if not found:
        return 0
    rows = ItemSession.objects.filter(session=session, key__in={kept.item_key for kept in found})
    return len(_newest(found, {row.key: row for row in rows}))


def _newest(found: list[Quarantine], rows: dict[str, ItemSession]) -> list[Quarantine]:
    """Keep the newest of each item and writer, where it says something else than what is saved."""
    latest = {kept.item_key: kept for kept in found if _matters(kept, rows.get(kept.item_key))}
    return list(latest.values())


def _matters(kept: Quarantine, row: ItemSession | None) -> bool:
    if row is None or _said(kept.value) == _said(row.response) or not _said(kept.value):
        return False
    # A page's own older answer that a newer one of the same page, or the next, overtook is no loss.
    newer = writers.is_newer(row.writer, row.client_seq, kept.writer, kept.client_seq)
    return not (kept.reason == Reason.STALE and newer)


def _said(value: dict[str, object]) -> dict[str, object]:
    return {name: one for name, one in value.items() if one}


def waiting(at_desk: Desk) -> list[Draft]:
    """Return what waits for the candidate, in the order of the items."""
    rows = {row.key: row for row in at_desk.rows}
    found = list(_waiting(at_desk.session).order_by("received_at", "pk"))
    drafts = [_draft(at_desk, kept) for kept in _newest(found, rows)]
    return sorted(drafts, key=lambda draft: draft.number)


def _draft(at_desk: Desk, kept: Quarantine) -> Draft:
    row = at_desk.item(kept.item_key)
    item = bank.item(row.item_version_id)
    return Draft(
        kept=kept,
        number=at_desk.route.index(kept.item_key) + 1,
        title=item.title,
        said=wording.answer(item, kept.value),
        saved=wording.answer(item, row.response),
        permission=navigation.may_answer(at_desk.route, kept.item_key),
    )


def settle(
    quarantine_id: int, session_id: UUID, *, use: bool, device: str, by: str, at: datetime
) -> None:
    """Send a draft as a new answer, or leave it in quarantine; either way it is decided once."""
    with transaction.atomic():
        found = desk.lock(session_id)
        kept = Quarantine.objects.get(pk=quarantine_id, session=session_id)
        if kept.settled_at is not None or kept.admitted_at is not None:
            raise Refusal(Reason.DRAFT_SETTLED)
        fact = facts.DraftSettled(
            **found.head(by, at), quarantine=kept.pk, item=kept.item_key, used=use
        )
        journal.record(fact)
        older = _waiting(found.session).filter(item_key=kept.item_key, pk__lte=kept.pk)
        older.update(settled_at=at)
        steps.keep(found)
        if use:
            _send(found, kept, device=device, by=by, at=at)


def _send(found: Desk, kept: Quarantine, *, device: str, by: str, at: datetime) -> None:
    """Save it as any answer is saved, on top of what is there now; raises the Refusal it meets."""
    save = Save(
        session_id=found.session.pk,
        item=kept.item_key,
        raw=kept.value,
        key=f"draft-{kept.pk}",
        received_at=at,
        by=by,
        base_revision=found.item(kept.item_key).revision,
        device=device,
    )
    (outcome,) = responses.save([save])
    if isinstance(outcome, Refused):
        raise outcome.refusal
