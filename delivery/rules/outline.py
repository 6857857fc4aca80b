"""A test definition looked up by identifier: its limits, its control, its titles, its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, overload

from assembly.qti import assessment
from assembly.qti.assessment import (
    AssessmentTest,
    ItemRef,
    NavigationMode,
    ResolvedControl,
    Section,
    TestPart,
    TimeLimits,
)
from assembly.selection import PlannedItem, TestPlan
from delivery.rules.clock import Kind, Scope
from delivery.rules.navigation import Leg, Stop

LETTERS: Final = "abcdefgh"
NOTHING: Final = LETTERS[0]


# A scope that may be limited: its kind, id and title, and its limits.
Limited = tuple[Kind, str, str, TimeLimits]


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts, sections and item refs of one test by identifier."""

    test: AssessmentTest
    parts: dict[str, TestPart]
    sections: dict[str, Section]
    refs: dict[str, ItemRef]
    # What was asked before: the same few questions come with every answer.
    controls: dict[str, ResolvedControl] = field(default_factory=dict, compare=False)
    ways: dict[Any, tuple[Leg, ...]] = field(default_factory=dict, compare=False)
    limited: dict[Any, tuple[Limited, ...]] = field(default_factory=dict, compare=False)
    titles: dict[tuple[str, ...], str] = field(default_factory=dict, compare=False)

    def title_over(self, item: PlannedItem) -> str:
        """Return the title of the innermost visible section around an item, else of its part."""
        place = (item.part, *item.sections)
        known = self.titles.get(place)
        if known is None:
            sections = [self.sections[name] for name in item.sections]
            visible = [section.title for section in sections if section.visible]
            known = visible[-1] if visible else self.parts[item.part].title
            self.titles[place] = known
        return known

    def control(self, item: PlannedItem) -> ResolvedControl:
        """Return the item session control in force at an item (QTI ASI: the nearest wins)."""
        known = self.controls.get(item.ref)
        if known is None:
            known = self.controls[item.ref] = self._control(item)
        return known

    def _control(self, item: PlannedItem) -> ResolvedControl:
        sections = [self.sections[name] for name in item.sections]
        part, ref = self.parts[item.part], self.refs[item.ref]
        found = assessment.control(self.test, part, sections, ref)
        if not self.is_simultaneous(item):
            return found
        # QTI ASI: submitted with its part, an item has one attempt, and nothing holds it back.
        return replace(found, max_attempts=1, allow_skipping=True, validate_responses=False)

    def is_simultaneous(self, item: PlannedItem) -> bool:
        mode = self.parts[item.part].submission_mode
        return mode is assessment.SubmissionMode.SIMULTANEOUS

    def weight(self, item: PlannedItem) -> float:
        """Return the weight of an item's score in a total that the test leaves to us."""
        weights = self.refs[item.ref].weights
        return weights.get("WEIGHT", next(iter(weights.values()), 1.0))


def outline(test: AssessmentTest) -> Outline:
    """Index a test definition."""
    sections: dict[str, Section] = {}
    refs: dict[str, ItemRef] = {}
    for part in test.parts:
        for _path, child in assessment.walk(part.children):
            if isinstance(child, Section):
                sections[child.identifier] = child
            else:
                refs[child.identifier] = child
    return Outline(test, {part.identifier: part for part in test.parts}, sections, refs)


def legs(
    known: Outline, parts: tuple[str, ...], growing: frozenset[str], *, linear: bool
) -> tuple[Leg, ...]:
    """Return a plan's parts as navigation sees them.

    Navigation belongs to the part; the sitting may only restrict it (`linear`), and an adaptive
    section chooses from what was answered, so that its part (one of `growing`) knows no way back.
    """
    found = known.ways.get((parts, growing, linear))
    if found is None:
        found = known.ways[parts, growing, linear] = tuple(
            Leg(
                name,
                linear
                or name in growing
                or known.parts[name].navigation_mode is NavigationMode.LINEAR,
            )
            for name in parts
        )
    return found


def letter(*, answered: bool, flagged: bool, closed: bool) -> str:
    """Return what happened at an item as one letter: a, and one, two and four further."""
    return LETTERS[answered + 2 * flagged + 4 * closed]


class Stops(Sequence[Stop]):
    """A plan as navigation sees it, each stop made when it is looked at: most never are."""

    def __init__(self, known: Outline, plan: TestPlan, letters: str) -> None:
        self.known, self.plan, self.letters = known, plan, letters
        self._last: tuple[int, Stop] | None = None

    def __len__(self) -> int:
        return len(self.plan.items)

    @overload
    def __getitem__(self, place: int) -> Stop: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Stop, ...]: ...
    def __getitem__(self, place: int | slice) -> Stop | tuple[Stop, ...]:
        if isinstance(place, slice):
            return tuple(self[one] for one in range(*place.indices(len(self))))
        if self._last is None or self._last[0] != place:
            self._last = place, self._stop(place)
        return self._last[1]

    def _stop(self, place: int) -> Stop:
        item = self.plan.items[place]
        happened = LETTERS.index(self.letters[place])
        return Stop(
            key=item.key,
            part=item.part,
            sections=item.sections,
            answered=bool(happened & 1),
            flagged=bool(happened & 2),
            closed=bool(happened & 4),
            required=not self.known.control(item).allow_skipping,
        )


def base_seconds(known: Outline, sitting_seconds: float | None) -> float | None:
    """Return the smaller of the test's max-time and the sitting's duration, in seconds."""
    limits = known.test.time_limits
    test = None if limits.allow_late_submission else limits.max_seconds
    given = [seconds for seconds in (test, sitting_seconds) if seconds is not None]
    return min(given) if given else None


def limits_at(known: Outline, item: PlannedItem) -> Iterator[Limited]:
    """Yield what may be limited around an item, outermost first."""
    part = known.parts[item.part]
    yield Kind.PART, f"part:{item.part}", part.title, part.time_limits
    for name in item.sections:
        section = known.sections[name]
        yield Kind.SECTION, f"section:{name}", section.title, section.time_limits
    yield Kind.ITEM, f"item:{item.key}", "", known.refs[item.ref].time_limits


def scopes_at(
    known: Outline, item: PlannedItem, spent: dict[str, int], extra: dict[str, int]
) -> tuple[Scope, ...]:
    """Return the limited scopes around an item with the milliseconds spent and given in each."""
    place = item.part, item.sections, item.ref, item.key
    limited = known.limited.get(place)
    if limited is None:
        found = limits_at(known, item)
        limited = tuple(one for one in found if one[3].max_seconds is not None)
        known.limited[place] = limited
    return tuple(
        Scope(
            id=scope,
            kind=kind,
            title=title,
            limit_ms=round(limits.max_seconds * 1000),
            spent_ms=spent.get(scope, 0),
            extra_ms=extra.get(scope, 0),
            soft=limits.allow_late_submission,
        )
        for kind, scope, title, limits in limited
        if limits.max_seconds is not None
    )


def min_ms_left(known: Outline, item: PlannedItem, spent: dict[str, int]) -> int:
    """Return how long an item must still be looked at before going on, in milliseconds.

    QTI ASI: a min-time binds items (and sections) in linear mode only; no accommodation moves it.
    """
    limits = known.refs[item.ref].time_limits
    needed = round((limits.min_seconds or 0) * 1000)
    return max(0, needed - spent.get(f"item:{item.key}", 0))
