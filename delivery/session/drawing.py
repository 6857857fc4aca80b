"""Draws a candidate's form: the plan from the sitting's secret, the item sessions, the genesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from assembly import bank, selection
from assembly.adaptive import Candidate as PoolItem
from assembly.qti import item_session
from assembly.qti.values import Value
from assembly.selection import PlannedItem, Stream, TestPlan
from delivery.facts import events, journal
from delivery.models import AssessmentSession, Enrolment, ItemSession, Sitting
from delivery.people import erasing
from delivery.queries import setwise
from delivery.session.desk import Desk
from integrity import chain
from integrity.policy import policies


@dataclass(frozen=True, slots=True)
class ItemStream:
    """The session's stream with every label under one item, so that no two items share a draw."""

    stream: Stream
    key: str

    def below(self, n: int, label: str) -> int:
        return self.stream.below(n, f"item:{self.key}|{label}")

    def permutation(self, n: int, label: str) -> list[int]:
        return self.stream.permutation(n, f"item:{self.key}|{label}")


def stream_of(session: AssessmentSession) -> Stream:
    """Return the keyed stream that everything random in a session comes from."""
    sitting = session.sitting
    secret = bytes.fromhex(sitting.form_secret)
    key = selection.session_key(secret, sitting=str(sitting.pk), session=str(session.pk))
    return Stream(key)


def create(enrolment: Enrolment, attempt_number: int, at: datetime, *, by: str) -> Desk:
    """Create a session that has not started, with its form drawn and bound in the ledger."""
    sitting, candidate = enrolment.sitting, enrolment.candidate
    session = AssessmentSession(
        sitting=sitting,
        candidate=candidate,
        attempt_number=attempt_number,
        created_at=at,
        lockdown=sitting.lockdown,
    )
    version = sitting.test_version_id
    plan = selection.plan(
        bank.definition(version), stream_of(session), mode=bank.mode(sitting.test_version)
    )
    session.plan = plan.to_json()
    session.total = expected_total(plan)
    setwise.create(session)
    drawn = Desk(session)
    drawn.rows = add_items(drawn, plan.items)
    journal.record(_genesis(session, sitting, by=by, at=at))
    return drawn


def expected_total(plan: TestPlan) -> int:
    """Return how many items the candidate meets, at most where a section is adaptive."""
    most = sum(s.adaptive.settings.max_items for s in plan.sections if s.adaptive is not None)
    return len(plan.items) + most


def add_items(at_desk: Desk, items: tuple[PlannedItem, ...]) -> list[ItemSession]:
    """Begin the item sessions of planned items: their variants and choice orders are drawn."""
    pins = bank.pins(at_desk.sitting.test_version_id)
    stream, first = stream_of(at_desk.session), len(at_desk.rows)
    rows = [
        ItemSession(
            session=at_desk.session,
            key=item.key,
            position=first + place,
            item_version_id=pins[item.ref],
            qti=_begun(pins[item.ref], ItemStream(stream, item.key)),
            max_score=bank.item(pins[item.ref]).max_score,
        )
        for place, item in enumerate(items)
    ]
    setwise.create_all(rows, by="key")
    return rows


def _begun(
    item_version_id: int, stream: ItemStream, defaults: Mapping[str, Value | None] | None = None
) -> dict[str, Any]:
    return item_session.to_json(item_session.begin(bank.item(item_version_id), stream, defaults))


def begin_anew(at_desk: Desk, row: ItemSession, defaults: Mapping[str, Value | None]) -> None:
    """Draw an item's variant again: the same one, but for template defaults known only now."""
    stream = ItemStream(stream_of(at_desk.session), row.key)
    row.qti = _begun(row.item_version_id, stream, defaults)


def _genesis(
    session: AssessmentSession, sitting: Sitting, *, by: str, at: datetime
) -> events.SessionCreated:
    return events.SessionCreated(
        session_id=session.pk,
        sitting_id=sitting.pk,
        actor=by,
        at=at,
        attempt=session.attempt_number,
        algorithm=selection.ALGORITHM,
        commitment=selection.commitment(bytes.fromhex(sitting.form_secret)),
        plan_sha256=digest_of(session.plan),
        test_sha256=sitting.test_version.sha256,
        policy=str(session.lockdown or ""),
        policy_sha256=policies.digest(session.lockdown) if session.lockdown else "",
        person=erasing.identity(session.candidate),
    )


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a JSON value in its canonical form, in hex."""
    return sha256(chain.canonical(value)).hexdigest()


def pool_of(session: AssessmentSession, section: str) -> tuple[PoolItem, ...]:
    """Return the calibrated items that an adaptive section chooses from."""
    return bank.pool(session.sitting.test_version_id, section)
