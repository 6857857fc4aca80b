import pytest

from assembly import selection
from assembly.qti import outcomes, reading
from assembly.qti.expressions import Expression
from delivery.rules import branching, outline
from delivery.rules.branching import Way
from tests.factories import QTI

YES = '<qti-base-value base-type="boolean">true</qti-base-value>'
NO = '<qti-base-value base-type="boolean">false</qti-base-value>'


def holds(expression: Expression) -> bool:
    return outcomes.holds({}, {}, expression, [])


def branch(target: str, condition: str = YES) -> str:
    return f'<qti-branch-rule target="{target}">{condition}</qti-branch-rule>'


def condition(value: str) -> str:
    return f"<qti-pre-condition>{value}</qti-pre-condition>"


def ref(name: str, rules: str = "") -> str:
    return (
        f'<qti-assessment-item-ref identifier="{name}" href="{name}.xml">{rules}'
        "</qti-assessment-item-ref>"
    )


def section(name: str, *children: str, rules: str = "") -> str:
    return (
        f'<qti-assessment-section identifier="{name}" title="{name}" visible="true">{rules}'
        f"{''.join(children)}</qti-assessment-section>"
    )


def way(place: int, *sections: str) -> Way:
    xml = f"""<qti-assessment-test {QTI} identifier="T" title="T">
      <qti-test-part identifier="P" navigation-mode="linear" submission-mode="individual">
      {"".join(sections)}</qti-test-part></qti-assessment-test>"""
    test = reading.read_test(xml.encode())
    plan = selection.plan(test, selection.Stream(bytes(32)))
    return branching.onward(outline.outline(test), plan.items, place, holds)


def test_without_rules_the_next_item_follows() -> None:
    assert way(0, section("S", ref("A"), ref("B"))) == Way("B")


def test_behind_the_last_item_the_part_ends() -> None:
    assert way(1, section("S", ref("A"), ref("B"))) == Way(None)


def test_an_item_whose_pre_condition_fails_is_skipped() -> None:
    items = (ref("A"), ref("B", condition(NO)), ref("C", condition(YES)))
    assert way(0, section("S", *items)) == Way("C", ("B",))


def test_a_pre_condition_on_the_first_item_is_asked_too() -> None:
    assert way(-1, section("S", ref("A", condition(NO)), ref("B"))) == Way("B", ("A",))


def test_a_section_whose_pre_condition_fails_is_skipped_whole() -> None:
    parts = (
        section("S1", ref("A")),
        section("S2", ref("B"), ref("C"), rules=condition(NO)),
        section("S3", ref("D")),
    )
    assert way(0, *parts) == Way("D", ("B", "C"))


def test_a_sections_pre_condition_is_asked_on_entering_only() -> None:
    assert way(0, section("S", ref("A"), ref("B"), rules=condition(NO))) == Way("B")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (branch("C"), Way("C", ("B",))),
        (branch("C", NO), Way("B")),
        (branch("S2"), Way("D", ("B", "C"))),
        (branch("A"), Way("B")),
        (branch("E"), Way("B")),
        (branch("EXIT_SECTION"), Way("D", ("B", "C"))),
        (branch("EXIT_TESTPART"), Way(None, ("B", "C", "D"))),
        (branch("EXIT_TEST"), Way(None, exits=True)),
        (branch("C", NO) + branch("S2"), Way("D", ("B", "C"))),
    ],
)
def test_a_branch_rule_leads_forwards(rule: str, expected: Way) -> None:
    first_only = '<qti-selection select="1" xmlns:i="urn:invigil:assembly:1" i:take="first"/>'
    behind = section("S2", ref("D"), ref("E"), rules=first_only)
    parts = (section("S1", ref("A", rule), ref("B"), ref("C")), behind)
    assert way(0, *parts) == expected


def test_a_sections_branch_rule_is_asked_behind_its_last_item() -> None:
    parts = (
        section("S1", ref("A"), ref("B"), rules=branch("S3")),
        section("S2", ref("C")),
        section("S3", ref("D")),
    )
    assert way(0, *parts) == Way("B")
    assert way(1, *parts) == Way("D", ("C",))


def test_a_target_with_a_failing_pre_condition_is_passed_by() -> None:
    items = (ref("A", branch("C")), ref("B"), ref("C", condition(NO)), ref("D"))
    assert way(0, section("S", *items)) == Way("D", ("B", "C"))
