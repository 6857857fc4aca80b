"""The standard templates, by every address under which they are known."""

import pytest

from assembly.qti import item_session, response_templates, values
from assembly.qti.values import Raw
from tests.assembly.qti.engine import STREAM, item

ITEM = (
    '<qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="{kind}">'
    "<qti-correct-response><qti-value>{right}</qti-value></qti-correct-response>{mapping}"
    "</qti-response-declaration>"
    '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
    '<qti-outcome-declaration identifier="FEEDBACK" cardinality="single" base-type="identifier"/>'
    '<qti-outcome-declaration identifier="FEEDBACKBASIC" cardinality="single"'
    ' base-type="identifier"/>'
    '<qti-outcome-declaration identifier="MAXSCORE" cardinality="single" base-type="float">'
    "<qti-default-value><qti-value>3</qti-value></qti-default-value></qti-outcome-declaration>"
    '<qti-response-processing template="https://example.org/rptemplates/{template}"/>'
)
MAP = '<qti-mapping><qti-map-entry map-key="A" mapped-value="3"/></qti-mapping>'
AREAS = (
    '<qti-area-mapping><qti-area-map-entry shape="rect" coords="0,0,9,9" mapped-value="2"/>'
    "</qti-area-mapping>"
)


@pytest.mark.parametrize(
    ("template", "kind", "mapping", "response", "expected"),
    [
        ("match_correct", "identifier", "", "A", ("1.0", None, None)),
        ("match_correct.xml", "identifier", "", "B", ("0.0", None, None)),
        ("match_correct", "identifier", "", None, ("0.0", None, None)),
        ("map_response", "identifier", MAP, "A", ("3.0", None, None)),
        ("map_response.xml", "identifier", MAP, None, ("0.0", None, None)),
        ("map_response_point", "point", AREAS, "5 5", ("2.0", None, None)),
        ("map_response_point", "point", AREAS, None, ("0.0", None, None)),
        ("CC2_match", "identifier", "", "A", ("1.0", None, None)),
        ("CC2_match_basic.xml", "identifier", "", "A", ("3.0", None, "correct")),
        ("CC2_match_basic", "identifier", "", "B", ("0.0", None, "incorrect")),
        ("CC2_map_response", "identifier", MAP, "A", ("3.0", "correct", None)),
        ("CC2_map_response.xml", "identifier", MAP, "B", ("0.0", "incorrect", None)),
        ("qti_v2p1/rptemplates/CC2_match.xml", "identifier", "", "A", ("3.0", "A", None)),
        ("qti_v2p2/rptemplates/CC2_match", "identifier", "", "B", ("0.0", "B", None)),
        ("qti_v2p1/rptemplates/CC2_match_basic", "identifier", "", "A", ("3.0", None, "correct")),
    ],
)
def test_a_template_scores(
    template: str, kind: str, mapping: str, response: Raw, expected: tuple[Raw, Raw, Raw]
) -> None:
    right = "1 1" if kind == "point" else "A"
    read = item(ITEM.format(kind=kind, right=right, mapping=mapping, template=template))
    begun = item_session.begin(read, STREAM)
    session = item_session.attempt(read, begun, {"RESPONSE": response}, duration_seconds=0.0)
    names = ("SCORE", "FEEDBACK", "FEEDBACKBASIC")
    assert tuple(values.raw(session.outcomes[name]) for name in names) == expected


@pytest.mark.parametrize(
    "address",
    [
        "http://www.imsglobal.org/question/qti_v2p0/rptemplates/match_correct",
        "http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct.xml",
        "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml",
        "https://www.imsglobal.org/question/qti_v3p0/rptemplates/match_correct/",
    ],
)
def test_a_template_is_known_by_the_end_of_its_address(address: str) -> None:
    assert response_templates.find(address) == response_templates.TEMPLATES["match_correct"]


def test_another_template_is_not_known() -> None:
    assert response_templates.find("https://example.org/my_own.xml") is None
