from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from delivery.models import Candidate, Enrolment
from delivery.people import codes, enrolments, roster
from integrity import ledger
from tests import factories
from tests.factories import NOON

HEADER = "number,name,email,room,time_multiplier,fixed_minutes,unlimited\n"


def errors_of(text: str) -> list[tuple[int, str]]:
    report = roster.read(text.encode())
    return [(error.line, error.message) for error in report.errors]


def test_a_row_is_read_with_its_accommodation() -> None:
    source = HEADER + "C1,Ada Lovelace,ada@example.org,Hall 2,1.25,10,no\n"
    row = roster.read(source.encode()).rows[0]
    assert (row.number, row.name, row.room) == ("C1", "Ada Lovelace", "Hall 2")
    assert (row.time_multiplier, row.fixed_minutes, row.unlimited) == (Decimal("1.25"), 10, False)


@pytest.mark.parametrize(
    "text", ["\ufeffNumber;Name\nC1;Ada\n", "number\tname\r\nC1\tAda\r\n", "name,number\nAda,C1\n"]
)
def test_spreadsheets_own_ways_are_understood(text: str) -> None:
    report = roster.read(text.encode())
    assert report.errors == ()
    assert [(row.number, row.name) for row in report.rows] == [("C1", "Ada")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("number\nC1\n", (0, "The first line must name the columns; missing: name.")),
        ("number,name,age\nC1,Ada,9\n", (0, "These columns are not known: age.")),
        ("number,name\n,Ada\n", (2, "A candidate needs a number and a name.")),
        ("number,name\nC1,Ada,x\n", (2, "The line has more cells than the header.")),
        ("number,name,email\nC1,Ada,nowhere\n", (2, "“nowhere” is not an e-mail address.")),
        (
            HEADER + "C1,Ada,,,0.5,,\n",
            (2, "The time multiplier must be 1 or more, such as 1.25 for 25 %."),
        ),
        (HEADER + "C1,Ada,,,,ten,\n", (2, "The extra minutes “ten” are not a whole number.")),
        (HEADER + "C1,Ada,,,,,maybe\n", (2, "“maybe” is neither yes nor no.")),
    ],
)
def test_each_error_names_its_line(text: str, expected: tuple[int, str]) -> None:
    assert errors_of(text) == [expected]


def test_a_number_twice_is_an_error_on_both_lines() -> None:
    assert [line for line, _ in errors_of("number,name\nC1,Ada\nC1,Bob\n")] == [2, 3]


def test_what_is_not_text_gets_one_clear_error() -> None:
    report = roster.read(b"\xff\xfe\x00n")
    assert [error.line for error in report.errors] == [0]


@example(b'"')
@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(source: bytes) -> None:
    assert not roster.read(source).written


@pytest.mark.django_db
def test_a_dry_run_tells_and_writes_nothing() -> None:
    one = factories.sitting()
    report = roster.import_roster(one, b"number,name\nC1,Ada\n", by="user:1", at=NOON, dry_run=True)
    assert [(row.number, row.outcome) for row in report.rows] == [("C1", "new")]
    assert (report.written, Candidate.objects.count(), report.codes) == (False, 0, ())


@pytest.mark.django_db
def test_one_bad_row_writes_nobody() -> None:
    one = factories.sitting()
    report = roster.import_roster(
        one, b"number,name\nC1,Ada\nC2,\n", by="user:1", at=NOON, dry_run=False
    )
    assert not report.written
    assert not Candidate.objects.exists()


@pytest.mark.django_db
def test_a_roster_enrols_new_and_known_candidates_and_updates_the_enrolled() -> None:
    one = factories.sitting()
    known = factories.candidate("Grace Hopper")
    enrolled = factories.candidate("Joan Clarke")
    enrolments.enrol(one, enrolled, by="user:1", at=NOON)
    text = f"number,name,room\nNEW1,Ada,H1\n{known.number},Grace,H1\n{enrolled.number},Joan,H2\n"
    report = roster.import_roster(one, text.encode(), by="user:1", at=NOON, dry_run=False)
    assert [row.outcome for row in report.rows] == ["new", "enrolled", "updated"]
    assert Enrolment.objects.filter(sitting=one).count() == 3
    assert Enrolment.objects.get(candidate=enrolled).room == "H2"
    [(number, name, code)] = report.codes
    assert (number, name) == ("NEW1", "Ada")
    assert codes.candidate_for_code(code) == Candidate.objects.get(number="NEW1")
    told = [entry.kind for entry in ledger.read(f"sitting:{one.pk}")]
    assert told[-1] == "roster.imported"
