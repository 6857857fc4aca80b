import re

import pytest
from pytest_django import DjangoAssertNumQueries

from assembly import models, outlines
from assembly.packages import stored
from assembly.qti import reading
from assembly.qti.assessment import TestPart
from tests.assembly import factories
from tests.assembly.factories import ASI, choice_xml, imported, zipped

pytestmark = pytest.mark.django_db

RICH = f"""
<qti-assessment-test xmlns="{ASI}" identifier="T1" title="Rich" xml:lang="de">
  <qti-time-limits max-time="3600"/>
  <qti-test-part identifier="P1" navigation-mode="nonlinear" submission-mode="simultaneous">
    <qti-item-session-control max-attempts="2" allow-review="false"/>
    <qti-time-limits min-time="60" max-time="1800" allow-late-submission="true"/>
    <qti-assessment-section identifier="S1" title="One" visible="false" keep-together="false">
      <qti-selection select="2" with-replacement="true"/>
      <qti-ordering shuffle="true"/>
      <qti-assessment-item-ref identifier="Q1" href="items/Q1.xml" required="true" fixed="true"
          category="easy maps">
        <qti-weight identifier="WEIGHT" value="2.5"/>
      </qti-assessment-item-ref>
      <qti-assessment-section identifier="S2" title="Inner" visible="true" required="true">
        <qti-selection select="1" i:take="first" xmlns:i="urn:invigil:assembly:1"/>
        <qti-assessment-item-ref identifier="Q2" href="items/Q2.xml"/>
      </qti-assessment-section>
      <qti-assessment-item-ref identifier="Q3" href="items/Q1.xml"/>
    </qti-assessment-section>
    <qti-assessment-section identifier="S3" title="Adaptive" visible="true">
      <qti-adaptive-selection>
        <qti-adaptive-engine-ref identifier="e" href="urn:invigil:adaptive:eap-1"/>
        <qti-adaptive-settings-ref identifier="s"
          href="urn:invigil:adaptive:settings?min-items=1&amp;max-items=1&amp;best=2&amp;scaling=1.7"/>
      </qti-adaptive-selection>
      <qti-assessment-item-ref identifier="Q4" href="items/Q2.xml"/>
    </qti-assessment-section>
  </qti-test-part>
</qti-assessment-test>
"""


def rich() -> models.AssessmentTest:
    items = {f"items/{name}.xml": choice_xml(name) for name in ("Q1", "Q2")}
    report = imported(zipped(items, {"t.xml": RICH.encode()}))
    return models.AssessmentTest.objects.get(pk=report.tests[0].row_id or 0)


def meaning(part: TestPart) -> str:
    """All that a part says but where the items lie, which an export decides."""
    return re.sub(r"href='[^']*\.xml'", "", str(part.children))


def test_the_rows_of_an_imported_test_mean_what_its_xml_says() -> None:
    test = rich()
    said, meant = reading.read_test(RICH.encode()), outlines.definition(test)
    assert meant.time_limits == said.time_limits
    found, wanted = meant.parts[0], said.parts[0]
    assert (found.navigation_mode, found.submission_mode) == (
        wanted.navigation_mode,
        wanted.submission_mode,
    )
    assert found.item_session_control == wanted.item_session_control
    assert found.time_limits == wanted.time_limits
    assert meaning(found) == meaning(wanted)


def test_an_imported_test_made_editable_means_the_same() -> None:
    test = rich()
    before = stored.read_test(test)
    models.AssessmentTest.objects.update(xml="")
    test.refresh_from_db()
    after = stored.read_test(test)
    assert [meaning(part) for part in after.parts] == [meaning(part) for part in before.parts]


@pytest.mark.parametrize("count", [1, 3])
def test_an_outline_takes_three_queries(
    django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    test = factories.a_draft(factories.a_bank(count))
    with django_assert_num_queries(3):
        tree = outlines.tree(test)
    assert [[[ref.key for ref in s.children] for s in part.children] for part in tree] == [
        [[f"ref-{ref.pk}" for ref in models.ItemRef.objects.order_by("position")]]
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(32, "32 s"), (60, "1 min"), (90, "1 min 30 s"), (1500, "25 min"), (3900, "1 h 05 min")],
)
def test_durations_are_written_one_way(seconds: int, words: str) -> None:
    assert outlines.duration(seconds) == words
