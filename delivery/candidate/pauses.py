"""While the clock stands: why, what is safe, and the candidate's own way on."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from delivery.candidate import door, gate, pages, words
from delivery.candidate.gate import Visit
from delivery.models import State
from delivery.rules.refusals import Reason, Refusal
from delivery.seat import conditions
from delivery.session import sessions


@require_http_methods(["GET", "POST"])
@gate.session_page(State.PAUSED)
def paused(visit: Visit) -> HttpResponse:
    """A GET never resumes; the candidate's own POST does, where it is permitted."""
    if visit.request.method == "POST":
        _demand_javascript(visit)
        session = sessions.resume(visit.session.pk, visit.at, by=visit.by)
        return redirect(gate.url_of(session))
    permission = sessions.may_resume(visit.session, visit.at)
    context = pages.frame(visit) | {
        "may_resume": bool(permission),
        "waits": words.sentence(permission.refusal) if permission.refusal else "",
        "browser_seen": _browser_seen(visit),
    }
    return render(visit.request, "candidate/paused.html", context)


def _browser_seen(visit: Visit) -> str:
    """Return where it is explained why this browser was not let in, where it was not."""
    if door.SEEN not in visit.request.session:
        return ""
    return reverse("candidate:browser_seen", args=[conditions.enrolment_of(visit.session).pk])


def _demand_javascript(visit: Visit) -> None:
    policy = conditions.policy_of(conditions.enrolment_of(visit.session), visit.session)
    if policy.requires_javascript and visit.request.POST.get("javascript") != "1":
        raise Refusal(Reason.NEEDS_JAVASCRIPT)
