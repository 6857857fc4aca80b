"""Reads a roster of candidates from CSV and enrols them: dry run first, errors row by row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from delivery.facts import journal
from delivery.models import Candidate, Enrolment, Sitting
from delivery.people import codes, enrolments

LARGEST_BYTES: Final = 5_000_000
MOST_ROWS: Final = 50_000
REQUIRED: Final = ("number", "name")
COLUMNS: Final = (*REQUIRED, "email", "room", "time_multiplier", "fixed_minutes", "unlimited")
YES: Final = frozenset({"1", "yes", "true", "y", "x"})
NO: Final = frozenset({"", "0", "no", "false", "n"})

Progress = Callable[[int, int], None]


def _(sentence: str) -> str:
    """Mark a sentence for translation; it is translated where it is shown."""
    return sentence


@dataclass(frozen=True, slots=True)
class RosterError:
    """What is wrong with one line (1 is the header; 0 is the whole file)."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One candidate as the file says it; None keeps what is known."""

    line: int
    number: str
    name: str
    email: str | None = None
    room: str | None = None
    time_multiplier: Decimal | None = None
    fixed_minutes: int | None = None
    unlimited: bool | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class RosterReport:
    """What the file would do, or did: `outcome` of a row is "new", "enrolled" or "updated"."""

    rows: tuple[RosterRow, ...]
    errors: tuple[RosterError, ...]
    written: bool
    codes: tuple[tuple[str, str, str], ...] = ()  # (number, name, access code), shown once

    def count(self, outcome: str) -> int:
        return sum(row.outcome == outcome for row in self.rows)


class _RowError(ValueError):
    """A cell that cannot be meant; the message is a sentence."""


def read(source: bytes) -> RosterReport:
    """Read a CSV in UTF-8 (a byte order mark and semicolons are welcome); nothing is written."""
    try:
        text = _decoded(source)
        lines = _lines(text)
    except _RowError as error:
        return RosterReport((), (RosterError(0, str(error)),), written=False)
    rows, errors = list[RosterRow](), list[RosterError]()
    for number, cells in lines:
        try:
            rows.append(_row(number, cells))
        except _RowError as error:
            errors.append(RosterError(number, str(error)))
    errors += _repeated(rows)
    return RosterReport(tuple(rows), tuple(sorted(errors, key=lambda e: e.line)), written=False)


def _decoded(source: bytes) -> str:
    if len(source) > LARGEST_BYTES:
        raise _RowError(_("The file is larger than 5 MB. Split it and import the parts."))
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = _("The file is not UTF-8 text. Save it as “CSV UTF-8” and try again.")
        raise _RowError(message) from error


def _lines(text: str) -> list[tuple[int, dict[str, str]]]:
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = _names(reader)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise _RowError(
            _("The first line must name the columns; missing: %s.") % ", ".join(missing)
        )
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        raise _RowError(_("These columns are not known: %s.") % ", ".join(unknown))
    reader.fieldnames = names
    try:
        found = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise _RowError(_("Line %d is not CSV.") % reader.line_num) from error
    if len(found) > MOST_ROWS:
        raise _RowError(_("The file has more than 50,000 lines. Split it and import the parts."))
    return [(line, _stripped(row)) for line, row in found]


def _names(reader: csv.DictReader[str]) -> list[str]:
    """The first line is read here, and may already be no CSV."""
    try:
        return [(name or "").strip().lower() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise _RowError(_("Line %d is not CSV.") % 1) from error


def _stripped(row: dict[str, str]) -> dict[str, str]:
    if None in row:
        return {"": "extra"}
    return {name: (value or "").strip() for name, value in row.items()}


def _row(line: int, cells: dict[str, str]) -> RosterRow:
    if "" in cells:
        raise _RowError(_("The line has more cells than the header."))
    number, name = cells["number"], cells["name"]
    if not number or not name:
        raise _RowError(_("A candidate needs a number and a name."))
    if len(number) > 64 or len(name) > 200:
        raise _RowError(_("The number (64) or the name (200 characters) is too long."))
    return RosterRow(
        line=line,
        number=number,
        name=name,
        email=_email(cells.get("email")),
        room=cells.get("room"),
        time_multiplier=_multiplier(cells.get("time_multiplier")),
        fixed_minutes=_minutes(cells.get("fixed_minutes")),
        unlimited=_yes_no(cells.get("unlimited")),
    )


def _email(cell: str | None) -> str | None:
    if cell:
        try:
            validate_email(cell)
        except ValidationError as error:
            raise _RowError(_("“%s” is not an e-mail address.") % cell) from error
    return cell


def _multiplier(cell: str | None) -> Decimal | None:
    if not cell:
        return None
    try:
        value = Decimal(cell.replace(",", "."))
    except InvalidOperation as error:
        raise _RowError(_("The time multiplier “%s” is not a number.") % cell) from error
    if not 1 <= value < 100:
        raise _RowError(_("The time multiplier must be 1 or more, such as 1.25 for 25 %."))
    return value.quantize(Decimal("0.01"))


def _minutes(cell: str | None) -> int | None:
    if not cell:
        return None
    if not cell.isdecimal() or int(cell) > 10_000:
        raise _RowError(_("The extra minutes “%s” are not a whole number.") % cell)
    return int(cell)


def _yes_no(cell: str | None) -> bool | None:
    if cell is None:
        return None
    if cell.lower() in YES:
        return True
    if cell.lower() in NO:
        return False
    raise _RowError(_("“%s” is neither yes nor no.") % cell)


def _repeated(rows: Iterable[RosterRow]) -> list[RosterError]:
    times = Counter(row.number for row in rows)
    return [
        RosterError(row.line, _("The number %s stands in the file twice.") % row.number)
        for row in rows
        if times[row.number] > 1
    ]


def import_roster(
    sitting: Sitting,
    source: bytes,
    *,
    by: str,
    at: datetime,
    dry_run: bool,
    progress: Progress | None = None,
) -> RosterReport:
    """Enrol the candidates of a file, all or none; with any error, or as a dry run, nobody.

    New candidates get an access code each, which the report alone carries.
    """
    report = read(source)
    known = {row.number: row for row in Candidate.objects.filter(number__in=_numbers(report))}
    enrolled = set(
        Enrolment.objects.filter(sitting=sitting, candidate__in=known.values()).values_list(
            "candidate__number", flat=True
        )
    )
    rows = tuple(replace(row, outcome=_outcome(row, known, enrolled)) for row in report.rows)
    if dry_run or report.errors:
        return replace(report, rows=rows)
    codes = []
    with transaction.atomic():
        for done, row in enumerate(rows, start=1):
            code = _write(sitting, row, known.get(row.number), by=by, at=at)
            codes += [(row.number, row.name, code)] if code else []
            if progress is not None:
                progress(done, len(rows))
        journal.note(sitting, "roster.imported", {"rows": len(rows)}, by=by, at=at)
    return replace(report, rows=rows, written=True, codes=tuple(codes))


def _numbers(report: RosterReport) -> list[str]:
    return [row.number for row in report.rows]


def _outcome(row: RosterRow, known: dict[str, Candidate], enrolled: set[str]) -> str:
    if row.number not in known:
        return "new"
    return "updated" if row.number in enrolled else "enrolled"


def _write(
    sitting: Sitting, row: RosterRow, candidate: Candidate | None, *, by: str, at: datetime
) -> str:
    fresh = candidate is None
    person = candidate or enrolments.new_candidate(row.number, row.name)
    person.name = row.name
    for name in ("email", "time_multiplier", "fixed_minutes", "unlimited"):
        value = getattr(row, name)
        if value is not None:
            setattr(person, name, value)
    person.save()
    enrolment = enrolments.enrol(sitting, person, by=by, at=at)
    if row.room is not None and row.room != enrolment.room:
        enrolment.room = row.room
        enrolment.save(update_fields=["room"])
    return codes.issue_access_code(person, by=by, at=at) if fresh else ""
