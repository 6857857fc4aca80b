"""Before the test: my sittings, and the start page of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assembly.qti.assessment import NavigationMode
from delivery.candidate import door, frames, gate, words
from delivery.candidate.door import Caller
from delivery.models import AssessmentSession, Candidate, Enrolment, State
from delivery.people import throttle
from delivery.queries.prepared import Prepared
from delivery.rules import refusals
from delivery.rules.refusals import Permission, Refusal
from delivery.seat import conditions, preflight
from delivery.session import desk, sessions
from delivery.sitting import cards
from delivery.sitting.cards import Card
from integrity.policy import lockdown, seb


@require_GET
@gate.candidate_page
def home(request: HttpRequest, candidate: Candidate, at: datetime) -> HttpResponse:
    listed = cards.of(candidate, at)
    first = next((card for card in listed if card.permission or _is_open(card.session)), None)
    context = {
        "candidate": candidate,
        "first": _told(first) if first else None,
        "rest": [_told(card) for card in listed if card is not first],
        "at_home": True,
    }
    return render(request, "candidate/home.html", context)


def _told(card: Card) -> dict[str, Any]:
    """Return a card with its words: how it stands, and why it cannot be started."""
    session, refusal = card.session, card.permission.refusal
    ended = session is not None and session.is_ended
    fresh = session is None or session.state == State.NOT_STARTED or (ended and card.permission)
    again = bool(ended and card.permission)
    return {
        "sitting": card.sitting,
        "enrolment": card.enrolment,
        "session": None if fresh and not again else session,
        "again": again,
        "permission": card.permission,
        "attempts_left": card.attempts_left,
        "result_visible": bool(card.result),
        "state_words": session.get_state_display() if session and not fresh else "",
        "refusal_words": words.sentence(refusal) if refusal and not ended and fresh else "",
    }


def _is_open(session: AssessmentSession | None) -> bool:
    return session is not None and session.is_open


@require_http_methods(["GET", "POST"])
@gate.candidate_page
def start(
    request: HttpRequest, candidate: Candidate, at: datetime, enrolment_id: int
) -> HttpResponse:
    enrolment = enrolment_of(candidate, enrolment_id)
    caller = Caller(request, enrolment, sessions.current(enrolment), at)
    if caller.session is not None and caller.session.is_open:
        # A second visit goes on where the first one is.
        return redirect(gate.url_of(caller.session))
    if request.method == "GET":
        asks = seb.names_itself(request.headers.get("User-Agent", ""))
        elsewhere, permission = _at_the_door(caller, page=asks)
        page = elsewhere or _start_page(request, enrolment, at, permission=permission)
        if not door.device_of(request):
            # Named before the button, so that a double click comes from one device.
            door.name_device(page, door.new_device())
        return page
    if not request.POST.get("consent"):
        return _start_page(request, enrolment, at, missing_consent=True)
    permission = _may_start(caller)
    if not permission:
        return _start_page(request, enrolment, at, permission=permission, tried=True)
    return _begin(caller)


def _at_the_door(caller: Caller, *, page: bool) -> tuple[HttpResponse | None, Permission]:
    """Look where the request comes from and in which browser, before anything has started."""
    try:
        door.admit_from(caller)
        return door.admit_browser(caller, page=page), refusals.GRANTED
    except Refusal as refusal:
        return None, Permission(refusal)


def _may_start(caller: Caller) -> Permission:
    """Ask in turn: the sitting, the network, the browser, the code of the room."""
    posted, enrolment = caller.request.POST, caller.enrolment
    javascript = posted.get("javascript") == "1" or "javascript" in enrolment.waived_rules
    asked = sessions.may_start(enrolment, caller.at, javascript=javascript)
    if asked:
        _elsewhere, asked = _at_the_door(caller, page=True)
    if asked and conditions.needs_code(enrolment):
        asked = throttle.may_try_room(enrolment.pk, caller.at)
        if asked:
            asked = conditions.may_enter_room(enrolment, posted.get("code", ""))
            if not asked:
                throttle.failed_room(enrolment.pk, caller.at)
        if asked.refusal is not None:
            door.note_refusal(caller, asked.refusal)
    return asked


def _begin(caller: Caller) -> HttpResponse:
    request, enrolment, at = caller.request, caller.enrolment, caller.at
    device = door.device_of(request) or door.new_device()
    session = sessions.start(
        enrolment.pk,
        at,
        by=caller.by,
        device=words.device(request),
        device_id=device,
        javascript=request.POST.get("javascript") == "1" or "javascript" in enrolment.waived_rules,
    )
    response = redirect(gate.url_of(session))
    if not session.device_id:
        conditions.bind_device(session.pk, device)
    door.name_device(response, device)
    door.note_start(replace(caller, session=session))
    return response


def _own(enrolment_id: int, candidate_id: int) -> QuerySet[Enrolment]:
    found = Enrolment.objects.filter(pk=enrolment_id, candidate=candidate_id)
    return found.select_related("sitting__test_version", "sitting__lockdown")


_enrolment: Final = Prepared(_own, -1, -2)


def enrolment_of(candidate: Candidate, enrolment_id: int) -> Enrolment:
    """Return an enrolment of this candidate; any other does not exist."""
    enrolment = _enrolment.one(enrolment_id, candidate.pk)
    if enrolment is None:
        raise Http404
    enrolment.candidate = candidate
    return enrolment


def _start_page(
    request: HttpRequest,
    enrolment: Enrolment,
    at: datetime,
    *,
    permission: Permission = refusals.GRANTED,
    missing_consent: bool = False,
    tried: bool = False,
) -> HttpResponse:
    asked = permission if tried else sessions.may_start(enrolment, at)
    asked = permission if asked else asked
    context = start_context(enrolment, at) | {
        "refusal": words.sentence(asked.refusal) if asked.refusal else "",
        "reason": asked.refusal.reason if asked.refusal else "",
        "missing_consent": missing_consent,
    }
    failed = tried or missing_consent
    return render(request, "candidate/start.html", context, status=409 if failed else 200)


def start_context(enrolment: Enrolment, at: datetime) -> dict[str, Any]:
    """Return what the start page says of a sitting: time and why, parts, what is recorded."""
    sitting, candidate = enrolment.sitting, enrolment.candidate
    reading = desk.forecast(enrolment, at)
    test = desk.outline_of(sitting.test_version_id).test
    policy = conditions.policy_of(enrolment)
    return {
        "enrolment": enrolment,
        "sitting": sitting,
        "candidate": candidate,
        "duration": words.span(reading.remaining_ms),
        "ends_at": reading.deadline,
        "closes_at": sitting.closes_at,
        "why": words.why(reading),
        "multiplier": round((candidate.time_multiplier - 1) * 100),
        "parts": [
            {
                "title": part.title,
                "linear": sitting.linear or part.navigation_mode is NavigationMode.LINEAR,
                "limit": _limit(part.time_limits, candidate),
            }
            for part in test.parts
        ],
        "policy": policy,
        "disclosures": lockdown.disclose(policy),
        "needs_code": conditions.needs_code(enrolment),
        "seb_mode": policy.seb_mode.value,
        "watches_screens": policy.watches("screen_extended"),
    }


def _limit(limits: Any, candidate: Candidate) -> str:
    """Write a part's own time limit for this candidate, or nothing."""
    if limits is None or limits.max_seconds is None or candidate.unlimited:
        return ""
    return words.span(int(limits.max_seconds * 1000 * float(candidate.time_multiplier)))


@require_POST
@gate.candidate_page
def tell_preflight(
    request: HttpRequest, candidate: Candidate, at: datetime, enrolment_id: int
) -> HttpResponse:
    """Keep what the start page's script found out about this browser."""
    enrolment = enrolment_of(candidate, enrolment_id)
    found = frames.body(request.body)
    preflight.keep(enrolment, found, device=words.device(request), at=at)
    return HttpResponse(status=204)


@require_GET
def resume(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Lead to where the session stands: its item, its pause, or its receipt."""
    visit = gate.admit(request, session_id)
    return gate.uncached(redirect(gate.url_of(visit.session)))
