"""Scores an ended session on the server: responses, outcomes, weights, sections and the total."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from django.db import transaction

from assembly import adaptive, bank
from assembly.qti import values
from delivery.facts import events, journal
from delivery.models import ENDED_STATES, AssessmentSession, ItemSession
from delivery.session import desk, drawing, results, steps
from delivery.session.desk import Desk


def pending(limit: int = 200) -> list[UUID]:
    """Return the sessions that have ended and wait for their score, oldest first."""
    waiting = AssessmentSession.objects.filter(scored_at__isnull=True, state__in=ENDED_STATES)
    return list(waiting.order_by("finished_at").values_list("pk", flat=True)[:limit])


def score(session_id: UUID, at: datetime) -> AssessmentSession:
    """Score a session that has ended; one that is scored, or open, is returned as it is."""
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        if session.scored_at is not None or not session.is_ended:
            return session
        keys = [row.key for row in found.rows]
        facts = steps.commit_pending(found, keys, at, by="system")
        steps.close_items(found, keys, at)
        session.outcomes = _outcomes(found)
        session.score = session.outcomes["total"]["score"]
        session.max_score = session.outcomes["total"]["max"]
        session.scored_at = at
        journal.record_all([*facts, _scored(found, at)])
        return steps.keep(found)


def _outcomes(found: Desk) -> dict[str, Any]:
    """Return what the results show: `{total, sections, items, test}`, scores as numbers or None."""
    items = [
        _item_entry(found, row, number) for number, row in enumerate(_in_order(found), start=1)
    ]
    declared = _test_outcomes(found)
    weighted = _sum(items)
    total = {
        "score": declared.get("SCORE", weighted["score"]),
        "max": declared.get("MAXSCORE", _normal_maximum(found)) or weighted["max"],
        "needs_marking": any(item["needs_marking"] for item in items),
    }
    return {"total": total, "sections": _sections(found, items), "items": items, "test": declared}


def _in_order(found: Desk) -> list[ItemSession]:
    rows = {row.key: row for row in found.rows}
    return [rows[item.key] for item in found.plan.items]


def _item_entry(found: Desk, row: ItemSession, number: int) -> dict[str, Any]:
    planned = found.planned(row.key)
    return {
        "key": row.key,
        "number": number,
        "title": bank.item(row.item_version_id).title,
        "section": planned.sections[0] if planned.sections else "",
        "score": row.score,
        "max": row.max_score,
        "weight": found.outline.weight(planned),
        "answered": row.answered,
        "needs_marking": row.needs_marking,
        "duration_ms": found.session.timing.get("spent", {}).get(f"item:{row.key}", 0),
    }


def _sum(items: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the weighted sums; an item without a score counts nothing."""
    return {
        name: round(sum((item[name] or 0.0) * item["weight"] for item in items), 6)
        for name in ("score", "max")
    }


def _sections(found: Desk, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = []
    for name in dict.fromkeys(item["section"] for item in items if item["section"]):
        mine = [item for item in items if item["section"] == name]
        entry = {"id": name, "title": found.outline.sections[name].title, **_sum(mine)}
        listed.append(entry | _ability(found, name))
    return listed


def _ability(found: Desk, section: str) -> dict[str, float]:
    """Return an adaptive section's estimate: `theta` and `standard_error` on the ability scale."""
    planned = next((s for s in found.plan.sections if s.identifier == section), None)
    if planned is None or planned.adaptive is None:
        return {}
    pool = drawing.pool_of(found.session, section)
    known = adaptive.estimate(pool, steps.given(found, section), planned.adaptive.settings.scaling)
    return {
        "theta": round(known.theta, 3),
        "standard_error": round(known.standard_error, 3),
    }


def _test_outcomes(found: Desk) -> dict[str, Any]:
    """Run the test's own outcome processing, if it has any; numbers stay numbers."""
    test = found.outline.test
    if not test.outcome_processing:
        return {}
    return {name: _plain(value) for name, value in results.current(found).items()}


def _plain(value: values.Value | None) -> Any:
    if value is None:
        return None
    if value.cardinality is values.Cardinality.SINGLE and value.base_type in values.NUMERIC:
        return float(str(value.scalar))
    return values.raw(value)


def _normal_maximum(found: Desk) -> float | None:
    declared = found.outline.test.outcomes.get("SCORE")
    return declared.normal_maximum if declared is not None else None


def _scored(found: Desk, at: datetime) -> events.SessionScored:
    return events.SessionScored(**found.head("system", at), **facts(found.session))


class Facts(TypedDict):
    """What the ledger is told of a result."""

    score: str
    max_score: str
    outcomes_sha256: str


def facts(session: AssessmentSession) -> Facts:
    """Return a session's result as the ledger records it."""
    return Facts(
        score=_decimal(session.score),
        max_score=_decimal(session.max_score),
        outcomes_sha256=drawing.digest_of(_without_floats(session.outcomes)),
    )


def _decimal(value: float | None) -> str:
    return "none" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")


def _without_floats(value: Any) -> Any:
    """Return a JSON value whose numbers are decimal words: they are equal on every machine."""
    if isinstance(value, dict):
        return {name: _without_floats(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_without_floats(entry) for entry in value]
    return _decimal(value) if isinstance(value, float) else value
