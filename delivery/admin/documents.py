"""Files for staff: results as QTI Results Reporting 3.0 and as CSV, sittings as packages."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse

from assembly.packages import exporting
from delivery.models import AssessmentSession, Sitting
from delivery.records import packages, result_documents
from delivery.session import desk
from delivery.sitting import reports


def csv_of(sitting: Sitting) -> HttpResponse:
    """Hand the results out as CSV, with a byte order mark for spreadsheets."""
    text = "\ufeff" + reports.to_csv(list(reports.results(sitting)))
    return _file(text.encode(), f"results-{sitting.pk}.csv", "text/csv; charset=utf-8")


def qti_of(sitting: Sitting) -> HttpResponse:
    """Hand out a zip with the QTI result of every session that began."""
    content = result_documents.of_sitting(sitting)
    return _file(content, f"results-{sitting.pk}.zip", "application/zip")


def qti_of_session(session: AssessmentSession) -> HttpResponse:
    content = result_documents.of(desk.read(session.pk))
    return _file(content, f"result-{session.pk}.xml", "application/xml")


def packages_of(chosen: Iterable[Sitting]) -> HttpResponse:
    """Hand out each sitting's test as it is delivered there; raises ExportError."""
    made = [(f"sitting-{one.pk}.zip", packages.of_sitting(one)) for one in chosen]
    name, content = exporting.bundle(made)
    return _file(content, name, "application/zip")


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
