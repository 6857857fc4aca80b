"""Three-valued logic, as the specification's expressions define it."""

import pytest

from assembly.qti.errors import ProcessingError
from assembly.qti.values import Raw
from tests.assembly.qti.engine import evaluate, outcome


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("<qti-and> $T $T </qti-and>", "true"),
        ("<qti-and> $T $F </qti-and>", "false"),
        ("<qti-and> $T $NULL </qti-and>", None),
        ("<qti-and> $NULL $F </qti-and>", "false"),
        ("<qti-or> $F $F </qti-or>", "false"),
        ("<qti-or> $F $T </qti-or>", "true"),
        ("<qti-or> $F $NULL </qti-or>", None),
        ("<qti-or> $NULL $T </qti-or>", "true"),
        ("<qti-not> $F </qti-not>", "true"),
        ("<qti-not> $NULL </qti-not>", None),
        ("<qti-is-null> $NULL </qti-is-null>", "true"),
        ("<qti-is-null> $M-AB </qti-is-null>", "false"),
        ("<qti-is-null> <qti-null/> </qti-is-null>", "true"),
        (
            "<qti-is-null> <qti-base-value base-type='string'></qti-base-value> </qti-is-null>",
            "true",
        ),
        ("<qti-is-null> <qti-multiple/> </qti-is-null>", "true"),
    ],
)
def test_logic_has_three_values(expression: str, result: Raw) -> None:
    assert outcome(expression) == result


@pytest.mark.parametrize(
    ("least", "most", "flags", "result"),
    [
        (3, 4, "$T $T $F $NULL", None),
        (3, 4, "$T $F $F $NULL", "false"),
        (3, 4, "$T $T $T $NULL", "true"),
        (1, 1, "$T $T", "false"),
        (2, 2, "$T $T $NULL", None),
        (0, 1, "$F $F", "true"),
        ("I2", "I3", "$T $T $F", "true"),
        ("NULL", 2, "$T $T", None),
    ],
)
def test_any_n_counts_between_its_bounds(
    least: int | str, most: int | str, flags: str, result: Raw
) -> None:
    expression = f"<qti-any-n min='{least}' max='{most}'> {flags} </qti-any-n>"
    assert outcome(expression) == result


@pytest.mark.parametrize(
    "expression",
    [
        "<qti-and> $T $I2 </qti-and>",
        "<qti-or> $A </qti-or>",
        "<qti-not> $T $F </qti-not>",
        "<qti-and/>",
        "<qti-any-n min='1'> $T </qti-any-n>",
    ],
)
def test_logic_refuses_what_is_not_boolean(expression: str) -> None:
    with pytest.raises(ProcessingError):
        evaluate(expression)
