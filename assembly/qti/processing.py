"""The rules of response, template and outcome processing, as parsed and as run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assembly.qti import expressions, operators
from assembly.qti.errors import ProcessingError
from assembly.qti.expressions import Expression, Scope
from assembly.qti.values import Value


class Target(StrEnum):
    """What a set rule sets."""

    CORRECT = "correct-response"
    DEFAULT = "default-value"
    LOOKUP = "lookup"
    OUTCOME = "outcome"
    RESET = "reset"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class SetValue:
    target: Target
    identifier: str
    expression: Expression
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """No expression means else."""

    expression: Expression | None
    rules: "Rules"
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    branches: tuple[Branch, ...]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Constraint:
    expression: Expression
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    line: int | None = None


Rule = SetValue | Condition | Constraint | Exit
Rules = tuple[Rule, ...]
Setter = Callable[[SetValue, Value | None], None]


class ConstraintUnmetError(Exception):
    """A template constraint was not true; the caller begins anew."""


@dataclass(slots=True)
class Run:
    """One pass over the rules.

    A rule that cannot be evaluated is left out and noted: a mark may not be lost to an author's
    slip in another rule.
    """

    scope: Scope
    setter: Setter
    notes: list[str]

    def all(self, rules: Sequence[Rule]) -> bool:
        """False after an exit rule."""
        return all(self._one(rule) for rule in rules)

    def _one(self, rule: Rule) -> bool:
        if isinstance(rule, SetValue):
            self._set(rule)
            return True
        if isinstance(rule, Condition):
            return self._choose(rule)
        if isinstance(rule, Constraint):
            if not self._holds(rule.expression):
                raise ConstraintUnmetError
            return True
        return False

    def _set(self, rule: SetValue) -> None:
        try:
            self.setter(rule, operators.evaluate(rule.expression, self.scope))
        except ProcessingError as error:
            self.notes.append(f"{rule.identifier} was left as it was. {error}")

    def _choose(self, rule: Condition) -> bool:
        for branch in rule.branches:
            if branch.expression is None or self._holds(branch.expression):
                return self.all(branch.rules)
        return True

    def _holds(self, expression: Expression) -> bool:
        try:
            return expressions.is_true(operators.evaluate(expression, self.scope), expression.line)
        except ProcessingError as error:
            self.notes.append(f"A condition was taken as false. {error}")
            return False
