"""Older names become QTI 3's, and nothing else changes."""

import pytest

from assembly.qti import reading, upgrade, xml
from assembly.qti.interactions_text import TextEntry

SOURCE = b"""<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p%d"
  xmlns:m="http://www.w3.org/1998/Math/MathML" timeDependent="false" identifier="i">
 <responseDeclaration identifier="R" baseType="string">
  <mapping><mapEntry mapKey="a" mappedValue="1"/></mapping>
 </responseDeclaration>
 <itemBody><p class="x" data-fooBar="1">t<m:math altText="x"/></p>
  <feedbackBlock outcomeIdentifier="F" identifier="f">see <b>that</b> there</feedbackBlock>
  <endAttemptInteraction responseIdentifier="R" title="x" countAttempt="false"/></itemBody>
 <responseProcessing><durationGTE/><isNull/><anyN/></responseProcessing>
</assessmentItem>"""


def upgraded(version: int) -> str:
    root = upgrade.upgrade(xml.parse_xml(SOURCE % version))
    return " ".join(xml.name(element) for element in root.iter("*"))


def test_names_are_those_of_qti_3() -> None:
    assert upgraded(2) == (
        "qti-assessment-item qti-response-declaration qti-mapping qti-map-entry qti-item-body p"
        " math qti-feedback-block qti-content-body b qti-end-attempt-interaction"
        " qti-response-processing qti-duration-gte qti-is-null qti-any-n"
    )


@pytest.mark.parametrize("namespace", ["imsqti_v2p0", "imsqtiasi_v3p0"])
def test_the_completion_status_of_qti_2_0_is_the_built_in_variable(namespace: str) -> None:
    rule = '<qti-set-outcome-value identifier="completion_status"/>'
    source = f"""<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/{namespace}"
      adaptive="true">{rule}</qti-assessment-item>"""
    (element,) = upgrade.upgrade(xml.parse_xml(source.encode()))
    assert element.get("identifier") == "completionStatus"


def test_attributes_of_qti_elements_only_are_renamed() -> None:
    root = upgrade.upgrade(xml.parse_xml(SOURCE % 2))
    by_name = {xml.name(element): dict(element.attrib) for element in root.iter("*")}
    assert by_name["qti-assessment-item"] == {"time-dependent": "false", "identifier": "i"}
    assert by_name["p"] == {"class": "x", "data-fooBar": "1"}
    assert by_name["math"] == {"altText": "x"}
    assert by_name["qti-feedback-block"]["outcome-identifier"] == "F"
    assert by_name["qti-end-attempt-interaction"]["count-attempt"] == "false"


def test_content_is_wrapped_whole() -> None:
    root = upgrade.upgrade(xml.parse_xml(SOURCE % 2))
    block = next(element for element in root.iter("*") if xml.name(element) == "qti-feedback-block")
    assert xml.text(block) == "see that there"


@pytest.mark.parametrize(("version", "sensitive"), [(0, "true"), (1, "true"), (2, None)])
def test_map_entries_keep_the_case_rule_of_their_version(
    version: int, sensitive: str | None
) -> None:
    root = upgrade.upgrade(xml.parse_xml(SOURCE % version))
    entry = next(element for element in root.iter("*") if xml.name(element) == "qti-map-entry")
    assert entry.get("case-sensitive") == sensitive


def test_the_old_name_of_the_completion_status_is_understood() -> None:
    rule = b"<variable identifier='completion_status'/>"
    source = b"<assessmentItem adaptive='true'>" + rule + b"</assessmentItem>"
    root = upgrade.upgrade(xml.parse_xml(source))
    assert root[0].get("identifier") == "completionStatus"


def test_a_qti_3_document_is_left_alone() -> None:
    root = xml.parse_xml(b"<qti-assessment-item timeDependent='x'><p/></qti-assessment-item>")
    assert upgrade.upgrade(root) is root
    assert root.get("timeDependent") == "x"


SPACED = b"""<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
  identifier=" i&#10;" title=" A title " adaptive=" false " time-dependent="false">
 <qti-response-declaration identifier=" R " cardinality=" single " base-type=" string ">
  <qti-mapping default-value=" 0 "><qti-map-entry map-key=" a " mapped-value=" 1 "/></qti-mapping>
 </qti-response-declaration><qti-item-body><p class=" x ">t</p>
 <qti-text-entry-interaction response-identifier=" R " pattern-mask=" ?[a-z]+ "/></qti-item-body>
</qti-assessment-item>"""


def test_space_around_names_and_numbers_means_nothing_but_in_texts_and_patterns() -> None:
    found = reading.read_item(SPACED)
    assert (found.identifier, found.title, list(found.responses)) == ("i", " A title ", ["R"])
    (interaction,) = found.interactions
    assert isinstance(interaction, TextEntry)
    assert (interaction.response_identifier, interaction.pattern_mask) == ("R", " ?[a-z]+ ")
    mapping = found.responses["R"].mapping
    assert mapping is not None
    assert [entry.key for entry in mapping.entries] == [" a "]
