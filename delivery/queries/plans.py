"""The plans of sessions, each read once a process and sharing what is alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from assembly.selection import TestPlan
from delivery.models import AssessmentSession

MOST: Final = 20_000
_plans: dict[UUID, TestPlan] = {}
_keys: dict[UUID, tuple[str, ...]] = {}
_shared: dict[Any, Any] = {}


def is_known(session_id: UUID) -> bool:
    """Tell whether a session's plan need not be read again."""
    return session_id in _plans


def of(session: AssessmentSession) -> TestPlan:
    """Return a session's plan; one that cannot grow is read once a process.

    The rows of a plan are shared among all plans: ten thousand candidates have few different ones.
    """
    known = _plans.get(session.pk)
    if known is not None:
        return known
    read_plan = TestPlan.from_json(session.plan)
    plan = replace(
        read_plan,
        items=tuple(_shared.setdefault(item, item) for item in read_plan.items),
        sections=tuple(_shared.setdefault(one, one) for one in read_plan.sections),
    )
    if not any(section.adaptive for section in plan.sections):
        if len(_plans) >= MOST:
            forget()
        _plans[session.pk] = plan
    return plan


def keys_of(session_id: UUID, plan: TestPlan) -> tuple[str, ...]:
    """Return the keys of a session's plan in their order."""
    known = _keys.get(session_id)
    if known is None:
        listed = tuple(item.key for item in plan.items)
        known = _shared.setdefault(listed, listed)
        if session_id in _plans:
            _keys[session_id] = known
    return known


def forget() -> None:
    """Empty what is remembered: it has grown too large, or a test wants a new process."""
    for known in (_plans, _keys, _shared):
        known.clear()
