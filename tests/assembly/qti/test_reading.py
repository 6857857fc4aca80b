"""Items and stimuli read from their XML."""

import pytest

from assembly.qti import reading, values
from assembly.qti.errors import QtiError, ReadingError, UnsupportedError
from assembly.qti.item import StimulusRef
from assembly.qti.values import BaseType, Cardinality
from tests.assembly.qti.engine import fixture, item, item_source, value

RECORD = """
<qti-outcome-declaration identifier="REC" cardinality="record">
  <qti-default-value>
    <qti-value field-identifier="n" base-type="integer">3</qti-value>
    <qti-value field-identifier="who" base-type="string">Ada</qti-value>
  </qti-default-value>
</qti-outcome-declaration>
"""


def test_an_item_has_its_attributes_and_declarations() -> None:
    clouds = fixture("river_adaptive.xml")
    assert (clouds.identifier, clouds.title, clouds.language) == (
        "river-adaptive",
        "A river with a hint",
        "en",
    )
    assert (clouds.adaptive, clouds.time_dependent) == (True, False)
    assert list(clouds.responses) == ["RESPONSE", "HINT"]
    assert clouds.responses["RESPONSE"].correct == value("MEANDER", "identifier")
    assert [one.name for one in clouds.interactions] == [
        "choice_interaction",
        "end_attempt_interaction",
    ]
    assert clouds.losses == ()


def test_an_older_item_reads_as_if_it_were_a_new_one() -> None:
    clouds = fixture("clouds_v2p1.xml")
    mapping = clouds.responses["RESPONSE"].mapping
    assert mapping is not None
    assert [entry.case_sensitive for entry in mapping.entries] == [True, True, False]
    assert (mapping.default, mapping.bounds.lower) == (-1.0, 0.0)
    assert clouds.time_dependent
    assert clouds.max_score == 2.0
    (feedback,) = clouds.modal_feedback
    assert (feedback.identifier, feedback.show, feedback.title) == ("good", False, "Well")
    (entry,) = clouds.interactions
    assert entry.name == "text_entry_interaction"


def test_a_record_default_keeps_its_fields() -> None:
    declared = item(RECORD).outcomes["REC"]
    assert declared.cardinality is Cardinality.RECORD
    assert values.raw(declared.default) == ["n integer 3", "who string Ada"]


def test_stimulus_refs_and_stylesheets_are_named() -> None:
    read = item(
        '<qti-assessment-stimulus-ref identifier="s" href="s.xml" title="Read"/>'
        '<qti-stylesheet href="style/item.css" type="text/css"/>'
    )
    assert read.stimulus_refs == (StimulusRef("s", "s.xml", "Read"),)
    assert read.stylesheets == ("style/item.css",)


def test_a_context_declaration_has_its_default() -> None:
    read = item(
        '<qti-context-declaration identifier="QTI_CONTEXT_LEVEL" cardinality="single"'
        ' base-type="integer"><qti-default-value><qti-value>2</qti-value></qti-default-value>'
        "</qti-context-declaration>"
    )
    assert read.contexts["QTI_CONTEXT_LEVEL"].default == values.integer(2)


def test_a_stimulus_has_a_body() -> None:
    source = (
        b'<qti-assessment-stimulus xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0"'
        b' identifier="s" title="Tides" xml:lang="en"><qti-stimulus-body><p>High.</p>'
        b"</qti-stimulus-body></qti-assessment-stimulus>"
    )
    read = reading.read_stimulus(source)
    assert (read.identifier, read.title, read.language, len(read.body)) == ("s", "Tides", "en", 1)


DECLARED = '<qti-response-declaration identifier="R" cardinality="single" base-type="{}">{}'
CLOSED = "</qti-response-declaration>"
CORRECT_X = "<qti-correct-response><qti-value>x</qti-value></qti-correct-response>"
WRONG_CIRCLE = (
    '<qti-area-mapping><qti-area-map-entry shape="circle" coords="1" mapped-value="1"/>'
    "</qti-area-mapping>"
)
RULES = "<qti-response-processing>{}</qti-response-processing>"


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (DECLARED.format("number", "") + CLOSED, "wrong_base_type"),
        (DECLARED.format("integer", CORRECT_X) + CLOSED, "wrong_value"),
        (DECLARED.format("integer", "") + CLOSED + DECLARED.format("float", "") + CLOSED,
         "duplicate_identifier"),
        ('<qti-outcome-declaration cardinality="single" base-type="float"/>', "missing_attribute"),
        ('<qti-outcome-declaration identifier="S" cardinality="some" base-type="float"/>',
         "wrong_value"),
        ('<qti-outcome-declaration identifier="S" cardinality="single"/>', "missing_attribute"),
        ('<qti-outcome-declaration identifier="S" base-type="float" normal-maximum="many"/>',
         "wrong_number"),
        (DECLARED.format("identifier", '<qti-mapping><qti-map-entry map-key="A"/></qti-mapping>')
         + CLOSED, "missing_attribute"),
        (DECLARED.format("point", WRONG_CIRCLE) + CLOSED, "wrong_area"),
        (RULES.format("<qti-set-outcome-value identifier='S'/>"), "wrong_structure"),
        (RULES.format("<qti-response-condition><qti-response-if/></qti-response-condition>"),
         "wrong_structure"),
    ],
)  # fmt: skip
def test_a_wrong_item_is_refused_with_reason_and_line(inner: str, reason: str) -> None:
    with pytest.raises(ReadingError) as refusal:
        item(inner)
    assert refusal.value.reason == reason
    assert refusal.value.line == 1
    assert str(refusal.value).startswith("Line 1: ")


def test_another_document_is_not_an_item() -> None:
    with pytest.raises(ReadingError) as refusal:
        reading.read_item(b"<html/>")
    assert refusal.value.reason == "wrong_root"


def test_what_is_not_known_is_read_over_and_named() -> None:
    read = item(
        '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
        "<qti-response-processing><qti-do-magic/><qti-set-outcome-value identifier='SCORE'>"
        "<qti-perhaps/></qti-set-outcome-value></qti-response-processing>"
    )
    assert [loss.reason for loss in read.losses] == ["unknown_rule", "unknown_expression"]
    assert len(read.response_processing) == 1


XI = "xmlns:xi='http://www.w3.org/2001/XInclude'"


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("<qti-response-processing template='http://example.org/own.xml'/>", "unknown_template"),
        (RULES.format(f"<xi:include {XI} href='rules.xml'/>"), "include"),
    ],
)
def test_what_stands_in_another_file_needs_somebody_to_fetch_it(inner: str, reason: str) -> None:
    with pytest.raises(UnsupportedError) as refusal:
        item(inner)
    assert refusal.value.reason == reason


FRAGMENT = b"""<qti-response-processing-fragment xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0">
  <qti-exit-response/></qti-response-processing-fragment>"""
TEMPLATE = FRAGMENT.replace(b"-fragment", b"")
LOOP = b"""<qti-response-processing-fragment xmlns:xi="http://www.w3.org/2001/XInclude">
  <xi:include href="loop.xml"/></qti-response-processing-fragment>"""
FILES = {"rules.xml": FRAGMENT, "http://example.org/own.xml": TEMPLATE, "loop.xml": LOOP}


def include(href: str) -> str:
    return RULES.format(f"<xi:include {XI} href='{href}'/>")


@pytest.mark.parametrize(
    "inner",
    [
        include("rules.xml"),
        "<qti-response-processing template='http://example.org/own.xml'/>",
        "<qti-response-processing template='http://x' template-location='rules.xml'/>",
    ],
)
def test_rules_of_another_file_are_fetched(inner: str) -> None:
    read = reading.read_item(item_source(inner), resolve=FILES.__getitem__)
    assert len(read.response_processing) == 1


def test_files_that_include_each_other_end_in_a_refusal() -> None:
    with pytest.raises(QtiError) as refusal:
        reading.read_item(item_source(include("loop.xml")), resolve=FILES.__getitem__)
    assert refusal.value.reason == "include"


def test_an_item_can_be_read_without_its_body() -> None:
    inner = "<qti-item-body><qti-strange-interaction response-identifier='R'/></qti-item-body>"
    with pytest.raises(UnsupportedError):
        item(inner)
    assert reading.read_item(item_source(inner), with_body=False).body == ()


def test_an_integer_may_be_written_with_a_point_as_long_as_it_is_whole() -> None:
    declared = (
        '<qti-outcome-declaration identifier="N" cardinality="single" base-type="integer">'
        "<qti-default-value><qti-value>{}</qti-value></qti-default-value></qti-outcome-declaration>"
    )
    assert item(declared.format("-3.00")).outcomes["N"].default == value("-3", "integer")
    with pytest.raises(ReadingError, match="whole number"):
        item(declared.format("3.5"))


def test_every_base_type_is_read() -> None:
    for base_type in BaseType:
        shape = f'identifier="O" cardinality="multiple" base-type="{base_type}"'
        assert item(f"<qti-outcome-declaration {shape}/>").outcomes["O"].base_type is base_type


def test_an_item_whose_content_includes_what_is_not_there_can_be_scored_without_its_body() -> None:
    inner = (
        f"<qti-item-body><xi:include {XI} href='nowhere.xml'/></qti-item-body><qti-modal-feedback/>"
    )
    with pytest.raises(ReadingError):
        reading.read_item(item_source(inner), resolve=_missing)
    assert reading.read_item(item_source(inner), resolve=_missing, with_body=False).body == ()


def _missing(href: str) -> bytes:
    raise ReadingError(f"There is no {href}.", reason="missing_file")
