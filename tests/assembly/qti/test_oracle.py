"""The scoring oracle: our own few cases always, the shared ones where they are at hand."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assembly.management.commands import qti_score
from assembly.qti import oracle, values
from assembly.qti.values import Value
from tests import programs
from tests.assembly.qti.engine import FIXTURES, ORD, M, item_source, value
from tests.assembly.qti.test_buttons import INNER

# Where the specification is ambiguous and we read it otherwise than the oracle's engines: an exact
# map key wins over one in another case, so that "york" is worth what its author says.
OTHER_READINGS = {"mapkey-RESPONSE-york": "{'SCORE': '0.5'}"}


def shared() -> Path:
    """Skips where the material is absent; with CI=true that is a failure."""
    folder = os.environ.get("INVIGIL_QTI_DIR", "")
    if not folder:
        reason = "needs the shared QTI material: INVIGIL_QTI_DIR names no folder"
        pytest.fail(reason) if programs.required() else pytest.skip(reason)
    return Path(folder)


def run(case: Mapping[str, Any], corpus: oracle.Corpus) -> oracle.Failure | None:
    return oracle.run(case, corpus, qti_score.stream)


OWN = qti_score.lines(FIXTURES / "oracle.jsonl")


@pytest.mark.parametrize("case", OWN, ids=[case["id"] for case in OWN])
def test_our_own_case_passes(case: Mapping[str, Any]) -> None:
    assert run(case, oracle.Corpus(qti_score.reader(FIXTURES))) is None


def test_what_a_button_that_does_not_count_was_told_is_what_a_case_compares() -> None:
    source = item_source(INNER.format(counts="false"))
    case = {
        "id": "hint",
        "item": "hint.xml",
        "responses": {"RESPONSE": {"value": "York"}, "HINT": {"value": "true"}},
        "expected": {"TOLD": True, "SCORE": 0.0},
    }
    assert run(case, oracle.Corpus(lambda _: source)) is None


def test_a_wrong_expectation_is_told_with_both_values() -> None:
    wrong = {**OWN[0], "expected": {"SCORE": 1.0, "FEEDBACK": None, "MISSING": 1}}
    failure = run(wrong, oracle.Corpus(qti_score.reader(FIXTURES)))
    assert str(failure).splitlines() == [
        "own-1  clouds_v2p1.xml",
        "    expected {'SCORE': 1.0, 'MISSING': 1}",
        "    got      {'SCORE': '2.0', 'MISSING': 'nothing'}",
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"item": "nowhere.xml"}, "ReadingError (missing_file)"),
        ({"item": "../../conftest.py"}, "ReadingError (missing_file)"),
        ({"responses": {"OTHER": {"value": "A"}}}, "ResponseError (unknown_response)"),
        ({"responses": {"RESPONSE": {}}}, "engine failure: KeyError"),
    ],
)
def test_a_case_that_cannot_run_is_a_failure_with_its_reason(
    change: Mapping[str, Any], told: str
) -> None:
    failure = run({**OWN[0], **change}, oracle.Corpus(qti_score.reader(FIXTURES)))
    assert failure is not None
    assert failure.got.startswith(told)


@pytest.mark.parametrize(
    ("got", "wanted", "agrees"),
    [
        (None, None, True),
        (None, [], True),
        (None, "", True),
        (None, 0, False),
        (values.real(1.00004), 1, True),
        (values.real(1.001), 1, False),
        (values.integer(1), True, False),
        (values.boolean(True), True, True),
        (value(["B", "A"], "identifier", M), ["A", "B"], True),
        (value(["A", "A"], "identifier", M), ["A", "B"], False),
        (value(["B", "A"], "identifier", ORD), ["A", "B"], False),
        (value("B A", "pair"), "A B", True),
        (value("B A", "directedPair"), "A B", False),
        (value(["A"], "identifier", M), "A", False),
    ],
)
def test_outcomes_agree_as_the_format_says(got: Value | None, wanted: Any, agrees: bool) -> None:
    assert oracle.agrees(got, wanted) is agrees


@pytest.mark.parametrize("name", ["public", "public-sequences", "public-templates", "public-tests"])
def test_every_shared_case_passes(name: str) -> None:
    folder = shared()
    corpus = oracle.Corpus(qti_score.reader(folder / "corpus/public"))
    cases = qti_score.lines(folder / f"oracle/{name}.jsonl")
    failures = [str(failure) for case in cases if (failure := run(case, corpus)) is not None]
    assert failures == []
    assert cases


def test_every_lenient_case_passes_or_is_refused_with_a_reason() -> None:
    folder = shared()
    corpus = oracle.Corpus(qti_score.reader(folder / "corpus/public"))
    failures = [run(case, corpus) for case in qti_score.lines(folder / "oracle/lenient.jsonl")]
    told = [failure.got for failure in failures if failure is not None]
    assert [got for got in told if "Error (" not in got] == []


def test_ambiguous_cases_have_the_reading_that_is_written_down() -> None:
    folder = shared()
    corpus = oracle.Corpus(qti_score.reader(folder / "corpus/public"))
    cases = qti_score.lines(folder / "oracle/ambiguous.jsonl")
    failures = {case["case"]: failure.got for case in cases if (failure := run(case, corpus))}
    assert failures == OTHER_READINGS


def test_lines_are_json() -> None:
    text = (FIXTURES / "oracle.jsonl").read_text()
    assert len(OWN) == sum(1 for line in text.splitlines() if line and json.loads(line))
