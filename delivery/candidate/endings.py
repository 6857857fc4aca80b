"""The way out: review, the end of a part, submission, receipt and result."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from delivery.candidate import gate, looking, pages, results, told, words
from delivery.candidate.gate import Visit
from delivery.models import ENDED_STATES, State
from delivery.rules import navigation
from delivery.session import moves, release, sessions
from delivery.session.desk import Counts

FILTERS: Final = ("all", "answered", "unanswered", "flagged", "locked")


@require_GET
@gate.session_page(State.IN_PROGRESS)
def review(visit: Visit) -> HttpResponse:
    wanted = visit.request.GET.get("show", "all")
    show = wanted if wanted in FILTERS else "all"
    context = pages.frame(visit) | _review_context(visit, show)
    return render(visit.request, "candidate/review.html", context)


def _review_context(visit: Visit, show: str) -> dict[str, Any]:
    sections = [
        (section.title, [entry for entry in section.entries if _matches(entry, show)])
        for section in visit.desk.map()
    ]
    route = visit.desk.route
    return {
        "show": show,
        "sections": [(title, entries) for title, entries in sections if entries],
        "counts": visit.desk.counts(),
        "ends_part": navigation.next_part(route) is not None,
        "linear": route.leg is not None and route.leg.linear,
        "part_title": visit.desk.outline.parts[route.leg.id].title if route.leg else "",
        "here": visit.session.position,
    }


def _matches(entry: Any, show: str) -> bool:
    if show == "unanswered":
        return not entry.answered and not entry.locked
    return show == "all" or bool(getattr(entry, show))


def _counts_of_part(visit: Visit) -> Counts:
    """Count the items of the part that is about to end."""
    route = visit.desk.route
    stops = [stop for stop in route.stops if route.leg and stop.part == route.leg.id]
    locked = [stop for stop in stops if navigation.is_locked(route, stop)]
    return Counts(
        total=len(stops),
        answered=sum(stop.answered for stop in stops),
        unanswered=sum(not stop.answered and stop not in locked for stop in stops),
        flagged=sum(stop.flagged for stop in stops),
        locked=len(locked),
    )


@require_http_methods(["GET", "POST"])
@gate.session_page(State.IN_PROGRESS)
def end_part(visit: Visit) -> HttpResponse:
    """Ask, then end the current part for good: its items can no longer be reached."""
    if visit.request.method == "POST":
        part = visit.desk.route.leg.id if visit.desk.route.leg else ""
        after = moves.end_part(visit.session.pk, visit.at, by=visit.by, confirmed=True)
        if looking.has_last_words(after, part, visit.at):
            return redirect(looking.part_url(after.session, part))
        return redirect(gate.url_of(after.session))
    context = pages.frame(visit) | _review_context(visit, "all")
    context["counts"] = _counts_of_part(visit)
    asked = moves.may_finish_part(visit.desk, confirmed=True)
    context["obstacle"] = words.sentence(asked.refusal) if asked.refusal else ""
    return render(visit.request, "candidate/end_part.html", context)


@require_http_methods(["GET", "POST"])
@gate.session_page(State.IN_PROGRESS, *ENDED_STATES)
def submit(visit: Visit) -> HttpResponse:
    """Ask with the counts, then submit; a second submission finds the first one's receipt."""
    if visit.session.is_ended:
        return redirect(gate.url_of(visit.session))
    if visit.request.method == "POST":
        sessions.complete(visit.session.pk, visit.at, by=visit.by, confirmed=True)
        return redirect("candidate:receipt", session_id=visit.session.pk)
    asked = sessions.may_complete(visit.desk, visit.at, confirmed=True)
    context = pages.frame(visit) | {
        "counts": visit.desk.counts(),
        "obstacle": words.sentence(asked.refusal) if asked.refusal else "",
    }
    return render(visit.request, "candidate/submit.html", context)


@require_GET
@gate.session_page(*ENDED_STATES)
def result(visit: Visit) -> HttpResponse:
    release.may_see_result(visit.session, visit.at).demand()
    context = {
        "desk": visit.desk,
        "session": visit.session,
        "sitting": visit.desk.sitting,
        "result": results.summary(visit.session),
        "needs_marking": any(row.needs_marking for row in visit.desk.rows),
        "told": told.after_test(visit.desk),
        "entries": looking.entries(visit, looking.keys(visit)),
        "home": reverse("candidate:home"),
    }
    return render(visit.request, "candidate/result.html", context)
