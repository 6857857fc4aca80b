"""The proctor's pages: my sittings, the board, the sheets and a candidate's own page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from delivery.models import Sitting
from delivery.proctor import candidate_page, forms, lines, showing
from delivery.proctor.forms import SHEETS, Sheet
from delivery.proctor.showing import Showing
from delivery.rules.refusals import Refusal
from delivery.saving import aside
from delivery.sitting import outages, proctoring
from delivery.sitting.proctoring import Act, Extend
from delivery.sitting.rolls import Target


def _proctor(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _sitting(request: HttpRequest, sitting_id: int) -> Sitting:
    mine = proctoring.watched(_proctor(request)).select_related("test_version")
    return get_object_or_404(mine, pk=sitting_id)


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """List the sittings that this proctor watches."""
    user = _proctor(request)
    watched = proctoring.sittings(user)
    if not watched and not proctoring.is_proctor(user):
        raise PermissionDenied
    return render(request, "proctor/home.html", {"watched": watched, "at": timezone.now()})


@require_safe
@never_cache
def board(request: HttpRequest, sitting_id: int) -> HttpResponse:
    sitting = _sitting(request, sitting_id)
    page = _board(request, sitting)
    page["outages"] = outages.recent(sitting, page["at"])
    page["kept_aside"] = aside.undecided(sitting)
    return render(request, "proctor/board.html", page)


@require_safe
@never_cache
def rows(request: HttpRequest, sitting_id: int) -> HttpResponse:
    """Return the board's counts and rows alone, for a page whose socket is down."""
    sitting = _sitting(request, sitting_id)
    return render(request, "proctor/_rows.html", _board(request, sitting))


def _board(request: HttpRequest, sitting: Sitting) -> dict[str, Any]:
    user, at = _proctor(request), timezone.now()
    asked = Showing.read(request.GET)
    drawn = [lines.line(row, at) for row in proctoring.board(user, at, sitting=sitting)]
    return {
        "sitting": sitting,
        "at": at,
        "now_ms": round(at.timestamp() * 1000),
        "lines": [(line, asked.shows(line)) for line in drawn],
        "counts": showing.counts(drawn, asked),
        "shown": sum(asked.shows(line) for line in drawn),
        "asked": asked,
        "rooms": sorted({line.room for line in drawn if line.room}),
        "sheets": _sheets(user, sitting),
    }


def _sheets(user: User, sitting: Sitting) -> list[Sheet]:
    """Return the acts that this proctor can ever do at this sitting."""
    left_out = set()
    if not sitting.admission:
        left_out.add("admit")
    if not proctoring.is_chief(user):
        left_out.add("reopen")
    return [sheet for name, sheet in SHEETS.items() if name not in left_out]


@require_POST
@never_cache
def act(request: HttpRequest, sitting_id: int) -> HttpResponse:
    """Show an act's sheet with its preview, or do it and show a result for each row."""
    sitting = _sitting(request, sitting_id)
    sheet = SHEETS.get(request.POST.get("act", ""))
    if sheet is None:
        raise Http404
    at = timezone.now()
    targets = _targets(request, sitting, at)
    given = "stage" in request.POST
    form = sheet.form(request.POST if given else None)
    page = {"sitting": sitting, "sheet": sheet, "form": form, "at": at, "back": _back(request)}
    try:
        if given and form.is_valid() and request.POST["stage"] == "apply":
            return _done(request, sheet.make(form.cleaned_data), targets, page)
        return _sheet(request, targets, page)
    except Refusal as refusal:
        raise Http404(refusal.sentence) from refusal


def _targets(request: HttpRequest, sitting: Sitting, at: datetime) -> list[Target]:
    """Return the chosen rows; without JavaScript one box stands for all that are shown."""
    if "everyone" not in request.POST:
        return forms.read_targets(request.POST.getlist("row"))
    asked = Showing.read(request.POST)
    found = proctoring.board(_proctor(request), at, sitting=sitting)
    return [row.target for row in found if asked.shows(lines.line(row, at))]


def _sheet(request: HttpRequest, targets: Sequence[Target], page: dict[str, Any]) -> HttpResponse:
    form, sheet, at = page["form"], page["sheet"], page["at"]
    foreseen = sheet.make(forms.so_far(form))
    found = proctoring.preview(foreseen, targets, _proctor(request), at)
    page |= {
        "affected": [lines.foreseen(one) for one in found if one.permission],
        "skipped": [lines.foreseen(one) for one in found if not one.permission],
        "times": isinstance(foreseen, Extend),
    }
    return render(request, _template(request, "sheet"), page)


def _done(
    request: HttpRequest, act: Act, targets: Sequence[Target], page: dict[str, Any]
) -> HttpResponse:
    if isinstance(act, Extend):
        act = replace(act, seen_ms=forms.read_seen(request.POST.getlist("seen")))
    found = proctoring.apply(act, targets, _proctor(request), page["at"])
    page |= {
        "results": [lines.outcome(one) for one in found],
        "done": sum(one.done for one in found),
    }
    return render(request, _template(request, "result"), page)


def _template(request: HttpRequest, name: str) -> str:
    return f"proctor/_{name}.html" if request.headers.get("HX-Request") else f"proctor/{name}.html"


def _back(request: HttpRequest) -> str:
    """Return where to go after an act: the candidate's page it was begun on, or the board."""
    back = request.POST.get("back", "")
    return back if url_has_allowed_host_and_scheme(back, None) else ""


@require_safe
@never_cache
def session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Show one candidate's session: where it stands, its story, and what can be done."""
    return _candidate(request, session_id)


@require_safe
@never_cache
def enrolment(request: HttpRequest, enrolment_id: int) -> HttpResponse:
    """Show a candidate who has not started yet."""
    return _candidate(request, enrolment_id)


def _candidate(request: HttpRequest, target: Target) -> HttpResponse:
    user, at = _proctor(request), timezone.now()
    try:
        [row] = proctoring.rows([target], user, at)
    except Refusal as refusal:
        raise Http404(refusal.sentence) from refusal
    page = candidate_page.read(row, at) | {
        "sheets": candidate_page.sheets(row, _sheets(user, row.enrolment.sitting), user, at),
        "panel": bool(request.headers.get("HX-Request")),
    }
    return render(request, _template(request, "candidate"), page)
