"""Outcome processing: the test's outcome variables from the results of its items."""

from collections.abc import Iterable, Mapping, Sequence

from assembly.qti import declarations, expressions, item_scope, item_session, operators, values
from assembly.qti.declarations import OutcomeDeclaration, ResponseDeclaration
from assembly.qti.errors import ProcessingError
from assembly.qti.expressions import Expression, Scope, Witness
from assembly.qti.item import AssessmentItem
from assembly.qti.item_result import ItemResult
from assembly.qti.item_session import ItemSession
from assembly.qti.processing import Rules, Run, SetValue, Target
from assembly.qti.values import BaseType, Value

Outcomes = Mapping[str, OutcomeDeclaration]
Values = Mapping[str, Value | None]
Durations = Mapping[str, float]
NO_TIME: Durations = {}


class TestScope(Scope):
    """Test outcomes by name, item variables as ITEM.VARIABLE or ITEM.INSTANCE.VARIABLE.

    `durations` are seconds: the test's own under "", those of parts and sections by their names.
    """

    def __init__(
        self,
        outcomes: Outcomes,
        current: Values,
        results: Sequence[ItemResult],
        witness: Witness | None = None,
        *,
        durations: Durations = NO_TIME,
    ) -> None:
        self.outcomes = outcomes
        self.durations = durations
        self.current = dict(current)
        self.witness = witness
        self._results = results

    def results(self) -> Sequence[ItemResult]:
        return self._results

    def variable(self, identifier: str) -> Value | None:
        """NULL for an item that was not selected, and for what is not declared."""
        if identifier in self.current:
            return self.current[identifier]
        found, name = self._item_variable(identifier)
        if found is not None:
            return found.variable(found.mapped(name))
        whose, _, last = identifier.rpartition(".")
        seconds = self.durations.get(whose) if last == "duration" else None
        return None if seconds is None else values.single(BaseType.DURATION, seconds)

    def weighted(self, identifier: str, weight_identifier: str) -> Value | None:
        value = self.variable(identifier)
        found, _ = self._item_variable(identifier)
        if value is None or found is None or value.base_type not in values.NUMERIC:
            return value
        weight = found.weight(weight_identifier)
        scalars = tuple(float(str(scalar)) * weight for scalar in value.scalars)
        return Value(BaseType.FLOAT, value.cardinality, scalars)

    def default(self, identifier: str) -> Value | None:
        if identifier in self.outcomes:
            return self.outcomes[identifier].default
        found, name = self._item_variable(identifier)
        if found is None:
            return None
        declared = found.outcome_declarations.get(found.mapped(name))
        return declared.default if declared is not None else found.defaults.get(name)

    def correct(self, identifier: str) -> Value | None:
        found, name = self._item_variable(identifier)
        return None if found is None else found.corrects.get(name)

    def response(self, identifier: str) -> ResponseDeclaration:
        found, name = self._item_variable(identifier)
        if found is None or name not in found.response_declarations:
            raise item_scope.unknown(identifier)
        return found.response_declarations[name]

    def _item_variable(self, identifier: str) -> tuple[ItemResult | None, str]:
        """Identifiers may hold dots themselves, so the longest item name that fits wins.

        Of several instances of an item that are not told apart, the last one is meant.
        """
        fitting = [
            (len(name), result)
            for result in reversed(self._results)
            for name in (result.key, result.ref)
            if identifier.startswith(f"{name}.")
        ]
        if not fitting:
            return None, identifier
        size, result = max(fitting, key=lambda pair: pair[0])
        return result, identifier[size + 1 :]

    def assign(self, rule: SetValue, value: Value | None) -> None:
        found = self.outcomes.get(rule.identifier)
        if found is None:
            raise item_scope.unknown(rule.identifier)
        if rule.target is Target.LOOKUP:
            value = item_scope.looked_up(found, value)
        self.current[rule.identifier] = declarations.fit(value, found)


def initial(outcomes: Outcomes) -> dict[str, Value | None]:
    return {name: declaration.initial for name, declaration in outcomes.items()}


def process(
    outcomes: Outcomes,
    rules: Rules,
    results: Sequence[ItemResult],
    witness: Witness | None = None,
    *,
    durations: Durations = NO_TIME,
) -> dict[str, Value | None]:
    """The declared outcomes, from their defaults anew each time."""
    scope = TestScope(outcomes, initial(outcomes), results, witness, durations=durations)
    Run(scope, scope.assign, []).all(rules)
    return scope.current


def names(value: Value | None, identifier: str) -> bool:
    """Does an outcome hold, or contain, this identifier?"""
    return value is not None and any(str(scalar) == identifier for scalar in value.scalars)


def holds(
    outcomes: Outcomes,
    current: Values,
    expression: Expression,
    results: Sequence[ItemResult],
    *,
    durations: Durations = NO_TIME,
) -> bool:
    """A pre-condition or branch rule; NULL, and what cannot be evaluated, counts as false."""
    try:
        scope = TestScope(outcomes, current, results, durations=durations)
        return expressions.is_true(operators.evaluate(expression, scope), expression.line)
    except ProcessingError:
        return False


def evaluated(
    outcomes: Outcomes,
    current: Values,
    named: Iterable[tuple[str, Expression]],
    results: Sequence[ItemResult],
    *,
    durations: Durations = NO_TIME,
) -> dict[str, Value | None]:
    """Template defaults; where one cannot be evaluated the item's own default stands."""
    scope = TestScope(outcomes, current, results, durations=durations)
    found: dict[str, Value | None] = {}
    for name, expression in named:
        try:
            found[name] = operators.evaluate(expression, scope)
        except ProcessingError:
            continue
    return found


def result_of(
    item: AssessmentItem,
    session: ItemSession,
    *,
    key: str,
    ref: str,
    sections: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    weights: Mapping[str, float] | None = None,
    variable_mappings: Mapping[str, str] | None = None,
) -> ItemResult:
    """What outcome processing needs of one item session, its built-in variables included."""
    # A button that was not pressed is no response, and whatever its default, it is ignored.
    unpressed = dict.fromkeys(item_session.buttons(item), values.boolean(False))
    built_in: dict[str, Value | None] = {
        "duration": values.single(BaseType.DURATION, session.duration_seconds),
        "numAttempts": values.integer(session.num_attempts),
        item_scope.COMPLETION_STATUS: values.identifier(session.completion_status),
    }
    return ItemResult(
        key=key,
        ref=ref,
        sections=sections,
        categories=categories,
        weights=weights or {},
        variable_mappings=variable_mappings or {},
        outcomes={**built_in, **session.outcomes},
        responses=session.responses,
        templates=session.templates,
        corrects=item_session.correct_responses(item, session),
        response_declarations=item.responses,
        outcome_declarations=item.outcomes,
        defaults={**item_scope.initial_responses(item, session.defaults), **unpressed},
        attempted=session.num_attempts > 0,
    )
