"""The plans of sessions, each read once a process and sharing what is alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from assembly.selection import PlannedItem, TestPlan
from delivery.models import AssessmentSession

MOST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Known:
    """A plan with the place of each of its items by its key, and the parts that may grow."""

    plan: TestPlan
    places: Mapping[str, int]
    growing: frozenset[str]


_known: dict[UUID, Known] = {}
_shared: dict[Any, Any] = {}
_places: dict[tuple[str, ...], Mapping[str, int]] = {}


def is_known(session_id: UUID) -> bool:
    """Tell whether a session's plan need not be read again."""
    return session_id in _known


def item_of(session_id: UUID, key: str) -> PlannedItem | None:
    """Return an item of a plan that is known already, without asking anybody."""
    found = _known.get(session_id)
    place = None if found is None else found.places.get(key)
    return None if found is None or place is None else found.plan.items[place]


def of(session: AssessmentSession) -> TestPlan:
    """Return a session's plan; one that cannot grow is read once a process.

    The rows of a plan are shared among all plans: ten thousand candidates have few different ones.
    """
    return known(session).plan


def known(session: AssessmentSession) -> Known:
    """Return a session's plan with what is asked of it again and again."""
    found = _known.get(session.pk)
    if found is not None:
        return found
    read_plan = TestPlan.from_json(session.plan)
    plan = replace(
        read_plan,
        items=tuple(_shared.setdefault(item, item) for item in read_plan.items),
        sections=tuple(_shared.setdefault(one, one) for one in read_plan.sections),
    )
    found = indexed(plan)
    if found.growing:
        return found
    if len(_known) >= MOST:
        forget()
    keys = tuple(found.places)
    _known[session.pk] = found = replace(found, places=_places.setdefault(keys, found.places))
    return found


def indexed(plan: TestPlan) -> Known:
    """Return a plan with what is asked of it again and again."""
    places = {item.key: place for place, item in enumerate(plan.items)}
    return Known(plan, places, frozenset(one.part for one in plan.sections if one.adaptive))


def forget() -> None:
    """Empty what is remembered: it has grown too large, or a test wants a new process."""
    for kept in (_known, _shared, _places):
        kept.clear()
