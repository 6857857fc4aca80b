import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.packages import checking
from assembly.qti import package, reading
from assembly.qti.errors import ReadingError
from assembly.qti.item import AssessmentItem
from tests.assembly.factories import PNG, choice_xml, exam_xml, zipped

ITEMS = {"items/Q1.xml": choice_xml("Q1", alt="A map"), "items/Q2.xml": choice_xml("Q2")}
WHOLE = zipped(ITEMS, {"t.xml": exam_xml(["Q1", "Q2"])}, {"images/a.png": PNG})


def outcomes(content: bytes) -> list[tuple[str, str, str]]:
    with package.open_package(content, "upload.zip") as opened:
        report = checking.check(opened).report()
    return [
        (row.identifier, row.outcome.value, row.reason) for row in (*report.items, *report.tests)
    ]


def test_a_whole_package_is_kept() -> None:
    assert outcomes(WHOLE) == [("Q1", "kept", ""), ("Q2", "kept", ""), ("T1", "kept", "")]


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_package_is_refused_or_reported_and_never_a_crash(data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ReadingError):
        assert {row[2] for row in outcomes(bytes(content))} & {"engine_failure"} == set()


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_item_is_refused_with_a_reason_of_its_own(data: st.DataObject) -> None:
    source = choice_xml("Q1").decode()
    start = data.draw(st.integers(0, len(source) - 1))
    end = data.draw(st.integers(start, min(len(source), start + 60)))
    broken = source[:start] + data.draw(st.text(max_size=5)) + source[end:]
    found = outcomes(zipped({"items/Q1.xml": broken.encode("utf-8", "replace")}))
    assert "engine_failure" not in {reason for _identifier, _outcome, reason in found}
    assert all(reason for _identifier, outcome, reason in found if outcome == "refused")


def test_a_fault_of_the_engine_is_reported_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = reading.read_item

    def fail(source: bytes, **_options: object) -> AssessmentItem:
        if source == ITEMS["items/Q1.xml"]:
            raise ZeroDivisionError
        return real(source)

    monkeypatch.setattr(reading, "read_item", fail)
    assert outcomes(WHOLE) == [
        ("Q2", "kept", ""),
        ("items/Q1.xml", "refused", "engine_failure"),
        ("t.xml", "refused", "refused_item"),
    ]
