"""Files of results for staff: QTI Results Reporting 3.0, and results as CSV."""

from __future__ import annotations

from django.http import HttpResponse

from delivery import desk, reports, result_documents
from delivery.models import AssessmentSession, Sitting


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


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
