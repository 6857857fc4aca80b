"""A content package becomes an item on a candidate's page, picture and all, and earns its score."""

import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.journeys import acts
from tests.serving import Serving

SCHEMA = 'xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0"'
ITEM = f"""<qti-assessment-item {SCHEMA} identifier="tide" title="Tides" adaptive="false"
 time-dependent="false" xml:lang="en">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="identifier">
    <qti-correct-response><qti-value>moon</qti-value></qti-correct-response>
  </qti-response-declaration>
  <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
  <qti-item-body>
    <p><img src="../pictures/sea.svg" alt="A wave" width="40" height="40"/></p>
    <qti-choice-interaction response-identifier="RESPONSE" shuffle="false" max-choices="1">
      <qti-prompt>What moves the tides most?</qti-prompt>
      <qti-simple-choice identifier="wind">the wind</qti-simple-choice>
      <qti-simple-choice identifier="moon">the Moon</qti-simple-choice>
    </qti-choice-interaction>
  </qti-item-body>
  <qti-response-processing
   template="https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml"/>
</qti-assessment-item>"""
TEST = f"""<qti-assessment-test {SCHEMA} identifier="sea" title="The sea">
  <qti-test-part identifier="part" navigation-mode="nonlinear" submission-mode="individual">
    <qti-assessment-section identifier="section" title="Tides" visible="true">
      <qti-assessment-item-ref identifier="tide" href="../items/tide.xml"/>
    </qti-assessment-section>
  </qti-test-part>
</qti-assessment-test>"""
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">
<circle cx="20" cy="20" r="15" fill="navy"/></svg>"""
MANIFEST = """<manifest identifier="sea"
 xmlns="http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1">
  <metadata><schema>QTI Package</schema><schemaversion>3.0.0</schemaversion></metadata>
  <organizations/>
  <resources>
    <resource identifier="sea" type="imsqti_test_xmlv3p0" href="tests/sea.xml">
      <file href="tests/sea.xml"/><dependency identifierref="tide"/>
    </resource>
    <resource identifier="tide" type="imsqti_item_xmlv3p0" href="items/tide.xml">
      <file href="items/tide.xml"/><file href="pictures/sea.svg"/>
    </resource>
  </resources>
</manifest>"""
FILES = {
    "imsmanifest.xml": MANIFEST,
    "tests/sea.xml": TEST,
    "items/tide.xml": ITEM,
    "pictures/sea.svg": PICTURE,
}
OFFER = """
from django.utils import timezone
from assembly import bank
from assembly.models import AssessmentTest
from delivery.people import enrolments
from delivery.models import Candidate, Sitting
at = timezone.now()
version = bank.publish(AssessmentTest.objects.get(identifier="sea"), by="system", at=at)
sitting = Sitting.objects.create(title="The sea", test_version=version, release="submission")
candidate = Candidate.objects.get(name="Priya Raghunathan")
enrolments.enrol(sitting, candidate, by="system", at=at)
"""


def package(folder: Path) -> Path:
    file = folder / "sea.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    return file


def test_a_package_becomes_an_item_on_a_page(
    demo_server: Serving, page: Page, tmp_path: Path
) -> None:
    demo_server.manage("qti_import", str(package(tmp_path)))
    demo_server.manage("shell", "-c", OFFER)
    acts.sign_in(page, demo_server, acts.ENDED)
    acts.start(page, "The sea")
    session = acts.session_of(page)
    expect(page.get_by_text("What moves the tides most?")).to_be_visible()
    expect(page.get_by_role("img", name="A wave")).to_have_js_property("naturalWidth", 40)
    page.get_by_role("radio", name="the Moon").check(force=True)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    page.get_by_role("button", name="Review").click()
    page.get_by_role("link", name="Submit the test").click()
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/receipt/")
    assert acts.eventually(lambda: acts.column(demo_server, session, "score") == 1.0, page)
    page.reload()
    page.get_by_role("link", name="See your result").click()
    expect(page.get_by_role("heading", name="The sea")).to_be_visible()
