"""An imported test that is edited here keeps the rules that the editor has no words for."""

import pytest

from assembly import authoring, bank, models
from assembly.packages import losses, stored
from assembly.packages.checking import ImportReport
from assembly.qti.assessment import AssessmentTest, ItemRef, Section
from assembly.qti.body import text_of
from tests.assembly import whole_package
from tests.assembly.factories import ASI, AT, BY, choice_xml, imported, zipped

pytestmark = pytest.mark.django_db

RULES = f"""<qti-assessment-test xmlns="{ASI}" identifier="ruled" title="Ruled" tool-name="Other">
  <qti-outcome-declaration identifier="TOTAL" cardinality="single" base-type="float"/>
  <qti-time-limits max-time="600"/>
  <qti-test-part identifier="P" navigation-mode="linear" submission-mode="individual">
    <qti-branch-rule target="EXIT_TEST"><qti-is-null><qti-variable identifier="TOTAL"/>
    </qti-is-null></qti-branch-rule>
    <qti-assessment-section identifier="S" title="One" visible="true" class="wide">
      <qti-rubric-block use="instructions" view="candidate">
        <qti-content-body><p>Read <em>well</em>.</p></qti-content-body></qti-rubric-block>
      <qti-rubric-block use="scoring" view="scorer">
        <qti-content-body><p>Be kind.</p></qti-content-body></qti-rubric-block>
      <qti-assessment-item-ref identifier="one" href="items/Q1.xml">
        <qti-branch-rule target="three"><qti-gt><qti-variable identifier="one.SCORE"/>
          <qti-base-value base-type="float">0</qti-base-value></qti-gt></qti-branch-rule>
        <qti-variable-mapping source-identifier="SCORE" target-identifier="POINTS"/>
        <qti-weight identifier="W" value="2"/><qti-weight identifier="V" value="3"/>
        <qti-template-default template-identifier="N">
          <qti-base-value base-type="integer">4</qti-base-value></qti-template-default>
      </qti-assessment-item-ref>
      <qti-assessment-item-ref identifier="two" href="items/Q2.xml">
        <qti-pre-condition><qti-is-null><qti-variable identifier="one.SCORE"/></qti-is-null>
        </qti-pre-condition></qti-assessment-item-ref>
      <qti-assessment-item-ref identifier="three" href="items/Q3.xml"/>
    </qti-assessment-section></qti-test-part>
  <qti-outcome-processing><qti-set-outcome-value identifier="TOTAL"><qti-sum>
    <qti-test-variables variable-identifier="SCORE" weight-identifier="W"/></qti-sum>
  </qti-set-outcome-value></qti-outcome-processing>
  <qti-test-feedback access="atEnd" show-hide="show" outcome-identifier="TOTAL" identifier="7">
    <qti-content-body><p>Seven.</p></qti-content-body></qti-test-feedback>
</qti-assessment-test>""".encode()


@pytest.fixture
def test() -> models.AssessmentTest:
    report = bring(RULES)
    return models.AssessmentTest.objects.get(pk=report.tests[0].row_id or 0)


def bring(test: bytes) -> ImportReport:
    items = {f"items/Q{number}.xml": choice_xml(f"Q{number}") for number in (1, 2, 3)}
    return imported(zipped(items, {"t.xml": test}))


def edited(test: models.AssessmentTest) -> models.AssessmentTest:
    authoring.make_editable(test)
    return models.AssessmentTest.objects.get(pk=test.pk)


def read(test: models.AssessmentTest) -> AssessmentTest:
    return stored.read_test(models.AssessmentTest.objects.get(pk=test.pk))


def section(test: AssessmentTest) -> Section:
    found = test.parts[0].children[0]
    assert isinstance(found, Section)
    return found


def refs(test: AssessmentTest) -> dict[str, ItemRef]:
    listed = section(test).children
    return {one.identifier: one for one in listed if isinstance(one, ItemRef)}


def without_places(test: AssessmentTest) -> str:
    """The test without lines and addresses, which the editor chooses itself."""
    parts = []
    for part in test.parts:
        rules = [(rule.target, rule.expression.name) for rule in part.branch_rules]
        parts.append((part.identifier, rules, section(test).rubric_blocks))
    kept = {
        name: (
            [(rule.target, rule.expression.name) for rule in ref.branch_rules],
            [one.name for one in ref.pre_conditions],
            ref.weights,
            ref.variable_mappings,
            [one.template_identifier for one in ref.template_defaults],
        )
        for name, ref in refs(test).items()
    }
    total = len(test.outcome_processing)
    return repr((parts, kept, list(test.outcomes), total, test.feedback, test.time_limits))


def test_making_a_test_editable_changes_nothing_in_it(test: models.AssessmentTest) -> None:
    before = without_places(stored.read_test(test))
    assert without_places(stored.read_test(edited(test))) == before


def test_a_changed_time_and_a_moved_item_keep_the_rules(test: models.AssessmentTest) -> None:
    row = edited(test)
    row.max_seconds = 900
    row.save()
    models.ItemRef.objects.filter(identifier="two").update(position=9)
    found = read(row)
    assert found.time_limits.max_seconds == 900
    assert list(refs(found)) == ["one", "three", "two"]
    assert len(refs(found)["two"].pre_conditions) == 1
    assert list(found.outcomes) == ["TOTAL"]


def test_a_changed_weight_is_the_one_that_the_editor_shows(test: models.AssessmentTest) -> None:
    row = edited(test)
    ref = models.ItemRef.objects.get(identifier="one")
    assert ref.weight == 2
    models.ItemRef.objects.filter(pk=ref.pk).update(weight=5)
    assert refs(read(row))["one"].weights == {"W": 5.0, "V": 3.0}


def test_a_rule_that_leads_to_what_was_taken_out_goes_with_it(test: models.AssessmentTest) -> None:
    row = edited(test)
    models.ItemRef.objects.filter(identifier="three").delete()
    found = refs(read(row))
    assert list(found) == ["one", "two"]
    assert found["one"].branch_rules == ()
    assert bank.publish(row, BY, AT).number == 1


def test_changed_instructions_take_the_place_of_the_old(test: models.AssessmentTest) -> None:
    row = edited(test)
    models.Section.objects.update(instructions="Begin at once.")
    blocks = section(read(row)).rubric_blocks
    told = [(block.view, text_of(block.content).strip()) for block in blocks]
    assert told == [(("candidate",), "Begin at once."), (("scorer",), "Be kind.")]


def test_what_scorers_are_told_is_never_among_the_instructions(test: models.AssessmentTest) -> None:
    assert models.Section.objects.get().instructions == "Read well."


def test_sections_in_files_of_their_own_keep_their_rules() -> None:
    report = imported(whole_package.qti_3())
    row = edited(models.AssessmentTest.objects.get(pk=report.tests[0].row_id or 0))
    found = read(row)
    assert refs(found)["first"].weights == {"W": 2.5}
    assert len(refs(found)["second"].pre_conditions) == 1
    assert bank.publish(row, BY, AT).number == 1


def test_the_same_package_again_leaves_an_edited_test_alone(test: models.AssessmentTest) -> None:
    row = edited(test)
    models.AssessmentTest.objects.filter(pk=row.pk).update(title="Mine now")
    assert bring(RULES).tests[0].unchanged
    assert models.AssessmentTest.objects.get().title == "Mine now"


@pytest.mark.parametrize(
    ("limits", "lost"),
    [
        ('max-time="600"', []),
        ('max-time="600.5"', ["Fractions of seconds in time limits"]),
        (
            'min-time="60" max-time="30"',
            ["A minimum time above the maximum (the maximum takes its place)"],
        ),
    ],
)
def test_what_editing_would_lose_is_named_beforehand(limits: str, lost: list[str]) -> None:
    bring(RULES.replace(b'max-time="600"', limits.encode()))
    assert losses.of(models.AssessmentTest.objects.get()) == lost
