"""The variables of one item session as its rules see and set them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from assembly.qti import declarations, values
from assembly.qti.declarations import ContextDeclaration, Declaration, ResponseDeclaration
from assembly.qti.errors import ProcessingError
from assembly.qti.expressions import Scope, Stream, Witness
from assembly.qti.item import AssessmentItem
from assembly.qti.processing import SetValue, Target
from assembly.qti.values import BaseType, Cardinality, Value

COMPLETION_STATUS = "completionStatus"
CONTEXT = "QTI_CONTEXT"
Values = Mapping[str, Value | None]
Variable = dict[str, Value | None]


@dataclass(slots=True)
class Variables:
    templates: Variable = field(default_factory=dict)
    outcomes: Variable = field(default_factory=dict)
    responses: Variable = field(default_factory=dict)
    corrects: Variable = field(default_factory=dict)
    defaults: Variable = field(default_factory=dict)
    contexts: Variable = field(default_factory=dict)


class ItemScope(Scope):
    def __init__(
        self,
        item: AssessmentItem,
        variables: Variables,
        *,
        num_attempts: int = 0,
        duration_seconds: float = 0.0,
        stream: Stream | None = None,
        label: str = "",
        witness: Witness | None = None,
    ) -> None:
        self.item = item
        self.variables = variables
        self.num_attempts = num_attempts
        self.duration_seconds = duration_seconds
        self.witness = witness
        self.undeclared: dict[str, None] = {}
        self._stream = stream
        self._label = label
        self._draws = 0

    def variable(self, identifier: str) -> Value | None:
        variables = self.variables
        for known in (variables.responses, variables.outcomes, variables.templates):
            if identifier in known:
                return known[identifier]
        if identifier == "numAttempts":
            return values.integer(self.num_attempts)
        if identifier == "duration":
            return values.single(BaseType.DURATION, self.duration_seconds)
        if identifier in variables.contexts:
            return variables.contexts[identifier]
        if identifier in self.item.contexts:
            return self.item.contexts[identifier].default
        self._miss(identifier)
        return None

    def _miss(self, identifier: str) -> None:
        """What is not declared has no value; that it was asked for is worth a note."""
        if declaration(self.item, identifier) is None:
            self.undeclared[identifier] = None

    def default(self, identifier: str) -> Value | None:
        if identifier in self.variables.defaults:
            return self.variables.defaults[identifier]
        found = declaration(self.item, identifier)
        self._miss(identifier)
        return None if found is None else found.default

    def correct(self, identifier: str) -> Value | None:
        if identifier in self.variables.corrects:
            return self.variables.corrects[identifier]
        return self.response(identifier).correct

    def response(self, identifier: str) -> ResponseDeclaration:
        found = self.item.responses.get(identifier)
        if found is None:
            raise unknown(identifier)
        return found

    def below(self, n: int) -> int:
        if self._stream is None:
            return super().below(n)
        self._draws += 1
        return self._stream.below(n, f"{self._label}{self._draws}|")

    def assign(self, rule: SetValue, value: Value | None) -> None:
        _SETTERS[rule.target](self, rule.identifier, value)

    def set_outcome(self, identifier: str, value: Value | None) -> None:
        if identifier == COMPLETION_STATUS and identifier not in self.item.outcomes:
            self.variables.outcomes[identifier] = declarations.fit(value, _COMPLETION)
            return
        found = self.item.outcomes.get(identifier)
        if found is None:
            # Some 2.x items write to a response variable; the specification allows outcomes only.
            raise unknown(identifier)
        self.variables.outcomes[identifier] = declarations.fit(value, found)

    def look_up(self, identifier: str, value: Value | None) -> None:
        found = self.item.outcomes.get(identifier)
        if found is None:
            raise unknown(identifier)
        self.variables.outcomes[identifier] = declarations.fit(looked_up(found, value), found)

    def set_template(self, identifier: str, value: Value | None) -> None:
        found = self.item.templates.get(identifier)
        if found is None:
            raise unknown(identifier)
        self.variables.templates[identifier] = declarations.fit(value, found)

    def set_correct(self, identifier: str, value: Value | None) -> None:
        self.variables.corrects[identifier] = declarations.fit(value, self.response(identifier))

    def set_default(self, identifier: str, value: Value | None) -> None:
        found = self.item.responses.get(identifier) or self.item.outcomes.get(identifier)
        if found is None:
            raise unknown(identifier)
        self.variables.defaults[identifier] = declarations.fit(value, found)

    def reset(self, identifier: str, value: Value | None) -> None:
        """The response has another value for scoring only; what was answered stays on record."""
        self.variables.responses[identifier] = declarations.fit(value, self.response(identifier))


_SETTERS = {
    Target.OUTCOME: ItemScope.set_outcome,
    Target.LOOKUP: ItemScope.look_up,
    Target.TEMPLATE: ItemScope.set_template,
    Target.CORRECT: ItemScope.set_correct,
    Target.DEFAULT: ItemScope.set_default,
    Target.RESET: ItemScope.reset,
}
_CONTEXT = ContextDeclaration(identifier=CONTEXT, cardinality=Cardinality.RECORD, base_type=None)
_COMPLETION = Declaration(
    identifier=COMPLETION_STATUS, cardinality=Cardinality.SINGLE, base_type=BaseType.IDENTIFIER
)


def notes_of(scope: ItemScope) -> list[str]:
    return [f"{name} is not declared and counts as NULL." for name in scope.undeclared]


def looked_up(found: declarations.OutcomeDeclaration, value: Value | None) -> Value | None:
    """The table's default for NULL; ProcessingError without a table or for what is no number."""
    if found.table is None:
        raise ProcessingError(
            f"{found.identifier} has no table to look up in.", reason="missing_table"
        )
    if value is None:
        return found.table.default
    scalar = value.scalar
    if value.is_container or isinstance(scalar, bool) or not isinstance(scalar, int | float):
        raise ProcessingError("A table looks up single numbers only.", reason="wrong_type")
    return found.table.of(scalar)


def unknown(identifier: str) -> ProcessingError:
    return ProcessingError(f"No variable is called {identifier}.", reason="unknown_variable")


def declaration(item: AssessmentItem, identifier: str) -> Declaration | None:
    if identifier == COMPLETION_STATUS and identifier not in item.outcomes:
        return _COMPLETION
    return (
        item.responses.get(identifier)
        or item.outcomes.get(identifier)
        or item.templates.get(identifier)
        or item.contexts.get(identifier)
        or (_CONTEXT if identifier == CONTEXT else None)
    )


def for_templates(
    item: AssessmentItem, stream: Stream, overrides: Values, contexts: Values, label: str
) -> ItemScope:
    """Template variables at their defaults, or at those that the test gives."""
    templates = {
        name: _given(overrides[name], found) if name in overrides else found.default
        for name, found in item.templates.items()
    }
    known = {name: declaration(item, name) for name in contexts}
    told = {
        name: _given(contexts[name], found) for name, found in known.items() if found is not None
    }
    variables = Variables(templates=templates, contexts=told)
    return ItemScope(item, variables, stream=stream, label=label)


def _given(value: Value | None, found: Declaration) -> Value | None:
    """A test cannot give what the variable does not hold: its own default stands."""
    try:
        return declarations.fit(value, found)
    except ProcessingError:
        return found.default


def initial_outcomes(item: AssessmentItem, defaults: Values) -> Variable:
    return {name: defaults.get(name, found.initial) for name, found in item.outcomes.items()}


def initial_responses(item: AssessmentItem, defaults: Values) -> Variable:
    return {name: defaults.get(name, found.default) for name, found in item.responses.items()}
