"""Containers: made, measured and looked into."""

import pytest

from assembly.qti.errors import ProcessingError
from assembly.qti.values import Cardinality, Raw
from tests.assembly.qti.engine import VARIABLES, SmallScope, evaluate, outcome, value


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("<qti-multiple> $A $B $A </qti-multiple>", ["A", "B", "A"]),
        ("<qti-multiple> $A $NULL $M-AB </qti-multiple>", ["A", "A", "B"]),
        ("<qti-multiple> $I2 $F2.5 </qti-multiple>", ["2.0", "2.5"]),
        ("<qti-multiple> $NULL </qti-multiple>", None),
        ("<qti-multiple/>", None),
        ("<qti-ordered> $B $O-AB </qti-ordered>", ["B", "A", "B"]),
        ("<qti-ordered> $NULL </qti-ordered>", None),
        ("<qti-container-size> $M-AAB </qti-container-size>", "3"),
        ("<qti-container-size> $NULL </qti-container-size>", "0"),
        ("<qti-index n='2'> $O-ABC </qti-index>", "B"),
        ("<qti-index n='4'> $O-ABC </qti-index>", None),
        ("<qti-index n='I3'> $O-ABC </qti-index>", "C"),
        ("<qti-index n='1'> $NULL </qti-index>", None),
        ("<qti-index n='NULL'> $O-ABC </qti-index>", None),
        ("<qti-index n='nowhere'> $O-ABC </qti-index>", None),
        ("<qti-field-value field-identifier='x'> $REC </qti-field-value>", "3"),
        ("<qti-field-value field-identifier='y'> $REC </qti-field-value>", None),
        ("<qti-field-value field-identifier='x'> $NULL </qti-field-value>", None),
        ("<qti-member> $A $M-AB </qti-member>", "true"),
        ("<qti-member> $A $A </qti-member>", "true"),
        ("<qti-member> $I2 $M-123 </qti-member>", "true"),
        ("<qti-member> $F2.5 $M-123 </qti-member>", "false"),
        ("<qti-member> $A $NULL </qti-member>", None),
        ("<qti-member> $NULL $M-AB </qti-member>", None),
        ("<qti-delete> $A $M-AAB </qti-delete>", ["B"]),
        ("<qti-delete> $B $O-ABC </qti-delete>", ["A", "C"]),
        ("<qti-delete> $A $NULL </qti-delete>", None),
        ("<qti-delete> $NULL $M-AB </qti-delete>", None),
        ("<qti-delete> $I2 <qti-multiple> $I2 </qti-multiple> </qti-delete>", None),
        ("<qti-contains> $M-AAB $M-AB </qti-contains>", "true"),
        ("<qti-contains> $M-AB $M-AAB </qti-contains>", "false"),
        ("<qti-contains> $O-ABC $O-AB </qti-contains>", "true"),
        ("<qti-contains> $O-ABC $O-BA </qti-contains>", "false"),
        ("<qti-contains> $O-AB $O-ABC </qti-contains>", "false"),
        ("<qti-contains> $M-AB $A </qti-contains>", "true"),
        ("<qti-contains> $M-AB $NULL </qti-contains>", None),
    ],
)
def test_containers_drop_null_and_pour_out(expression: str, result: Raw) -> None:
    assert outcome(expression) == result


def test_a_pair_is_found_in_either_direction() -> None:
    pairs = "<qti-multiple> $P-AB </qti-multiple>"
    assert outcome(f"<qti-member> $P-BA {pairs} </qti-member>") == "true"
    assert outcome(f"<qti-delete> $P-BA {pairs} </qti-delete>") is None
    directed = "<qti-multiple> $D-AB </qti-multiple>"
    assert outcome(f"<qti-member> $D-BA {directed} </qti-member>") == "false"


def test_multiple_and_ordered_have_their_cardinality() -> None:
    multiple, ordered = (
        evaluate("<qti-multiple> $A </qti-multiple>"),
        evaluate("<qti-ordered> $A </qti-ordered>"),
    )
    assert multiple is not None
    assert ordered is not None
    assert (multiple.cardinality, ordered.cardinality) == (
        Cardinality.MULTIPLE,
        Cardinality.ORDERED,
    )


@pytest.mark.parametrize(
    "expression",
    [
        "<qti-multiple> $A $I2 </qti-multiple>",
        "<qti-multiple> $O-AB </qti-multiple>",
        "<qti-ordered> $M-AB </qti-ordered>",
        "<qti-ordered> $REC </qti-ordered>",
        "<qti-index n='0'> $O-ABC </qti-index>",
        "<qti-index n='1'> $M-AB </qti-index>",
        "<qti-index n='A'> $O-ABC </qti-index>",
        "<qti-field-value field-identifier='x'> $M-AB </qti-field-value>",
        "<qti-field-value> $REC </qti-field-value>",
        "<qti-member> $M-AB $M-AB </qti-member>",
        "<qti-member> $A $REC </qti-member>",
        "<qti-member> $I2 $M-AB </qti-member>",
        "<qti-delete> $M-AB $M-AB </qti-delete>",
        "<qti-contains> $M-AB $O-AB </qti-contains>",
        "<qti-repeat number-repeats='20000'> $A </qti-repeat>",
        "<qti-repeat number-repeats='2'> $M-AB </qti-repeat>",
    ],
)
def test_containers_refuse_the_wrong_kind(expression: str) -> None:
    with pytest.raises(ProcessingError):
        evaluate(expression)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("<qti-repeat number-repeats='2'> $A $B </qti-repeat>", ["A", "B", "A", "B"]),
        ("<qti-repeat number-repeats='2'> $O-AB </qti-repeat>", ["A", "B", "A", "B"]),
        ("<qti-repeat number-repeats='I2'> $A $NULL </qti-repeat>", ["A", "A"]),
        ("<qti-repeat number-repeats='I0'> $A </qti-repeat>", None),
        ("<qti-repeat number-repeats='NULL'> $A </qti-repeat>", None),
        ("<qti-repeat number-repeats='3'> $NULL </qti-repeat>", None),
    ],
)
def test_repeat_fills_an_ordered_container(expression: str, result: Raw) -> None:
    assert outcome(expression) == result


def test_nested_repeats_share_one_allowance() -> None:
    inner = "<qti-repeat number-repeats='90'> $A </qti-repeat>"
    assert evaluate(f"<qti-repeat number-repeats='90'> {inner} </qti-repeat>") is not None
    with pytest.raises(ProcessingError, match="too often"):
        evaluate(f"<qti-repeat number-repeats='900'> {inner} </qti-repeat>")


def test_a_container_does_not_grow_without_end() -> None:
    many = value(["A"] * 6_000, "identifier", Cardinality.MULTIPLE)
    scope = SmallScope({"many": many})
    with pytest.raises(ProcessingError, match="more than"):
        evaluate("<qti-multiple> $many $many </qti-multiple>", scope)


def test_repeat_draws_afresh_each_time() -> None:
    scope = SmallScope(VARIABLES, draws=[0, 4, 2])
    expression = "<qti-repeat number-repeats='3'> <qti-random-integer max='9'/> </qti-repeat>"
    assert outcome(expression, scope) == ["0", "4", "2"]
