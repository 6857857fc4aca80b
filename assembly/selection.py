"""Which items a candidate meets and in what order: unpredictable, and explainable afterwards."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from itertools import count
from typing import Any, Self

from assembly import adaptive
from assembly.qti.assessment import AssessmentTest, ItemRef, Section, TestPart

ALGORITHM = "assembly/1"


class SelectionError(ValueError):
    """A test whose rules cannot be met; the message is a full sentence."""


class Stream:
    """Random numbers that only the holder of the key can foretell: HMAC-SHA-256 in counter mode.

    Each label opens its own stream, so that what one section draws never moves what another draws.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def _words(self, label: str) -> Iterator[int]:
        prefix = label.encode()
        for counter in count():
            block = hmac.digest(self._key, prefix + counter.to_bytes(8, "big"), "sha256")
            for start in range(0, 32, 8):
                yield int.from_bytes(block[start : start + 8], "big")

    @staticmethod
    def _below(words: Iterator[int], n: int) -> int:
        # Words at or above the largest multiple of n are thrown away: they would add a bias.
        limit = 2**64 - 2**64 % n
        return next(word for word in words if word < limit) % n

    def below(self, n: int, label: str) -> int:
        """A whole number of 0 .. n - 1."""
        if n < 1:
            raise ValueError("below() needs a positive bound")
        return self._below(self._words(label), n)

    def draws(self, n: int, times: int, label: str) -> list[int]:
        """`times` independent numbers of 0 .. n - 1."""
        words = self._words(label)
        return [self._below(words, n) for _ in range(times)]

    def permutation(self, n: int, label: str) -> list[int]:
        """The numbers 0 .. n - 1 in a random order (Fisher-Yates from the end)."""
        words = self._words(label)
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self._below(words, i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def session_key(form_secret: bytes, *, sitting: str, session: str) -> bytes:
    return hmac.digest(form_secret, f"{ALGORITHM}|{sitting}|{session}|".encode(), "sha256")


def commitment(form_secret: bytes) -> str:
    """What may be published before the exam: it binds the secret without giving it away."""
    return sha256(form_secret).hexdigest()


class Select(StrEnum):
    AS_WRITTEN = "as_written"
    FIXED = "fixed"
    RANDOM = "random"


class Order(StrEnum):
    AS_WRITTEN = "as_written"
    SEQUENTIAL = "sequential"
    RANDOM = "random"
    SHUFFLE_SECTIONS = "shuffle_sections"


@dataclass(frozen=True, slots=True)
class Mode:
    """What a whole test does about selection and order, over what its sections say.

    Select: FIXED takes the first n in document order, RANDOM draws even where a section says
    "first". Order: SEQUENTIAL shuffles nothing, RANDOM shuffles inside every section,
    SHUFFLE_SECTIONS shuffles the sections of each part and leaves their insides as written.
    Adaptive sections stay adaptive.
    """

    select: Select = Select.AS_WRITTEN
    order: Order = Order.AS_WRITTEN


AS_WRITTEN = Mode()


@dataclass(frozen=True, slots=True)
class AdaptivePlan:
    """The pool of an adaptive section, and how many items drawn in advance come before it."""

    pool: tuple[str, ...]
    settings: adaptive.Settings
    position: int


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One item in its place; `sections` names its sections, outermost first."""

    key: str
    ref: str
    part: str
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedSection:
    identifier: str
    title: str
    visible: bool
    part: str
    parent: str | None
    adaptive: AdaptivePlan | None = None


@dataclass(frozen=True, slots=True)
class TestPlan:
    """What was selected, in the order of delivery."""

    parts: tuple[str, ...]
    sections: tuple[PlannedSection, ...]
    items: tuple[PlannedItem, ...]
    algorithm: str = ALGORITHM

    def section(self, identifier: str) -> PlannedSection:
        return next(section for section in self.sections if section.identifier == identifier)

    def adaptive_item(self, section: str, ref: str) -> PlannedItem:
        """The plan's item for a ref that an adaptive section gives next."""
        planned = self.section(section)
        path = [section]
        parent = planned.parent
        while parent is not None:
            path.insert(0, parent)
            parent = self.section(parent).parent
        return PlannedItem(key=ref, ref=ref, part=planned.part, sections=tuple(path))

    def with_item(self, section: str, item: PlannedItem) -> TestPlan:
        """The plan with one more item at the end of an adaptive section."""
        if any(item.key == other.key for other in self.items):
            raise SelectionError(f"Item {item.key} is already in the plan.")
        at = self._end_of(section)
        return replace(self, items=(*self.items[:at], item, *self.items[at:]))

    def _end_of(self, section: str) -> int:
        adaptives = [s.identifier for s in self.sections if s.adaptive]
        plan = self.section(section).adaptive
        if plan is None:
            raise SelectionError(
                f"Section {section} is not adaptive: its items were drawn in advance."
            )
        later = set(adaptives[adaptives.index(section) + 1 :])
        drawn = 0
        for index, item in enumerate(self.items):
            given_by = item.sections[-1] if item.sections[-1] in adaptives else None
            if given_by in later or (given_by is None and drawn == plan.position):
                return index
            drawn += given_by is None
        return len(self.items)

    def to_json(self) -> dict[str, Any]:
        # The items are spelled out: `asdict` looks through each of their words for what to copy.
        items = tuple(
            {"key": one.key, "ref": one.ref, "part": one.part, "sections": one.sections}
            for one in self.items
        )
        return {**asdict(replace(self, items=())), "items": items}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            parts=tuple(data["parts"]),
            sections=tuple(_section_from(row) for row in data["sections"]),
            items=tuple(
                PlannedItem(**{**row, "sections": tuple(row["sections"])}) for row in data["items"]
            ),
            algorithm=data["algorithm"],
        )


def _section_from(row: Mapping[str, Any]) -> PlannedSection:
    chosen = row["adaptive"] and AdaptivePlan(
        pool=tuple(row["adaptive"]["pool"]),
        settings=adaptive.Settings.from_json(row["adaptive"]["settings"]),
        position=row["adaptive"]["position"],
    )
    return PlannedSection(**{**row, "adaptive": chosen or None})


def plan(test: AssessmentTest, stream: Stream, *, mode: Mode = AS_WRITTEN) -> TestPlan:
    """Select and order every part of a test, or raise SelectionError."""
    planner = _Planner(test.identifier, stream, mode)
    for part in test.parts:
        planner.add_part(part)
    return TestPlan(
        parts=tuple(part.identifier for part in test.parts),
        sections=tuple(planner.sections.values()),
        items=tuple(_number(planner.items)),
    )


def _number(items: Sequence[PlannedItem]) -> Iterator[PlannedItem]:
    """Items that occur several times are told apart by their place: Q01.1, Q01.2."""
    times = Counter(item.ref for item in items)
    singles = {ref for ref, n in times.items() if n == 1}
    met: Counter[str] = Counter()
    for item in items:
        met[item.ref] += 1
        key = item.ref if times[item.ref] == 1 else f"{item.ref}.{met[item.ref]}"
        if key in singles and key != item.ref:
            raise SelectionError(
                f"The item refs {item.ref} and {key} cannot be told apart when {item.ref} repeats."
            )
        yield replace(item, key=key)


@dataclass(frozen=True, slots=True)
class _Node:
    """A selected child: an item ref, or a section with what was selected in it."""

    source: Section | ItemRef
    path: tuple[Section, ...]
    children: tuple[_Node, ...] = ()
    label: str = ""

    @property
    def dissolves(self) -> bool:
        """True for an invisible section that need not keep together: its children mix in."""
        source = self.source
        return (
            isinstance(source, Section)
            and not source.visible
            and not source.keep_together
            and not source.adaptive
        )


@dataclass(slots=True)
class _Planner:
    test: str
    stream: Stream
    mode: Mode
    sections: dict[str, PlannedSection] = field(default_factory=dict)
    items: list[PlannedItem] = field(default_factory=list)

    def add_part(self, part: TestPart) -> None:
        nodes = [self._select(child, (), "") for child in part.children]
        if self.mode.order is Order.SHUFFLE_SECTIONS:
            nodes = self._shuffle(nodes, f"{self.test}|part:{part.identifier}|order|")
        for node in nodes:
            self._emit(node, part)

    def _select(self, child: Section | ItemRef, path: tuple[Section, ...], instance: str) -> _Node:
        if isinstance(child, ItemRef):
            return _Node(child, path)
        label = f"{self.test}|section:{child.identifier}{instance}"
        inside = (*path, child)
        if child.adaptive:
            return _Node(child, path, label=label)
        chosen = self._chosen(child, label)
        times: Counter[int] = Counter()
        nodes = []
        for index in chosen:
            times[index] += 1
            again = f"{instance}#{times[index]}" if times[index] > 1 else instance
            nodes.append(self._select(child.children[index], inside, again))
        return _Node(child, path, tuple(nodes), label)

    def _chosen(self, section: Section, label: str) -> list[int]:
        """Indexes of the selected children, in document order."""
        size, rule = len(section.children), section.selection
        if rule is None:
            return list(range(size))
        required = [index for index in range(size) if section.children[index].required]
        wanted = rule.select - len(required)
        if wanted < 0:
            raise SelectionError(
                f"Section {section.identifier} selects {rule.select}, "
                f"but {len(required)} of its children are required."
            )
        if rule.with_replacement and size:
            drawn = self.stream.draws(size, wanted, f"{label}|select|")
            return sorted(required + drawn)
        free = [index for index in range(size) if index not in set(required)]
        if wanted > len(free):
            raise SelectionError(
                f"Section {section.identifier} selects {rule.select} of only {size}."
            )
        first = self.mode.select is Select.FIXED or (
            rule.first and self.mode.select is Select.AS_WRITTEN
        )
        order = (
            range(len(free)) if first else self.stream.permutation(len(free), f"{label}|select|")
        )
        return sorted(required + [free[index] for index in order[:wanted]])

    def _shuffles(self, section: Section) -> bool:
        if self.mode.order is Order.SEQUENTIAL:
            return False
        return self.mode.order is Order.RANDOM or section.ordering_shuffle

    def _emit(self, node: _Node, part: TestPart) -> None:
        self._open(
            (*node.path, node.source) if isinstance(node.source, Section) else node.path, part
        )
        if isinstance(node.source, ItemRef):
            ref = node.source.identifier
            sections = tuple(section.identifier for section in node.path)
            self.items.append(
                PlannedItem(key=ref, ref=ref, part=part.identifier, sections=sections)
            )
            return
        for child in self._ordered(node):
            self._emit(child, part)

    def _ordered(self, node: _Node) -> list[_Node]:
        source = node.source
        if isinstance(source, ItemRef) or not self._shuffles(source):
            return list(node.children)
        return self._shuffle(_dissolved(node.children), f"{node.label}|order|")

    def _shuffle(self, nodes: Sequence[_Node], label: str) -> list[_Node]:
        """Shuffle all but the fixed ones, which keep their place counted from the first."""
        free = [index for index, node in enumerate(nodes) if not node.source.fixed]
        result = list(nodes)
        for place, drawn in zip(free, self.stream.permutation(len(free), label), strict=True):
            result[place] = nodes[free[drawn]]
        return result

    def _open(self, path: Iterable[Section], part: TestPart) -> None:
        """Note each section of a path when its first item is met."""
        parent: str | None = None
        for section in path:
            if section.identifier not in self.sections:
                self.sections[section.identifier] = PlannedSection(
                    identifier=section.identifier,
                    title=section.title,
                    visible=section.visible,
                    part=part.identifier,
                    parent=parent,
                    adaptive=self._adaptive(section),
                )
            parent = section.identifier

    def _adaptive(self, section: Section) -> AdaptivePlan | None:
        if section.adaptive is None:
            return None
        if section.adaptive.engine_href != adaptive.ENGINE:
            raise SelectionError(
                f"Section {section.identifier} asks for an engine that is not here: "
                f"{section.adaptive.engine_href}."
            )
        settings = adaptive.Settings.from_href(section.adaptive.settings_href)
        return AdaptivePlan(tuple(_refs(section)), settings, position=len(self.items))


def _dissolved(nodes: Iterable[_Node]) -> list[_Node]:
    result: list[_Node] = []
    for node in nodes:
        result.extend(_dissolved(node.children) if node.dissolves else [node])
    return result


def _refs(section: Section) -> Iterator[str]:
    for child in section.children:
        if isinstance(child, ItemRef):
            yield child.identifier
        else:
            yield from _refs(child)
