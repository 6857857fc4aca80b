"""The stylesheet that a candidate's own profile makes: colours, sizes and spacing."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from delivery.candidate import gate
from delivery.models import Candidate
from delivery.people import needs


@require_GET
@gate.candidate_page
def sheet(request: HttpRequest, candidate: Candidate, at: datetime, version: str) -> HttpResponse:
    """Hand out the candidate's sheet; the one that a page names by its version may be kept."""
    look = needs.look(candidate)
    response = HttpResponse(look.sheet, content_type="text/css; charset=utf-8")
    if version == look.version:
        response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response
