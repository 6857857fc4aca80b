"""The highest score that an item's declarations promise."""

import pytest

from tests.assembly.qti.engine import item

SCORE = '<qti-outcome-declaration identifier="SCORE" base-type="float" {}/>'
MAXSCORE = (
    '<qti-outcome-declaration identifier="MAXSCORE" base-type="float"><qti-default-value>'
    "<qti-value>5</qti-value></qti-default-value></qti-outcome-declaration>"
)
MAPPED = (
    '<qti-response-declaration identifier="RESPONSE" cardinality="{}" base-type="identifier">'
    '<qti-mapping {}><qti-map-entry map-key="A" mapped-value="2"/><qti-map-entry map-key="B"'
    ' mapped-value="1.5"/><qti-map-entry map-key="C" mapped-value="-1"/></qti-mapping>'
    "</qti-response-declaration>"
)
AREAS = (
    '<qti-response-declaration identifier="RESPONSE" cardinality="multiple" base-type="point">'
    '<qti-area-mapping><qti-area-map-entry shape="default" coords="" mapped-value="4"/>'
    "</qti-area-mapping></qti-response-declaration>"
)
PLAIN = '<qti-response-declaration identifier="RESPONSE" base-type="identifier"/>'
RULES = '<qti-response-processing template="x/{}"/>'


@pytest.mark.parametrize(
    ("inner", "maximum"),
    [
        (SCORE.format('normal-maximum="4"') + MAXSCORE, 4.0),
        (SCORE.format("") + MAXSCORE, 5.0),
        (PLAIN + SCORE.format("") + RULES.format("match_correct"), 1.0),
        (MAPPED.format("single", "") + SCORE.format("") + RULES.format("map_response"), 2.0),
        (MAPPED.format("multiple", "") + SCORE.format("") + RULES.format("map_response"), 3.5),
        (MAPPED.format("multiple", 'upper-bound="3"') + RULES.format("map_response"), 3.0),
        (AREAS + SCORE.format("") + RULES.format("map_response_point"), 4.0),
        (PLAIN + RULES.format("map_response"), None),
        (PLAIN + SCORE.format(""), None),
    ],
)
def test_the_maximum_is_found_where_it_is_told(inner: str, maximum: float | None) -> None:
    assert item(inner).max_score == maximum
