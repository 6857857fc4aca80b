"""The boxes of the item map: what each says of its item, worked out once for all that are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assembly.selection import PlannedItem
from delivery.rules import navigation
from delivery.rules.navigation import Route, Stop
from delivery.rules.outline import Outline


class MapEntry(NamedTuple):
    """One box of the item map; `ahead` lies in a part that has not begun."""

    key: str
    number: int
    current: bool
    answered: bool
    flagged: bool
    locked: bool
    reachable: bool
    ahead: bool


@dataclass(frozen=True, slots=True)
class MapSection:
    """A titled run of boxes."""

    title: str
    entries: tuple[MapEntry, ...]


def sections(
    known: Outline, items: Sequence[PlannedItem], letters: str, route: Route
) -> tuple[MapSection, ...]:
    """Return the boxes of a plan by visible section; `letters` tell what happened at each item."""
    found = list[tuple[str, list[MapEntry]]]()
    alike = dict[tuple[str, str, bool], tuple[bool, ...]]()
    around: tuple[str, tuple[str, ...]] | None = None
    for place, (item, letter) in enumerate(zip(items, letters, strict=True)):
        if around != (item.part, item.sections):
            around, title = (item.part, item.sections), known.title_over(item)
            if not found or found[-1][0] != title:
                found.append((title, []))
        kind = item.part, letter, item.key == route.position
        signs = alike.get(kind)
        if signs is None:
            signs = _signs(route, route.stops[place])
            # Where no time has run out, an item's own scopes say nothing of it.
            if not route.shut:
                alike[kind] = signs
        found[-1][1].append(MapEntry(item.key, place + 1, kind[2], *signs))
    return tuple(MapSection(title, tuple(entries)) for title, entries in found)


def _signs(route: Route, stop: Stop) -> tuple[bool, ...]:
    """Return what a box says of its item, in the order of its entry."""
    return (
        stop.answered,
        stop.flagged,
        navigation.is_locked(route, stop),
        navigation.is_open(route, stop),
        navigation.is_ahead(route, stop),
    )
