"""Assessment tests read from their XML."""

import pytest

from assembly.qti import assessment, reading
from assembly.qti.assessment import (
    AdaptiveSettings,
    ItemRef,
    ItemSessionControl,
    NavigationMode,
    ResolvedControl,
    Section,
    Selection,
    SubmissionMode,
    TimeLimits,
)
from assembly.qti.errors import QtiError
from tests.assembly.qti.engine import FIXTURES

SOURCE = (FIXTURES / "weather_test.xml").read_bytes()
WEATHER = reading.read_test(SOURCE)
FIRST, SECOND = WEATHER.parts


def section(identifier: str) -> Section:
    for part in WEATHER.parts:
        for _, child in assessment.walk(part.children):
            if child.identifier == identifier and isinstance(child, Section):
                return child
    raise KeyError(identifier)


def test_a_test_has_its_parts_modes_and_limits() -> None:
    assert (WEATHER.identifier, WEATHER.title, WEATHER.language) == ("weather", "Weather", "en")
    assert WEATHER.time_limits == TimeLimits(max_seconds=3600.0)
    assert FIRST.time_limits == TimeLimits(60.0, 1800.0, allow_late_submission=True)
    assert (FIRST.navigation_mode, FIRST.submission_mode) == (
        NavigationMode.LINEAR,
        SubmissionMode.INDIVIDUAL,
    )
    assert (SECOND.navigation_mode, SECOND.submission_mode) == (
        NavigationMode.NONLINEAR,
        SubmissionMode.SIMULTANEOUS,
    )


def test_sections_have_selection_ordering_and_their_flags() -> None:
    assert section("S1").selection == Selection(2, first=True)
    assert section("S1").ordering_shuffle
    assert [block.view for block in section("S1").rubric_blocks] == [("candidate",)]
    inner = section("S2")
    assert (inner.visible, inner.keep_together, inner.fixed, inner.required) == (
        False,
        False,
        True,
        False,
    )
    assert section("S3").adaptive == AdaptiveSettings("urn:example:engine", "settings.json")


def test_an_item_ref_has_weights_mappings_and_rules() -> None:
    first = assessment.item_ref(WEATHER, "Q01")
    assert (first.href, first.categories, first.required) == ("q01.xml", ("easy", "cloud"), True)
    assert first.weights == {"W": 2.0}
    assert first.variable_mappings == {"POINTS": "SCORE"}
    assert first.time_limits == TimeLimits(max_seconds=90.0)
    assert [one.template_identifier for one in first.template_defaults] == ["X"]
    second = assessment.item_ref(WEATHER, "Q02")
    assert [expression.name for expression in second.pre_conditions] == ["gt"]
    assert [rule.target for rule in second.branch_rules] == ["EXIT_SECTION"]


def test_a_part_has_rubrics_and_a_test_has_contexts() -> None:
    source = changed(
        b'<qti-time-limits max-time="1800"',
        b"<qti-rubric-block view='candidate'><p>Part one.</p></qti-rubric-block>"
        b'<qti-time-limits max-time="1800"',
    ).replace(
        b'<qti-time-limits max-time="3600"/>',
        b"<qti-context-declaration identifier='C' cardinality='single' base-type='integer'/>",
    )
    read = reading.read_test(source)
    assert [block.view for block in read.parts[0].rubric_blocks] == [("candidate",)]
    assert list(read.contexts) == ["C"]


def test_item_refs_come_in_document_order_with_their_sections() -> None:
    found = [
        (part.identifier, tuple(one.identifier for one in path), ref.identifier)
        for part, path, ref in assessment.item_refs(WEATHER)
    ]
    assert found == [("P1", ("S1",), "Q01"), ("P1", ("S1", "S2"), "Q02"), ("P2", ("S3",), "Q03")]


@pytest.mark.parametrize(
    ("part", "sections", "ref", "expected"),
    [
        (FIRST, (), None, ResolvedControl(2, True, allow_skipping=False)),
        (FIRST, (section("S1"),), None,
         ResolvedControl(0, True, allow_skipping=False, validate_responses=True)),
        (FIRST, (section("S1"),), assessment.item_ref(WEATHER, "Q01"),
         ResolvedControl(3, True, allow_skipping=False, validate_responses=True)),
        (SECOND, (section("S3"),), assessment.item_ref(WEATHER, "Q03"), ResolvedControl()),
    ],
)  # fmt: skip
def test_the_nearest_control_wins(
    part: assessment.TestPart,
    sections: tuple[Section, ...],
    ref: ItemRef | None,
    expected: ResolvedControl,
) -> None:
    assert assessment.control(WEATHER, part, sections, ref) == expected


def test_a_control_that_says_nothing_inherits_everything() -> None:
    assert assessment.item_ref(WEATHER, "Q02").item_session_control == ItemSessionControl()


def changed(old: bytes, new: bytes) -> bytes:
    assert old in SOURCE
    return SOURCE.replace(old, new)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (changed(b'identifier="S2"', b'identifier="S1"'), "duplicate_identifier"),
        (changed(b' select="2"', b""), "missing_attribute"),
        (changed(b' select="2"', b' select="-2"'), "wrong_number"),
        (changed(b'select="2"', b'select="1.5"'), "wrong_number"),
        (changed(b'select="2"', b'select="INF"'), "wrong_number"),
        (changed(b'select="2"', b'select="NaN"'), "wrong_number"),
        (changed(b'navigation-mode="linear"', b'navigation-mode="zigzag"'), "wrong_value"),
        (changed(b'href="q02.xml"', b""), "missing_attribute"),
        (changed(b'target="EXIT_SECTION"', b'target="Q09"'), "wrong_target"),
        (changed(b'target="EXIT_SECTION"', b'target="Q03"'), "wrong_target"),
        (changed(b"<qti-exit-test/>", b"<qti-custom-operator class='x'/>"), None),
        (changed(b'max-time="90"', b'max-time="soon"'), "wrong_number"),
        (changed(b'max-time="90"', b'max-time="-1"'), "wrong_number"),
        (changed(b'max-time="90"', b'max-time="INF"'), "wrong_number"),
        (changed(b'max-time="90"', b'max-time="1e12"'), "wrong_number"),
        (b"<qti-assessment-test identifier='t' title='t'/>", "wrong_structure"),
        (b"<qti-assessment-item identifier='t' title='t'/>", "wrong_root"),
    ],
)
def test_a_wrong_test_is_refused(source: bytes, reason: str | None) -> None:
    if reason is None:
        assert [loss.reason for loss in reading.read_test(source).losses] == ["unknown_rule"]
        return
    with pytest.raises(QtiError) as refusal:
        reading.read_test(source)
    assert refusal.value.reason == reason


REFERRING = b"""<qti-assessment-test identifier="t" title="t"><qti-test-part identifier="p"
  navigation-mode="linear" submission-mode="individual">
  <qti-assessment-section-ref identifier="s" href="far/section.xml"/></qti-test-part>
  </qti-assessment-test>"""
OLD_SECTION = b"""<assessmentSection xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="s"
  title="Far" visible="true" keepTogether="false">
  <assessmentItemRef identifier="q" href="../q.xml"/></assessmentSection>"""


def test_a_section_of_another_file_is_fetched() -> None:
    read = reading.read_test(REFERRING, resolve={"far/section.xml": OLD_SECTION}.__getitem__)
    (child,) = read.parts[0].children
    assert [ref.href for _, _, ref in assessment.item_refs(read)] == ["q.xml"]
    assert isinstance(child, Section)
    assert (child.title, child.keep_together) == ("Far", False)
    with pytest.raises(QtiError, match=r"far/section\.xml"):
        reading.read_test(REFERRING)
    with pytest.raises(QtiError, match="not a section"):
        reading.read_test(REFERRING, resolve={"far/section.xml": SOURCE}.__getitem__)
