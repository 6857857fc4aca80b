"""Expressions as parsed, and the scope in which they are evaluated."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assembly.qti import values
from assembly.qti.declarations import ResponseDeclaration
from assembly.qti.errors import ProcessingError
from assembly.qti.item_result import ItemResult
from assembly.qti.values import BaseType, Cardinality, Value


class Stream(Protocol):
    """Random draws that the session's key fixes; a label is used for one draw only."""

    def below(self, n: int, label: str) -> int: ...

    def permutation(self, n: int, label: str) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Expression:
    """`name` is the element's without qti-; `constant` is a base value's, parsed once."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple["Expression", ...] = ()
    constant: Value | None = None
    line: int | None = None


class Witness(Protocol):
    """Hears every step of processing, for an author who wants to know why."""

    def begins(self, expression: Expression) -> None: ...

    def ends(self, operands: Sequence[Value | None], result: Value | None) -> None: ...

    def chooses(self, line: int | None, holds: bool | None) -> None:
        """A branch of a condition: true, false, or None for else."""

    def sets(self, target: str, identifier: str, line: int | None, value: Value | None) -> None: ...

    def leaves(self, line: int | None) -> None:
        """An exit rule."""

    def notes(self, message: str) -> None:
        """A rule that was left out."""


class Scope:
    """What an expression may ask about; items and tests each answer their share."""

    witness: Witness | None = None
    # What all repeats of one run may evaluate together, so that nested ones cannot run away.
    repeats_left: int = 10_000

    def variable(self, identifier: str) -> Value | None:
        raise NotImplementedError

    def default(self, identifier: str) -> Value | None:
        raise NotImplementedError

    def correct(self, identifier: str) -> Value | None:
        raise NotImplementedError

    def response(self, identifier: str) -> ResponseDeclaration:
        raise NotImplementedError

    def weighted(self, identifier: str, weight_identifier: str) -> Value | None:
        """Items know no weights: the identifier is ignored there."""
        return self.variable(identifier)

    def below(self, n: int) -> int:
        raise ProcessingError("Random values cannot be drawn here.", reason="random")

    def results(self) -> Sequence[ItemResult]:
        raise ProcessingError(
            "Only outcome processing of a test may ask about items.", reason="scope"
        )


@dataclass(slots=True)
class Call:
    """One operator at work: its expression, its evaluated operands and the scope."""

    expression: Expression
    operands: list[Value | None]
    scope: Scope
    evaluate: Callable[[Expression, Scope], Value | None]

    def attribute(self, name: str) -> str:
        found = self.expression.attributes.get(name)
        if found is None:
            raise self.error(f"has no {name} attribute", "missing_attribute")
        return found

    def error(self, complaint: str, reason: str = "wrong_type") -> ProcessingError:
        return ProcessingError(
            f"qti-{self.expression.name} {complaint}.", reason=reason, line=self.expression.line
        )

    def flag(self, name: str, default: bool) -> bool:
        text = self.expression.attributes.get(name)
        return default if text is None else text.strip() in ("true", "1")

    def number(self, text: str) -> float | None:
        """A number, or the number in the variable of that name; None where that is NULL."""
        cleaned = text.strip()
        try:
            return float(cleaned)
        except ValueError:
            return self._numeric(self.scope.variable(cleaned.strip("{}")))

    def whole(self, name: str) -> int | None:
        number = self.number(self.attribute(name))
        if number is None:
            return None
        if number != number or number in (float("inf"), float("-inf")) or number != int(number):
            raise self.error(f"needs a whole number as its {name}")
        return int(number)

    def _numeric(self, value: Value | None) -> float | None:
        if value is None:
            return None
        if value.is_container or value.base_type not in values.NUMERIC:
            raise self.error("refers to a variable that is not a number")
        scalar = value.scalar
        assert isinstance(scalar, int | float)
        return scalar

    def count(self, least: int, most: int | None = None) -> list[Value | None]:
        """The operands, if there are as many as the operator takes."""
        got = len(self.operands)
        if got < least or (most is not None and got > most):
            raise self.error(f"was given {got} sub-expressions", "operands")
        return self.operands

    def booleans(self, least: int = 1, most: int | None = None) -> list[bool | None]:
        found: list[bool | None] = []
        for value in self.count(least, most):
            if value is None:
                found.append(None)
            elif value.base_type is BaseType.BOOLEAN and not value.is_container:
                found.append(bool(value.scalar))
            else:
                raise self.error("takes booleans only")
        return found

    def texts(self, count: int) -> tuple[str, ...] | None:
        """Single strings, or None if one of them is NULL."""
        found: list[str] = []
        for value in self.count(count, count):
            if value is None:
                continue
            if value.is_container or value.base_type not in values.TEXTUAL:
                raise self.error("takes single strings only")
            found.append(str(value.scalar))
        return tuple(found) if len(found) == count else None

    def pair(self) -> tuple[float, float] | None:
        """Two single numbers, or None if one of them is NULL."""
        left, right = self.count(2, 2)
        first, second = self._single_number(left), self._single_number(right)
        return None if first is None or second is None else (first, second)

    def one(self) -> float | None:
        return self._single_number(self.count(1, 1)[0])

    def _single_number(self, value: Value | None) -> float | None:
        if value is None:
            return None
        if value.is_container or value.base_type not in (*values.NUMERIC, BaseType.DURATION):
            raise self.error("takes single numbers only")
        scalar = value.scalar
        assert isinstance(scalar, int | float)
        return scalar

    def numbers(self) -> list[float] | None:
        """All numbers of all operands, containers opened; None if an operand is NULL."""
        found: list[float] = []
        for value in self.count(1):
            if value is None:
                return None
            if value.base_type not in values.NUMERIC:
                raise self.error("takes numbers only")
            found.extend(item for item in value.scalars if isinstance(item, int | float))
        return found

    @property
    def all_integers(self) -> bool:
        return all(value is None or value.base_type is BaseType.INTEGER for value in self.operands)


def is_true(value: Value | None, line: int | None = None) -> bool:
    """A condition must be a single boolean; NULL counts as false."""
    if value is None:
        return False
    if value.base_type is not BaseType.BOOLEAN or value.cardinality is not Cardinality.SINGLE:
        raise ProcessingError(
            "A condition must be a single boolean.", reason="wrong_type", line=line
        )
    return bool(value.scalar)
