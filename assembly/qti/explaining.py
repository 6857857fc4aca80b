"""Response processing told step by step: which rule ran, on what, and to which end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from assembly.qti import item_session, values
from assembly.qti.declarations import AreaMapping, Mapping
from assembly.qti.expressions import Expression
from assembly.qti.item import AssessmentItem
from assembly.qti.item_session import ItemSession, Values
from assembly.qti.processing import Target
from assembly.qti.values import RawResponses, Value


class Kind(StrEnum):
    """What a step is: a condition that held or not, a variable that was set, a part of either."""

    TAKEN = "taken"
    PASSED = "passed"
    SET = "set"
    EXIT = "exit"
    NOTE = "note"
    EXPRESSION = "expression"


@dataclass(frozen=True, slots=True)
class Step:
    """`depth` 0 is a rule or a branch, deeper ones are its expressions."""

    depth: int
    text: str
    line: int | None = None
    kind: Kind = Kind.EXPRESSION


@dataclass(frozen=True, slots=True)
class Explanation:
    session: ItemSession
    steps: tuple[Step, ...]


def explain(
    item: AssessmentItem, session: ItemSession, raw: RawResponses, *, duration_seconds: float = 0.0
) -> Explanation:
    """One attempt, and how response processing came to its outcomes."""
    recorder = Recorder(item, {**session.responses, **item_session.bind(item, raw)})
    after = item_session.attempt(
        item, session, raw, duration_seconds=duration_seconds, witness=recorder
    )
    return Explanation(after, tuple(recorder.steps))


@dataclass(slots=True)
class _Frame:
    expression: Expression
    below: list[Step] = field(default_factory=list)


class Recorder:
    """A witness that keeps what it hears: a rule, then its expressions, each above its operands."""

    def __init__(self, item: AssessmentItem, responses: Values) -> None:
        self.item = item
        self.responses = responses
        self.steps: list[Step] = []
        self._open: list[_Frame] = []
        self._heard: list[Step] = []

    def begins(self, expression: Expression) -> None:
        self._open.append(_Frame(expression))

    def ends(self, operands: Sequence[Value | None], result: Value | None) -> None:
        frame = self._open.pop()
        text = self._told(frame.expression, operands, result)
        told = [Step(len(self._open) + 1, text, frame.expression.line), *frame.below]
        (self._open[-1].below if self._open else self._heard).extend(told)

    def chooses(self, line: int | None, holds: bool | None) -> None:
        self._rule(_BRANCHES[holds], line, Kind.PASSED if holds is False else Kind.TAKEN)

    def sets(self, target: str, identifier: str, line: int | None, value: Value | None) -> None:
        self._rule(_SETS[Target(target)].format(identifier, shown(value)), line, Kind.SET)

    def leaves(self, line: int | None) -> None:
        self._rule("Exit: the rules end here.", line, Kind.EXIT)

    def notes(self, message: str) -> None:
        self._open.clear()
        self._rule(message, None, Kind.NOTE)

    def _rule(self, text: str, line: int | None, kind: Kind) -> None:
        self.steps += [Step(0, text, line, kind), *self._heard]
        self._heard = []

    def _told(
        self, expression: Expression, operands: Sequence[Value | None], result: Value | None
    ) -> str:
        name, identifier = expression.name, expression.attributes.get("identifier")
        if name == "base-value":
            return shown(result)
        if identifier is None:
            return _applied(expression, operands, result)
        declaration = self.item.responses.get(identifier)
        given = self.responses.get(identifier)
        if name == "map-response" and declaration is not None and declaration.mapping is not None:
            return f"{name} {identifier}: {_mapped(declaration.mapping, given)}"
        if name == "map-response-point" and declaration is not None and declaration.area_mapping:
            return f"{name} {identifier}: {_located(declaration.area_mapping, given)}"
        return f"{name} {identifier} is {shown(result)}"


_BRANCHES = {None: "Else: taken.", True: "If: true, taken.", False: "If: not true, passed by."}
_SETS = {
    Target.CORRECT: "The correct response of {} becomes {}.",
    Target.DEFAULT: "The default of {} becomes {}.",
    Target.LOOKUP: "{} is looked up for {}.",
    Target.OUTCOME: "{} becomes {}.",
    Target.RESET: "{} counts as {} from here.",
    Target.TEMPLATE: "{} becomes {}.",
}


def shown(value: Value | None) -> str:
    raw = values.raw(value)
    if raw is None:
        return "NULL"
    return raw if isinstance(raw, str) else f"[{', '.join(raw)}]"


def _applied(expression: Expression, operands: Sequence[Value | None], result: Value | None) -> str:
    settings = [f"{key}={text}" for key, text in expression.attributes.items()]
    given = ", ".join(map(shown, operands))
    words = [expression.name, *settings, f"of {given}" if given else "", "is", shown(result)]
    return " ".join(filter(None, words))


def _mapped(mapping: Mapping, value: Value | None) -> str:
    """A → 1, C → 0.5, sum 1.5, upper bound 1"""
    if value is None:
        return _bounded(["NULL"], [mapping.default], mapping)
    distinct = dict.fromkeys(values.comparable(one, value.base_type) for one in value.scalars)
    names = [values.lexical(one) for one in distinct]
    return _bounded(names, [mapping.of(one, value.base_type) for one in distinct], mapping)


def _located(mapping: AreaMapping, value: Value | None) -> str:
    """Each area once, by its first point; each different point outside adds the default."""
    if value is None:
        return _bounded(["NULL"], [mapping.default], mapping)
    names: list[str] = []
    mapped: list[float] = []
    hit: set[int] = set()
    for point in dict.fromkeys(value.scalars):
        area = mapping.area_of(point)
        if area is None or area not in hit:
            names.append(values.lexical(point))
            mapped.append(mapping.default if area is None else mapping.entries[area].mapped)
        if area is not None:
            hit.add(area)
    return _bounded(names, mapped, mapping)


def _bounded(names: list[str], mapped: list[float], mapping: Mapping | AreaMapping) -> str:
    words = [f"{name} → {number:g}" for name, number in zip(names, mapped, strict=True)]
    total = sum(mapped)
    if len(mapped) > 1:
        words.append(f"sum {total:g}")
    kept = mapping.bounds.apply(total)
    if kept != total:
        words.append(f"{'upper' if kept < total else 'lower'} bound {kept:g}")
    return ", ".join(words)
