"""Packages of our own with everything that may lie in one: in QTI 3, and in QTI 2.1."""

import io
import zipfile
from collections.abc import Mapping

from tests.assembly.factories import ASI, IMSCP, PNG

QTI_2 = "http://www.imsglobal.org/xsd/imsqti_v2p1"
CP_2 = "http://www.imsglobal.org/xsd/imscp_v1p1"
LOM = "http://ltsc.ieee.org/xsd/LOM"
CASE = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscsmd_v1p1"
QMD = "http://www.imsglobal.org/xsd/imsqti_metadata_v3p0"
TITLE = "<lom:general><lom:title><lom:string>{}</lom:string></lom:title></lom:general>"
ABOUT = f"""<metadata><schema>QTI Package</schema><schemaversion>3.0.0</schemaversion>
  <lom:lom xmlns:lom="{LOM}">{TITLE.format("A package")}</lom:lom>
  <own:note xmlns:own="urn:own">kept by whoever knows it</own:note></metadata>"""
ABOUT_ITEM = f"""<metadata><lom:lom xmlns:lom="{LOM}">{TITLE.format("Rivers")}</lom:lom>
  <q:qtiMetadata xmlns:q="{QMD}"><q:interactionType>choiceInteraction</q:interactionType>
  </q:qtiMetadata>
  <c:curriculumStandardsMetadataSet xmlns:c="{CASE}"><c:curriculumStandardsMetadata>
  <c:setOfGUIDs><c:region>US</c:region><c:labelledGUID><c:GUID>7d3</c:GUID></c:labelledGUID>
  </c:setOfGUIDs></c:curriculumStandardsMetadata></c:curriculumStandardsMetadataSet>
  <i:irt xmlns:i="urn:invigil:assembly:1" a="1.25" b="-0.5" c="0.1"/>
  <own:difficulty xmlns:own="urn:own" level="3">about <own:b>three</own:b></own:difficulty>
</metadata>"""
ABOUT_TEXT = f"""<metadata><lom:lom xmlns:lom="{LOM}">{TITLE.format("A text")}</lom:lom>
</metadata>"""
CHOICES = "".join(
    f'<qti-simple-choice identifier="{name}">{name}</qti-simple-choice>' for name in "AB"
)


def item_3(identifier: str, *, head: str = "", body: str = "", processing: str = "") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- kept, too -->
<qti-assessment-item xmlns="{ASI}" xmlns:xi="http://www.w3.org/2001/XInclude"
  identifier="{identifier}" title="Item {identifier}" adaptive="false" time-dependent="false">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="identifier">
    <qti-correct-response><qti-value>A</qti-value></qti-correct-response>
  </qti-response-declaration>
  <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
  {head}<qti-item-body>{body}
    <qti-choice-interaction response-identifier="RESPONSE" max-choices="1">{CHOICES}
    </qti-choice-interaction></qti-item-body>{processing}
</qti-assessment-item>""".encode()


STIMULUS_REF = '<qti-assessment-stimulus-ref identifier="S" href="../texts/s.xml" title="Text"/>'
TEMPLATE = f"""<qti-response-processing xmlns="{ASI}"><qti-set-outcome-value identifier="SCORE">
  <qti-base-value base-type="float">1</qti-base-value></qti-set-outcome-value>
</qti-response-processing>"""
WHOLE = {
    "items/plain.xml": item_3("plain"),
    "items/with text.xml": item_3(
        "with-text",
        head=STIMULUS_REF,
        body='<p><img src="pictures/map.png" alt="A map"/></p>',
    ),
    "items/including.xml": item_3("including", body='<xi:include href="../parts/intro.xml"/>'),
    "items/processed.xml": item_3(
        "processed",
        processing='<qti-response-processing template="../parts/rule.xml"/>',
    ),
    "texts/s.xml": f"""<qti-assessment-stimulus xmlns="{ASI}" identifier="river" title="River">
  <qti-stimulus-body><p>Long. <img src="img/river.png" alt="A river"/></p></qti-stimulus-body>
</qti-assessment-stimulus>""".encode(),
    "texts/img/river.png": PNG + b"river",
    "items/pictures/map.png": PNG + b"map",
    "parts/intro.xml": (
        f'<div xmlns="{ASI}"><p>Both. <img src="img/intro.png" alt="Both"/></p></div>'.encode()
    ),
    "parts/img/intro.png": PNG + b"intro",
    "parts/rule.xml": TEMPLATE.encode(),
    "tests/sections/two.xml": f"""<qti-assessment-section xmlns="{ASI}" identifier="S2" title="Two"
  visible="true"><qti-rubric-block use="instructions" view="candidate"><qti-content-body>
  <p>Look: <img src="shown/bridge.png" alt="A bridge"/></p></qti-content-body></qti-rubric-block>
  <qti-assessment-item-ref identifier="included" href="../../items/including.xml"/>
</qti-assessment-section>""".encode(),
    "tests/sections/shown/bridge.png": PNG + b"bridge",
    "tests/t.xml": f"""<qti-assessment-test xmlns="{ASI}" identifier="whole" title="Whole">
  <qti-outcome-declaration identifier="TOTAL" cardinality="single" base-type="float"/>
  <qti-test-part identifier="P" navigation-mode="linear" submission-mode="individual">
    <qti-assessment-section identifier="S1" title="One" visible="true">
      <qti-assessment-item-ref identifier="first" href="../items/plain.xml" category="easy">
        <qti-weight identifier="W" value="2.5"/></qti-assessment-item-ref>
      <qti-assessment-item-ref identifier="second" href="../items/with%20text.xml">
        <qti-pre-condition><qti-gt><qti-variable identifier="first.SCORE"/>
          <qti-base-value base-type="float">0</qti-base-value></qti-gt></qti-pre-condition>
      </qti-assessment-item-ref>
      <qti-assessment-section-ref identifier="S2" href="sections/two.xml"/>
    </qti-assessment-section></qti-test-part>
  <qti-outcome-processing><qti-set-outcome-value identifier="TOTAL"><qti-sum>
    <qti-test-variables variable-identifier="SCORE" weight-identifier="W"/></qti-sum>
  </qti-set-outcome-value></qti-outcome-processing>
</qti-assessment-test>""".encode(),
    "metadata/apart.xml": f'<lom xmlns="{LOM}">{TITLE.format("Apart")}</lom>'.replace(
        "lom:", ""
    ).encode(),
}


ITEM, TEST = "imsqti_item_xmlv3p0", "imsqti_test_xmlv3p0"


def resource(identifier: str, name: str, kind: str, inside: str = "") -> str:
    href = name.replace(" ", "%20")
    return f'<resource identifier="{identifier}" type="{kind}" href="{href}">{inside}</resource>'


def qti_3(*, level: str = "3") -> bytes:
    about = ABOUT_ITEM.replace('level="3"', f'level="{level}"')
    needs = '<file href="tests/t.xml"/><dependency identifierref="apart"/>'
    resources = [
        resource("one", "items/plain.xml", ITEM, about),
        resource("two", "items/with text.xml", ITEM),
        resource("three", "items/including.xml", ITEM),
        resource("four", "items/processed.xml", ITEM),
        resource("text", "texts/s.xml", "imsqti_stimulus_xmlv3p0", ABOUT_TEXT),
        resource("t", "tests/t.xml", TEST, needs),
        resource("apart", "metadata/apart.xml", "resourcemetadata/xml"),
    ]
    return _zipped(IMSCP, ABOUT, resources, WHOLE)


def _zipped(space: str, about: str, resources: list[str], files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    listed = "".join(resources)
    with zipfile.ZipFile(target, "w") as written:
        written.writestr(
            "imsmanifest.xml",
            f'<manifest xmlns="{space}" identifier="M">{about}<organizations/>'
            f"<resources>{listed}</resources></manifest>",
        )
        for name, content in files.items():
            written.writestr(name, content)
    return target.getvalue()


ITEM_2 = f"""<assessmentItem xmlns="{QTI_2}" xmlns:m="http://www.w3.org/1998/Math/MathML"
  identifier="two" title="Two" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="R" cardinality="multiple" baseType="identifier">
    <correctResponse><value>A</value></correctResponse>
    <mapping defaultValue="0" upperBound="1"><mapEntry mapKey="A" mappedValue="1"/></mapping>
  </responseDeclaration>
  <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float">
    <defaultValue><value>0</value></defaultValue></outcomeDeclaration>
  <itemBody>
    <rubricBlock view="candidate"><p>Read.</p></rubricBlock>
    <p>What is <m:math><m:mi>x</m:mi></m:math>? <img src="map.png" alt="A map"/></p>
    <choiceInteraction responseIdentifier="R" shuffle="true" maxChoices="0">
      <simpleChoice identifier="A" fixed="true">a</simpleChoice>
      <simpleChoice identifier="B">b</simpleChoice></choiceInteraction>
  </itemBody>
  <responseProcessing
    template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/map_response"/>
  <modalFeedback outcomeIdentifier="SCORE" identifier="1" showHide="show">Well done</modalFeedback>
</assessmentItem>""".encode()
TEST_2 = f"""<assessmentTest xmlns="{QTI_2}" identifier="T2" title="Two">
  <testPart identifier="P" navigationMode="nonlinear" submissionMode="individual">
    <assessmentSection identifier="S" title="One" visible="true">
      <selection select="1"/><ordering shuffle="true"/>
      <assessmentItemRef identifier="Q" href="two.xml"/>
    </assessmentSection></testPart></assessmentTest>""".encode()


def qti_2() -> bytes:
    """With the metadata of its time, for which QTI 3's manifests have no place."""
    about = (
        f'<metadata><imsmd:lom xmlns:imsmd="http://www.imsglobal.org/xsd/imsmd_v1p2">'
        "<imsmd:general/></imsmd:lom>"
        f'<q:qtiMetadata xmlns:q="{QTI_2}"><q:timeDependent>false</q:timeDependent>'
        "</q:qtiMetadata></metadata>"
    )
    resources = [
        resource("i", "two.xml", "imsqti_item_xmlv2p1", about),
        resource("t", "t.xml", "imsqti_test_xmlv2p1"),
    ]
    files = {"two.xml": ITEM_2, "t.xml": TEST_2, "map.png": PNG}
    return _zipped(CP_2, "", resources, files)
