"""Interactions answered by pairs: associate, match, gap match and their graphic kin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from assembly.qti import interactions_base as base
from assembly.qti.body import Interaction, Nodes, Problem, ShuffleGroup
from assembly.qti.interactions_base import AssociableChoice
from assembly.qti.interactions_graphic import Image
from assembly.qti.shapes import Area
from assembly.qti.values import Value

MISFIT = Problem("match_group", base._("These two choices do not go together."))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs(Interaction):
    """``max_associations`` 0 means any number of pairs."""

    min_associations: int = 0
    max_associations: int = 1

    def _count_problems(self, count: int) -> list[Problem]:
        limits = (self.min_associations, self.max_associations)
        return base.count_problems(count, *limits, "pair", self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Associate(_Pairs):
    name: ClassVar[str] = "associate_interaction"
    choices: tuple[AssociableChoice, ...]
    shuffle: bool = False

    def shuffle_groups(self) -> tuple[ShuffleGroup, ...]:
        group = shuffle_group(self.response_identifier, self.choices)
        return (group,) if self.shuffle else ()

    def contents(self) -> tuple[Nodes, ...]:
        return (self.prompt, *(choice.content for choice in self.choices))

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        found = base.pairs(value)
        return (*undirected_problems(found, self.choices), *self._count_problems(len(found)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(_Pairs):
    """Sources are the first match set, targets the second."""

    name: ClassVar[str] = "match_interaction"
    sources: tuple[AssociableChoice, ...]
    targets: tuple[AssociableChoice, ...]
    shuffle: bool = False

    def shuffle_groups(self) -> tuple[ShuffleGroup, ...]:
        if not self.shuffle:
            return ()
        return (
            shuffle_group(f"{self.response_identifier}:sources", self.sources),
            shuffle_group(f"{self.response_identifier}:targets", self.targets),
        )

    def contents(self) -> tuple[Nodes, ...]:
        return (self.prompt, *(choice.content for choice in (*self.sources, *self.targets)))

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        found = base.pairs(value)
        judged = directed_problems(found, self.sources, self.targets)
        return (*judged, *self._count_problems(len(found)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A place in the passage that holds one choice."""

    identifier: str
    match_group: tuple[str, ...] = ()
    required: bool = False
    template_identifier: str | None = None
    show_hide: str = "show"
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GapMatch(_Pairs):
    """Choices go into the gaps of a passage, which holds them as ``qti-gap`` elements."""

    name: ClassVar[str] = "gap_match_interaction"
    choices: tuple[AssociableChoice, ...]
    passage: Nodes
    gaps: tuple[Gap, ...]
    shuffle: bool = False

    def shuffle_groups(self) -> tuple[ShuffleGroup, ...]:
        group = shuffle_group(self.response_identifier, self.choices)
        return (group,) if self.shuffle else ()

    def contents(self) -> tuple[Nodes, ...]:
        return (self.prompt, *(choice.content for choice in self.choices), self.passage)

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        found = base.pairs(value)
        targets = tuple(as_target(gap) for gap in self.gaps)
        judged = directed_problems(found, self.choices, targets)
        return (*judged, *self._count_problems(len(found)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociableHotspot(AssociableChoice):
    area: Area
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphicAssociate(_Pairs):
    name: ClassVar[str] = "graphic_associate_interaction"
    image: Image
    choices: tuple[AssociableHotspot, ...]

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        found = base.pairs(value)
        return (*undirected_problems(found, self.choices), *self._count_problems(len(found)))


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphicGapMatch(_Pairs):
    """Gap images and texts go onto the areas of an image."""

    name: ClassVar[str] = "graphic_gap_match_interaction"
    image: Image
    choices: tuple[AssociableChoice, ...]
    hotspots: tuple[AssociableHotspot, ...]
    max_associations: int = 0

    def contents(self) -> tuple[Nodes, ...]:
        return (self.prompt, *(choice.content for choice in self.choices))

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        found = base.pairs(value)
        judged = directed_problems(found, self.choices, self.hotspots)
        return (*judged, *self._count_problems(len(found)))


def fits(
    first: str,
    second: str,
    sources: Iterable[AssociableChoice],
    targets: Iterable[AssociableChoice],
) -> bool:
    """Whether match groups let a source go with a target, both by identifier."""
    ones = [choice for choice in sources if choice.identifier == first]
    others = [choice for choice in targets if choice.identifier == second]
    return any(base.fits_groups(one, other) for one in ones for other in others)


def shuffle_group(label: str, choices: Iterable[AssociableChoice]) -> ShuffleGroup:
    listed = tuple(choices)
    fixed = frozenset(choice.identifier for choice in listed if choice.fixed)
    return ShuffleGroup(label, tuple(choice.identifier for choice in listed), fixed)


def as_target(gap: Gap) -> AssociableChoice:
    return AssociableChoice(
        identifier=gap.identifier,
        match_max=1,
        match_min=1 if gap.required else 0,
        match_group=gap.match_group,
    )


def directed_problems(
    found: tuple[tuple[str, str], ...],
    sources: Iterable[AssociableChoice],
    targets: Iterable[AssociableChoice],
) -> list[Problem]:
    from_set = {choice.identifier: choice for choice in sources}
    to_set = {choice.identifier: choice for choice in targets}
    strangers = base.unknown((a for a, _ in found), from_set)
    strangers = strangers or base.unknown((b for _, b in found), to_set)
    if strangers:
        return strangers
    misfits = any(not base.fits_groups(from_set[a], to_set[b]) for a, b in found)
    return [
        *([MISFIT] if misfits else []),
        *base.repeated([f"{a} {b}" for a, b in found]),
        *base.match_problems([a for a, _ in found], from_set.values()),
        *base.match_problems([b for _, b in found], to_set.values()),
    ]


def undirected_problems(
    found: tuple[tuple[str, str], ...], choices: Iterable[AssociableChoice]
) -> list[Problem]:
    known = {choice.identifier: choice for choice in choices}
    used = [name for pair in found for name in pair]
    strangers = base.unknown(used, known)
    if strangers:
        return strangers
    misfits = any(not base.fits_groups(known[a], known[b]) for a, b in found)
    return [
        *([MISFIT] if misfits else []),
        *base.repeated([" ".join(sorted(pair)) for pair in found]),
        *base.match_problems(used, known.values()),
    ]
