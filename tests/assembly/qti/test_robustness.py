"""Documents and answers gone wrong: each is read, scored or refused, and nothing else happens."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.qti import assessment, item_session, reading
from assembly.qti.errors import QtiError, ResponseError
from assembly.qti.item import AssessmentItem
from tests import programs
from tests.assembly.qti.engine import FIXTURES, STREAM, fixture

SOURCES = {path.name: path.read_bytes() for path in sorted(FIXTURES.glob("*.xml"))}
TOKENS = [
    "",
    "-1",
    "NaN",
    "INF",
    "1e999",
    "9" * 400,
    "record",
    "ordered",
    "point",
    "{X}",
    " ",
    "\xff",
]
ATTRIBUTE = re.compile(rb'="[^"]*"')
ELEMENT = re.compile(rb"<([\w-]+)[^<>]*>[^<]*</\1>|<[\w-]+[^<>]*/>")
ITEMS = [fixture(name) for name in ("clouds_v2p1.xml", "river_adaptive.xml", "sum_template.xml")]
RAWS = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.sampled_from(["A", "true", "MEANDER", "12", "1.5", "A B", "9" * 300, "INF"]),
    st.lists(st.text(max_size=9), max_size=3),
)


@st.composite
def broken(draw: st.DrawFn) -> tuple[str, bytes]:
    """One of our documents with some attributes, elements or bytes changed."""
    name = draw(st.sampled_from(sorted(SOURCES)))
    source = SOURCES[name]
    for _ in range(draw(st.integers(1, 4))):
        pattern = draw(st.sampled_from([ATTRIBUTE, ELEMENT]))
        places = [found.span() for found in pattern.finditer(source)] or [(0, 0)]
        start, end = draw(st.sampled_from(places))
        if pattern is ATTRIBUTE:
            new = f'="{draw(st.sampled_from(TOKENS))}"'.encode()
        else:
            other, last = draw(st.sampled_from(places))
            new = source[other:last] if draw(st.booleans()) else b""
        source = source[:start] + new + source[end:]
    return name, source


@settings(max_examples=150)
@given(broken())
def test_a_broken_document_is_read_or_refused(document: tuple[str, bytes]) -> None:
    name, source = document
    try:
        if name.endswith("_test.xml"):
            assessment.score_test(reading.read_test(source), [])
        else:
            read = reading.read_item(source)
            session = item_session.begin(read, STREAM)
            scored = item_session.attempt(read, session, {}, duration_seconds=0.0)
            json.dumps(item_session.to_json(scored))
    except QtiError as error:
        refusal = error.reason
    else:
        refusal = "none"
    assert refusal


@given(st.sampled_from(ITEMS), st.data())
def test_any_answer_is_scored_or_refused(of: AssessmentItem, data: st.DataObject) -> None:
    raw = {name: data.draw(RAWS) for name in of.responses}
    begun = item_session.begin(of, STREAM)
    try:
        scored = item_session.attempt(of, begun, raw, duration_seconds=1.0)
        item_session.problems(of, begun, raw)
        item_session.is_answered(of, raw)
    except ResponseError as error:
        assert error.reason in {"wrong_type", "wrong_cardinality"}  # noqa: PT017 - either may be
    else:
        kept = json.loads(json.dumps(item_session.to_json(scored)))
        assert item_session.from_json(of, kept) == scored


def test_every_item_of_the_shared_material_survives_strange_answers() -> None:
    folder = os.environ.get("INVIGIL_QTI_DIR", "")
    if not folder:
        reason = "needs the shared QTI material: INVIGIL_QTI_DIR names no folder"
        pytest.fail(reason) if programs.required() else pytest.skip(reason)
    crashed: list[str] = []
    tried = 0
    for path in sorted(Path(folder, "corpus/public").rglob("*.xml")):
        try:
            read = reading.read_item(path.read_bytes())
        except QtiError:
            continue
        tried += 1
        for strange in ("A", "1 1", ["A B", "0.5"], None, ["9" * 300]):
            try:
                raw = dict.fromkeys(read.responses, strange)
                begun = item_session.begin(read, STREAM)
                item_session.problems(read, begun, raw)
                item_session.attempt(read, begun, raw, duration_seconds=0.0)
            except ResponseError:
                continue
            except Exception as error:
                crashed.append(f"{path.name}: {error!r}")
    assert crashed == []
    assert tried > 500
