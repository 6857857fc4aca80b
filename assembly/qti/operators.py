"""The table of all operators, and the evaluation of an expression by it."""

from collections.abc import Callable

from assembly.qti import (
    operators_compare,
    operators_containers,
    operators_logic,
    operators_numbers,
    operators_random,
    operators_rounding,
    operators_test,
    operators_text,
    operators_variables,
)
from assembly.qti.errors import ProcessingError, UnsupportedError
from assembly.qti.expressions import Call, Expression, Scope
from assembly.qti.values import Value

Operator = Callable[[Call], Value | None]

TABLE: dict[str, Operator] = {
    **operators_variables.TABLE,
    **operators_logic.TABLE,
    **operators_compare.TABLE,
    **operators_numbers.TABLE,
    **operators_rounding.TABLE,
    **operators_containers.TABLE,
    **operators_text.TABLE,
    **operators_random.TABLE,
    **operators_test.TABLE,
}

# These evaluate their own operands, more than once.
_LAZY = frozenset({"repeat"})
_NO_OPERANDS: list[Value | None] = []


def evaluate(expression: Expression, scope: Scope) -> Value | None:
    """The value of an expression; raises ProcessingError where it is not one."""
    if scope.witness is not None:
        scope.witness.begins(expression)
    result: Value | None = expression.constant
    operands = _NO_OPERANDS
    if result is None:
        result, operands = _applied(expression, scope)
    if scope.witness is not None:
        scope.witness.ends(operands, result)
    return result


def _applied(expression: Expression, scope: Scope) -> tuple[Value | None, list[Value | None]]:
    operator = TABLE.get(expression.name)
    if operator is None:
        raise ProcessingError(
            f"qti-{expression.name} is not an expression.",
            reason="unknown_expression",
            line=expression.line,
        )
    if expression.children and expression.name not in _LAZY:
        operands = [evaluate(child, scope) for child in expression.children]
    else:
        operands = _NO_OPERANDS
    try:
        return operator(Call(expression, operands, scope, evaluate)), operands
    except (OverflowError, RecursionError) as error:
        raise ProcessingError(
            f"qti-{expression.name} went beyond what numbers can hold.",
            reason="overflow",
            line=expression.line,
        ) from error


def check(expression: Expression) -> None:
    """Refuse custom operators: what they mean is not in the document."""
    if expression.name == "custom-operator":
        name = expression.attributes.get("class") or expression.attributes.get("definition", "")
        raise UnsupportedError(
            f"The custom operator {name or 'without a name'} is not supported.",
            reason="custom_operator",
            line=expression.line,
        )
