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
        if self.scope.witness is not None:
            self.scope.witness.leaves(rule.line)
        return False

    def _set(self, rule: SetValue) -> None:
        try:
            value = operators.evaluate(rule.expression, self.scope)
            self.setter(rule, value)
        except ProcessingError as error:
            self._note(f"{rule.identifier} was left as it was. {error}")
            return
        if self.scope.witness is not None:
            self.scope.witness.sets(rule.target, rule.identifier, rule.line, value)

    def _choose(self, rule: Condition) -> bool:
        return next((self.all(one.rules) for one in rule.branches if self._enters(one)), True)

    def _enters(self, branch: Branch) -> bool:
        holds = None if branch.expression is None else self._holds(branch.expression)
        if self.scope.witness is not None:
            self.scope.witness.chooses(branch.line, holds)
        return holds is not False

    def _holds(self, expression: Expression) -> bool:
        try:
            return expressions.is_true(operators.evaluate(expression, self.scope), expression.line)
        except ProcessingError as error:
            self._note(f"A condition was taken as false. {error}")
            return False

    def _note(self, message: str) -> None:
        self.notes.append(message)
        if self.scope.witness is not None:
            self.scope.witness.notes(message)
