"""Which item comes next by pre-conditions and branch rules (QTI ASI: linear parts only)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from assembly.qti.assessment import BranchRule
from assembly.qti.expressions import Expression
from assembly.selection import PlannedItem
from delivery.rules.outline import Outline

EXIT_TEST: Final = "EXIT_TEST"
EXIT_TESTPART: Final = "EXIT_TESTPART"
EXIT_SECTION: Final = "EXIT_SECTION"

Holds = Callable[[Expression], bool]


@dataclass(frozen=True, slots=True)
class Way:
    """Where to go on: an item, the part's end (`key` None), or the test's end (`exits`)."""

    key: str | None
    skipped: tuple[str, ...] = ()
    exits: bool = False


@dataclass(frozen=True, slots=True)
class _Walk:
    known: Outline
    items: Sequence[PlannedItem]
    holds: Holds


def onward(known: Outline, items: Sequence[PlannedItem], place: int, holds: Holds) -> Way:
    """Return the way on from the item at `place` of a part's items; -1 is before the first.

    Branch rules lead forwards only; a rule whose target was not selected is passed over.
    """
    walk = _Walk(known, items, holds)
    here = place
    if place >= 0:
        target = _after_item(walk, place)
        if target == EXIT_TEST:
            return Way(None, exits=True)
        here = (len(items) if target is None else int(target)) - 1
    return _first_open(walk, place, here + 1)


def _first_open(walk: _Walk, left: int, start: int) -> Way:
    place = start
    while place < len(walk.items):
        skip_to = _refused_until(walk, left, place)
        if skip_to is None:
            return Way(walk.items[place].key, _between(walk, left, place))
        place = skip_to
    return Way(None, _between(walk, left, len(walk.items)))


def _between(walk: _Walk, left: int, place: int) -> tuple[str, ...]:
    return tuple(item.key for item in walk.items[left + 1 : place])


def _refused_until(walk: _Walk, left: int, place: int) -> int | None:
    """Return where to try next if a pre-condition does not hold; None where the item is open."""
    item = walk.items[place]
    inside = set(walk.items[left].sections) if left >= 0 else set()
    for name in item.sections:
        conditions = walk.known.sections[name].pre_conditions
        if name not in inside and not all(walk.holds(one) for one in conditions):
            return _end_of(walk, place, name)
    conditions = walk.known.refs[item.ref].pre_conditions
    return None if all(walk.holds(one) for one in conditions) else place + 1


def _end_of(walk: _Walk, place: int, section: str) -> int:
    """Return the first place at or behind `place` that lies outside a section."""
    end = place
    while end < len(walk.items) and section in walk.items[end].sections:
        end += 1
    return end


def _after_item(walk: _Walk, place: int) -> int | str | None:
    """Return the place where an item's and its ended sections' rules lead; None ends the part."""
    item = walk.items[place]
    target = _target(walk, place, walk.known.refs[item.ref].branch_rules)
    if target != place + 1:
        return target
    for name in reversed(item.sections):
        if _end_of(walk, place, name) != place + 1:
            break
        target = _target(walk, place, walk.known.sections[name].branch_rules)
        if target != place + 1:
            return target
    return place + 1


def _target(walk: _Walk, place: int, rules: Sequence[BranchRule]) -> int | str | None:
    for rule in rules:
        if not walk.holds(rule.expression):
            continue
        if rule.target == EXIT_TEST:
            return EXIT_TEST
        if rule.target == EXIT_TESTPART:
            return None
        if rule.target == EXIT_SECTION:
            sections = walk.items[place].sections
            return _end_of(walk, place, sections[-1]) if sections else place + 1
        ahead = _find(walk, place, rule.target)
        if ahead is not None:
            return ahead
    return place + 1


def _find(walk: _Walk, place: int, target: str) -> int | None:
    for ahead in range(place + 1, len(walk.items)):
        item = walk.items[ahead]
        if target in {item.ref, item.key} or target in item.sections:
            return ahead
    return None


def part_target(known: Outline, part: str, holds: Holds) -> str:
    """Return which part a part's branch rules lead to, EXIT_TEST, or "" for the next one."""
    names = list(known.parts)
    for rule in known.parts[part].branch_rules:
        if holds(rule.expression):
            if rule.target == EXIT_TEST:
                return EXIT_TEST
            if rule.target in names and names.index(rule.target) > names.index(part):
                return rule.target
    return ""


def may_begin_part(known: Outline, part: str, holds: Holds) -> bool:
    """Tell whether all pre-conditions of a part hold."""
    return all(holds(one) for one in known.parts[part].pre_conditions)
