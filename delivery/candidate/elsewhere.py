"""A second page or device: where the test is open, and the way to go on here instead."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from delivery.candidate import gate, words
from delivery.candidate.gate import Visit
from delivery.models import State
from delivery.rules.refusals import Permission, Reason, Refusal
from delivery.seat import leases


@require_http_methods(["GET", "POST"])
@gate.session_page(State.IN_PROGRESS)
def ask(visit: Visit) -> HttpResponse:
    """A GET never takes over from a page that is there; the candidate's own POST does."""
    if visit.request.method == "GET":
        return _wait(visit)
    try:
        return _take(visit)
    except Refusal as refusal:
        return _question(visit, Permission(refusal), tried=True)


def _wait(visit: Visit) -> HttpResponse:
    """Show the question, or go on where nobody stands in the way any more."""
    if leases.is_silent(visit.session, visit.asker, visit.at):
        if not visit.is_holder:
            leases.take_over(visit.session.pk, visit.asker, by=visit.by, at=visit.at)
        return gate.go(visit.request, gate.url_of(visit.session))
    return _question(visit, leases.may_take_over(visit.session, visit.asker, visit.at))


def _take(visit: Visit) -> HttpResponse:
    allowed = leases.may_take_over(visit.session, visit.asker, visit.at)
    if allowed.refusal is not None and allowed.refusal.reason is Reason.TAKEOVER_ASKS:
        leases.ask(visit.session.pk, visit.asker, by=visit.by, at=visit.at)
        return gate.go(visit.request, visit.request.path)
    leases.take_over(visit.session.pk, visit.asker, by=visit.by, at=visit.at)
    return gate.go(visit.request, gate.url_of(visit.session))


def _question(visit: Visit, allowed: Permission, *, tried: bool = False) -> HttpResponse:
    session = visit.session
    said = leases.answer_of(session, visit.device)
    context: dict[str, Any] = {
        "session": session,
        "sitting": session.sitting,
        "device": session.device,
        "same_device": visit.is_holder,
        "seen": words.time_of(session.last_seen_at) if session.last_seen_at else "",
        "policy": session.sitting.takeover,
        "waits": bool(said) and "refused" not in said,
        "turned_down": said.get("refused", ""),
        "denied": words.sentence(allowed.refusal)
        if allowed.refusal and allowed.refusal.reason is Reason.TAKEOVER_DENIED
        else "",
    }
    return render(visit.request, "candidate/elsewhere.html", context, status=409 if tried else 200)
