"""The standard response processing templates, known by the last part of their address."""

import re

from assembly.qti import values
from assembly.qti.expressions import Expression
from assembly.qti.processing import Branch, Condition, Rules, SetValue, Target
from assembly.qti.values import Value


def find(address: str) -> Rules | None:
    """The rules of a standard template of any QTI version, with or without .xml; else None."""
    name = address.rstrip("/").rsplit("/", 1)[-1].removesuffix(".xml")
    older = _OLDER.get(name) if _QTI_2.search(address) else None
    return older or TEMPLATES.get(name)


def _constant(value: Value) -> Expression:
    return Expression("base-value", constant=value)


def _variable(identifier: str) -> Expression:
    return Expression("variable", {"identifier": identifier})


def _of_response(name: str) -> Expression:
    return Expression(name, {"identifier": "RESPONSE"})


def _set(identifier: str, expression: Expression) -> SetValue:
    return SetValue(Target.OUTCOME, identifier, expression)


def _choose(test: Expression, then: Rules, otherwise: Rules) -> Condition:
    return Condition((Branch(test, then), Branch(None, otherwise)))


_CORRECT = Expression("match", {}, (_variable("RESPONSE"), _of_response("correct")))
_ZERO, _ONE = _constant(values.real(0.0)), _constant(values.real(1.0))


def _feedback(identifier: str, name: str) -> SetValue:
    return _set(identifier, _constant(values.identifier(name)))


def _mapped(operator: str) -> Condition:
    """Zero for no response, else what the mapping says."""
    return _choose(
        Expression("is-null", {}, (_variable("RESPONSE"),)),
        (_set("SCORE", _ZERO),),
        (_set("SCORE", _of_response(operator)),),
    )


_MATCH_CORRECT: Rules = (_choose(_CORRECT, (_set("SCORE", _ONE),), (_set("SCORE", _ZERO),)),)

TEMPLATES: dict[str, Rules] = {
    "match_correct": _MATCH_CORRECT,
    "map_response": (_mapped("map-response"),),
    "map_response_point": (_mapped("map-response-point"),),
    "CC2_match": _MATCH_CORRECT,
    "CC2_match_basic": (
        _choose(
            _CORRECT,
            (_set("SCORE", _variable("MAXSCORE")), _feedback("FEEDBACKBASIC", "correct")),
            (_feedback("FEEDBACKBASIC", "incorrect"),),
        ),
    ),
    "CC2_map_response": (
        _mapped("map-response"),
        _choose(
            Expression(
                "equal", {"tolerance-mode": "exact"}, (_variable("MAXSCORE"), _variable("SCORE"))
            ),
            (_feedback("FEEDBACK", "correct"),),
            (_feedback("FEEDBACK", "incorrect"),),
        ),
    ),
}
# Where QTI 3 changed what a name stands for: here the choice is the feedback's name as well.
_OLDER: dict[str, Rules] = {
    "CC2_match": (
        _set("FEEDBACK", _variable("RESPONSE")),
        Condition((Branch(_CORRECT, (_set("SCORE", _variable("MAXSCORE")),)),)),
    ),
}
_QTI_2 = re.compile(r"qti_v2p\d")
