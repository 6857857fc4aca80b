"""Rules at work on an item: lookups, conditions, types, records, and what is left as it was."""

import pytest

from assembly.qti import item_session, values
from assembly.qti.item_session import ItemSession
from assembly.qti.values import Raw
from tests.assembly.qti.engine import STREAM, base, item

BODY = "<qti-item-body><p>Without more.</p></qti-item-body>"


def declared(kind: str, name: str, base_type: str, inner: str = "", how: str = "single") -> str:
    typed = f' base-type="{base_type}"' if base_type else ""
    return (
        f'<qti-{kind}-declaration identifier="{name}" cardinality="{how}"{typed}>{inner}'
        f"</qti-{kind}-declaration>"
    )


def setting(name: str, expression: str) -> str:
    return f'<qti-set-outcome-value identifier="{name}">{expression}</qti-set-outcome-value>'


def looking(name: str, expression: str) -> str:
    return f'<qti-lookup-outcome-value identifier="{name}">{expression}</qti-lookup-outcome-value>'


def processed(declarations: str, rules: str, **raw: Raw) -> ItemSession:
    source = f"{declarations}{BODY}<qti-response-processing>{rules}</qti-response-processing>"
    of = item(source)
    session = item_session.begin(of, STREAM)
    return item_session.attempt(of, session, raw, duration_seconds=0.0)


def outcome(session: ItemSession, name: str = "SCORE") -> Raw:
    return values.raw(session.outcomes[name])


INTERPOLATION = (
    '<qti-interpolation-table default-value="none">'
    '<qti-interpolation-table-entry source-value="8" include-boundary="false" target-value="top"/>'
    '<qti-interpolation-table-entry source-value="4" target-value="middle"/>'
    "</qti-interpolation-table>"
)
MATCHES = (
    '<qti-match-table default-value="none"><qti-match-table-entry source-value="1"'
    ' target-value="one"/><qti-match-table-entry source-value="2" target-value="two"/>'
    '<qti-match-table-entry source-value="2" target-value="never"/></qti-match-table>'
)


@pytest.mark.parametrize(
    ("table", "given", "found"),
    [
        (INTERPOLATION, "9", "top"),
        (INTERPOLATION, "8", "middle"),
        (INTERPOLATION, "4", "middle"),
        (INTERPOLATION, "3.999", "none"),
        (INTERPOLATION, "-INF", "none"),
        (INTERPOLATION, None, "none"),
        (INTERPOLATION.replace(' default-value="none"', ""), "1", None),
        (INTERPOLATION.replace(' default-value="none"', ""), None, None),
        (MATCHES, "1", "one"),
        (MATCHES, "2", "two"),
        (MATCHES, "1.5", "none"),
        (MATCHES, None, "none"),
        (MATCHES.replace(' default-value="none"', ""), "3", None),
    ],
)
def test_a_number_is_looked_up_in_the_outcome_s_table(table: str, given: Raw, found: Raw) -> None:
    declarations = declared("response", "R", "float") + declared("outcome", "G", "string", table)
    session = processed(declarations, looking("G", " $R "), R=given)
    assert (outcome(session, "G"), session.notes) == (found, ())


def test_what_cannot_be_looked_up_leaves_the_outcome_as_it_was() -> None:
    kept = "<qti-default-value><qti-value>kept</qti-value></qti-default-value>"
    with_table = declared("outcome", "G", "string", kept + MATCHES)
    for declarations, expression in (
        (with_table, base("1")),
        (
            with_table,
            '<qti-multiple><qti-base-value base-type="integer">1</qti-base-value></qti-multiple>',
        ),
        (
            declared("outcome", "G", "string", kept),
            base("1", "integer"),
        ),
    ):
        session = processed(declarations, looking("G", expression))
        assert outcome(session, "G") == "kept"
        assert session.notes[0].startswith("G was left as it was.")


@pytest.mark.parametrize(
    ("base_type", "how", "expression", "stored"),
    [
        ("float", "single", base("3", "integer"), "3.0"),
        ("integer", "single", base("3", "float"), "3"),
        ("integer", "single", base("3.5", "float"), "0"),
        ("float", "single", "<qti-null/>", None),
        ("float", "single", base("3"), "0.0"),
        ("identifier", "single", base("A"), "A"),
        ("identifier", "single", f"<qti-multiple>{base('A', 'identifier')}</qti-multiple>", None),
        ("identifier", "multiple", base("A", "identifier"), None),
        ("boolean", "single", "<qti-is-null><qti-null/></qti-is-null>", "true"),
        ("identifier", "multiple", "<qti-multiple/>", None),
        (
            "identifier",
            "ordered",
            f"<qti-ordered>{base('B', 'identifier')}{base('A', 'identifier')}</qti-ordered>",
            ["B", "A"],
        ),
    ],
)
def test_an_outcome_takes_what_it_can_hold(
    base_type: str, how: str, expression: str, stored: Raw
) -> None:
    session = processed(declared("outcome", "X", base_type, how=how), setting("X", expression))
    assert outcome(session, "X") == stored


IF = "<qti-response-condition><qti-response-if>{}{}</qti-response-if>{}</qti-response-condition>"
ONE, TWO, THREE = (
    setting("SCORE", f'<qti-base-value base-type="float">{number}</qti-base-value>')
    for number in (1, 2, 3)
)
SCORE = declared("outcome", "SCORE", "float")


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (base("true", "boolean"), "1.0"),
        (base("false", "boolean"), "2.0"),
        ("<qti-null/>", "2.0"),
        ("<qti-not><qti-null/></qti-not>", "2.0"),
        (base("1", "integer"), "2.0"),
        (base("true"), "2.0"),
        ("<qti-multiple><qti-is-null><qti-null/></qti-is-null></qti-multiple>", "2.0"),
        ('<qti-perhaps identifier="X"/>', "2.0"),
    ],
)
def test_only_a_single_true_is_true(test: str, expected: str) -> None:
    otherwise = f"<qti-response-else>{TWO}</qti-response-else>"
    assert outcome(processed(SCORE, IF.format(test, ONE, otherwise))) == expected


def test_the_first_branch_that_holds_is_taken_and_no_other() -> None:
    true = "<qti-is-null><qti-null/></qti-is-null>"
    branches = (
        f"<qti-response-else-if>{true}{TWO}</qti-response-else-if>"
        f"<qti-response-else-if>{true}{THREE}</qti-response-else-if>"
        f"<qti-response-else>{THREE}</qti-response-else>"
    )
    assert outcome(processed(SCORE, IF.format("<qti-null/>", ONE, branches))) == "2.0"
    assert outcome(processed(SCORE, IF.format("<qti-null/>", ONE, ""))) == "0.0"


def test_an_exit_ends_processing_from_within_conditions_and_fragments() -> None:
    true = "<qti-is-null><qti-null/></qti-is-null>"
    leaving = IF.format(true, IF.format(true, ONE + "<qti-exit-response/>" + TWO, ""), "")
    fragment = f"<qti-response-processing-fragment>{leaving}</qti-response-processing-fragment>"
    assert outcome(processed(SCORE, fragment + THREE)) == "1.0"


def test_an_outcome_is_set_from_what_was_set_before() -> None:
    more = f'<qti-sum><qti-variable identifier="SCORE"/>{base("0.5", "float")}</qti-sum>'
    assert outcome(processed(SCORE, ONE + setting("SCORE", more) * 2)) == "2.0"


@pytest.mark.parametrize(
    ("typed", "field", "found"),
    [
        ("4.10", "floatValue", "4.1"),
        ("4.10", "stringValue", "4.10"),
        ("4.10", "integerValue", None),
        ("4.10", "rightDigits", "2"),
        ("4.10", "nsf", "3"),
        ("42", "integerValue", "42"),
        ("1e3", "exponent", "3"),
        ("four", "floatValue", None),
        ("four", "nothing", None),
        (None, "floatValue", None),
    ],
)
def test_a_field_of_a_typed_number_is_asked_for(typed: Raw, field: str, found: Raw) -> None:
    value = f'<qti-field-value field-identifier="{field}"> $R </qti-field-value>'
    text = "string" if field == "stringValue" else "float"
    declarations = declared("response", "R", "", how="record") + declared("outcome", "X", text)
    expected = f"{float(found)}" if isinstance(found, str) and text == "float" else found
    assert outcome(processed(declarations, setting("X", value), R=typed), "X") == expected


MAPPING = (
    '<qti-mapping default-value="-1" lower-bound="{}" upper-bound="{}">'
    '<qti-map-entry map-key="A" mapped-value="2"/><qti-map-entry map-key="B" mapped-value="3"/>'
    "</qti-mapping>"
)


@pytest.mark.parametrize(
    ("bounds", "given", "expected"),
    [
        (("-9", "9"), ["A", "B"], "5.0"),
        (("-9", "9"), ["A", "A", "B"], "5.0"),
        (("-9", "9"), ["A", "C"], "1.0"),
        (("-9", "9"), ["C", "C", "D"], "-2.0"),
        (("0", "9"), ["C", "D"], "0.0"),
        (("-9", "4"), ["A", "B"], "4.0"),
        (("-9", "9"), None, "-1.0"),
        (("0", "9"), None, "0.0"),
    ],
)
def test_a_response_is_mapped_by_its_different_values_within_the_bounds(
    bounds: tuple[str, str], given: Raw, expected: str
) -> None:
    mapping = MAPPING.format(*bounds)
    declarations = SCORE + declared("response", "R", "identifier", mapping, "multiple")
    rules = setting("SCORE", '<qti-map-response identifier="R"/>')
    assert outcome(processed(declarations, rules, R=given)) == expected
