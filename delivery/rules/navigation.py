"""Where a candidate may go: the test plan, the parts' modes and the position decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from delivery.rules import refusals
from delivery.rules.refusals import GRANTED, Permission, Reason


@dataclass(frozen=True, slots=True)
class Leg:
    """A test part as navigation sees it; navigation belongs to the part."""

    id: str
    linear: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """One item of the plan with what matters for moving; `sections` from the outermost in."""

    key: str
    part: str
    sections: tuple[str, ...] = ()
    answered: bool = False
    flagged: bool = False
    closed: bool = False
    required: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """Name the scopes the stop lies in, as the clock names them."""
        return (
            f"part:{self.part}",
            *(f"section:{section}" for section in self.sections),
            f"item:{self.key}",
        )


@dataclass(frozen=True, slots=True)
class Route:
    """A whole plan with the candidate's place in it; `shut` holds scopes whose time ran out.

    `places` are the places of the stops by their keys where somebody has them at hand. `leg` is
    the part that the candidate is in: the first that has not ended.
    """

    legs: tuple[Leg, ...]
    stops: Sequence[Stop]
    position: str
    ended: frozenset[str] = frozenset()
    shut: frozenset[str] = frozenset()
    places: Mapping[str, int] = field(default_factory=dict)
    leg: Leg | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Asked for every stop of a map.
        first = next((leg for leg in self.legs if leg.id not in self.ended), None)
        object.__setattr__(self, "leg", first)

    def index(self, key: str) -> int:
        """Return a stop's place in the plan, or -1."""
        places = self.places or {stop.key: place for place, stop in enumerate(self.stops)}
        return places.get(key, -1)

    @property
    def current(self) -> Stop | None:
        """Return where the candidate is, None before the first item and after the last."""
        place = self.index(self.position)
        return self.stops[place] if place >= 0 else None


def is_shut(route: Route, stop: Stop) -> bool:
    """Tell whether the time of the stop or of anything around it has run out."""
    return bool(route.shut) and any(scope in route.shut for scope in stop.scopes)


def is_open(route: Route, stop: Stop) -> bool:
    """Tell whether the candidate may look at the stop now: `may_enter` without its words."""
    leg = route.leg
    if leg is None or stop.part != leg.id or (leg.linear and stop.key != route.position):
        return False
    return not is_shut(route, stop)


def is_locked(route: Route, stop: Stop) -> bool:
    """Tell whether the stop's answer can no longer be changed, or not yet."""
    return stop.closed or not is_open(route, stop)


def is_ahead(route: Route, stop: Stop) -> bool:
    """Tell whether the stop lies in a part that has not begun."""
    return stop.part not in route.ended and (route.leg is None or stop.part != route.leg.id)


def may_enter(route: Route, key: str) -> Permission:
    """Ask whether the candidate may look at an item now."""
    place, leg = route.index(key), route.leg
    if place < 0:
        return refusals.refuse(Reason.NO_SUCH_ITEM)
    stop = route.stops[place]
    if stop.part in route.ended:
        return refusals.refuse(Reason.PART_ENDED)
    if leg is None or stop.part != leg.id:
        return refusals.refuse(Reason.ITEM_NOT_REACHED)
    if is_shut(route, stop):
        return refusals.refuse(Reason.ITEM_CLOSED)
    if leg.linear and key != route.position:
        behind = place < route.index(route.position)
        return refusals.refuse(Reason.ITEM_CLOSED if behind else Reason.ITEM_NOT_REACHED)
    return GRANTED


def may_answer(route: Route, key: str) -> Permission:
    """Ask whether an answer to the item is admissible now."""
    entering = may_enter(route, key)
    if not entering:
        return entering
    if route.stops[route.index(key)].closed:
        return refusals.refuse(Reason.ITEM_CLOSED)
    return GRANTED


def next_key(route: Route) -> str | None:
    """Return the next item that can be entered from here in this part, None at the part's end."""
    leg = route.leg
    if leg is None:
        return None
    places = range(route.index(route.position) + 1, len(route.stops))
    after = (route.stops[place] for place in places)
    return next(
        (stop.key for stop in after if stop.part == leg.id and not is_shut(route, stop)), None
    )


def previous_key(route: Route) -> str | None:
    """Return the item before this one that may be entered again, None without a way back."""
    leg, place = route.leg, route.index(route.position)
    if leg is None or leg.linear or place <= 0:
        return None
    before = (route.stops[earlier] for earlier in range(place - 1, -1, -1))
    return next(
        (stop.key for stop in before if stop.part == leg.id and not is_shut(route, stop)), None
    )


def first_key(route: Route, part: str) -> str | None:
    """Return the first item of a part that can be entered."""
    return next(
        (stop.key for stop in route.stops if stop.part == part and not is_shut(route, stop)), None
    )


def next_part(route: Route) -> str | None:
    """Return the part after the current one, None at the last."""
    open_parts = [leg.id for leg in route.legs if leg.id not in route.ended]
    return open_parts[1] if len(open_parts) > 1 else None


def may_end_part(route: Route, *, confirmed: bool) -> Permission:
    """Ask whether the current part may be left for good; open items want a confirmation."""
    leg = route.leg
    if leg is None:
        return refusals.refuse(Reason.PART_ENDED)
    stops = [stop for stop in route.stops if stop.part == leg.id and not is_shut(route, stop)]
    return _complete_enough(stops, confirmed=confirmed)


def may_complete(route: Route, *, confirmed: bool) -> Permission:
    """Ask whether the whole test may be submitted; open items want a confirmation."""
    stops = [
        stop for stop in route.stops if stop.part not in route.ended and not is_shut(route, stop)
    ]
    return _complete_enough(stops, confirmed=confirmed)


def _complete_enough(stops: list[Stop], *, confirmed: bool) -> Permission:
    missing = [stop for stop in stops if not stop.answered and not stop.closed]
    required = [stop for stop in missing if stop.required]
    if required:
        return refusals.refuse(Reason.UNANSWERED_REQUIRED, count=str(len(required)))
    if missing and not confirmed:
        return refusals.refuse(Reason.UNANSWERED, count=str(len(missing)))
    return GRANTED
