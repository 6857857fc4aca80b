"""The one gate of every candidate request: whose session, at what time, in which state."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date
from django_htmx.http import HttpResponseClientRedirect

from delivery.candidate import backend, door, words
from delivery.candidate.door import Caller
from delivery.models import AssessmentSession, Candidate, Enrolment, State
from delivery.rules.refusals import Reason, Refusal
from delivery.seat import conditions, leases
from delivery.seat.leases import Asker
from delivery.session import desk, sessions
from delivery.session.desk import Desk

P = ParamSpec("P")

# What a person may never do here is forbidden; what cannot be done now is a conflict.
FORBIDDEN = frozenset(
    {
        Reason.NOT_ADMITTED,
        Reason.NEEDS_JAVASCRIPT,
        Reason.NEEDS_SEB,
        Reason.WRONG_NETWORK,
        Reason.OTHER_DEVICE,
        Reason.ROOM_CODE,
        Reason.WRONG_BROWSER,
        Reason.ITEM_CLOSED,
        Reason.ITEM_NOT_REACHED,
        Reason.PART_ENDED,
        Reason.RESUME_NOT_PERMITTED,
        Reason.LEAVING_NOT_ALLOWED,
    }
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a candidate to their own session, at one instant."""

    request: HttpRequest
    desk: Desk
    at: datetime
    # The name of the candidate's device; one that has none yet is given one.
    device: str

    @property
    def is_holder(self) -> bool:
        """Tell whether the device is the one that may write."""
        return leases.is_holder(self.session, self.device)

    @property
    def asker(self) -> Asker:
        return Asker(self.device, words.device(self.request))

    @property
    def session(self) -> AssessmentSession:
        return self.desk.session

    @property
    def by(self) -> str:
        """Name the candidate as the ledger does."""
        return f"candidate:{self.session.candidate_id}"

    @property
    def is_fragment(self) -> bool:
        """Tell whether htmx asks, which swaps a part of the page."""
        return self.request.META.get("HTTP_HX_REQUEST") == "true"


SessionView = Callable[Concatenate[Visit, P], HttpResponse]


def session_page(
    *states: State,
) -> Callable[[SessionView[P]], Callable[..., HttpResponse]]:
    """Let a page through for the owner of a session in one of `states`, else show the right one."""

    def decorate(view: SessionView[P]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def page(
            request: HttpRequest, session_id: UUID, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            visit = admit(request, session_id)
            if visit.session.state not in states:
                return uncached(go(visit.request, url_of(visit.session)))
            try:
                elsewhere = _at_the_door(visit, page=True) or _elsewhere(visit)
                response = elsewhere or view(visit, *args, **kwargs)
            except Refusal as refusal:
                response = refused(visit, refusal)
            if not door.device_of(request):
                door.name_device(response, visit.device)
            return uncached(response)

        return knows_its_caller(page)

    return decorate


def session_data(view: SessionView[P]) -> Callable[..., HttpResponse]:
    """Let a script's request through for the owner, whatever the state; answers are JSON."""

    @functools.wraps(view)
    def answer(
        request: HttpRequest, session_id: UUID, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        visit = admit(request, session_id)
        try:
            _at_the_door(visit, page=False)
            return uncached(view(visit, *args, **kwargs))
        except Refusal as refusal:
            told = {
                "type": "refused",
                "reason": refusal.reason,
                "sentence": words.sentence(refusal),
            }
            return uncached(JsonResponse(told, status=status_of(refusal)))

    return knows_its_caller(answer)


def knows_its_caller(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let `recognise` see to the sign-in, which reads the session and its owner at once."""
    view.recognises = recognise  # type: ignore[attr-defined]
    return view


def recognise(request: HttpRequest, session_id: UUID) -> None:
    """Read the session with its owner's account; whoever is not that owner is asked for later."""
    store: Any = request.session
    # Where sign-ins are kept in the database, the session's statement brings it along.
    key = store.session_key if hasattr(store, "take") else ""
    if not key and not backend.is_claimed(request):
        return
    try:
        found = desk.read(session_id, key or "")
    except AssessmentSession.DoesNotExist:
        return
    session: Any = found.session
    if key:
        store.take(session.sign_in, session.sign_in_until)
    if backend.accepts(request, session.candidate.user):
        request.desk = found  # type: ignore[attr-defined]


def _at_the_door(visit: Visit, *, page: bool) -> HttpResponse | None:
    """Look where the request comes from and in which browser; what stands may be looked at."""
    session, acts = visit.session, visit.request.method == "POST"
    looked_at = session.state == State.IN_PROGRESS or (page and acts and session.is_open)
    if not looked_at:
        return None
    sitting = session.sitting
    if session.lockdown_id is None and not conditions.has_access_rules(sitting):
        return None
    caller = Caller(visit.request, conditions.enrolment_of(session), session, visit.at)
    door.admit_from(caller)
    return door.admit_browser(caller, page=page)


def _elsewhere(visit: Visit) -> HttpResponse | None:
    """Send a device that does not hold the lease to the question; a clear return is not asked."""
    session, match = visit.session, visit.request.resolver_match
    if session.state != State.IN_PROGRESS:
        return None
    if not session.lease_device:
        leases.hold(session.pk, visit.device)
        return None
    posts = visit.request.method == "POST"
    name = match.url_name if match is not None else ""
    # An item that is sent keeps its answer as a draft before it leads to the question.
    if visit.is_holder or name == "elsewhere" or (posts and name == "item"):
        return None
    if not posts and leases.is_silent(session, visit.asker, visit.at):
        taken = leases.take_over(session.pk, visit.asker, by=visit.by, at=visit.at)
        visit.desk.session = taken
        return None
    return go(visit.request, reverse("candidate:elsewhere", args=[session.pk]))


def candidate_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a page through for a signed-in candidate; others go to where their role lands."""

    @functools.wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        candidate = Candidate.objects.filter(user_id=request.user.pk or 0).first()
        if candidate is None:
            return redirect("landing")
        try:
            return uncached(view(request, candidate, timezone.now(), *args, **kwargs))
        except Refusal as refusal:
            return uncached(refusal_page(request, refusal, reverse("candidate:home")))

    return page


def admit(request: HttpRequest, session_id: UUID) -> Visit:
    """Return the visit of the session's owner; a session whose time is over is closed first."""
    at = timezone.now()
    found = owned(request, session_id)
    due = found.session.due_at
    if found.session.is_open and due is not None and due < at:
        sessions.close_due(session_id, at)
        found = desk.read(session_id)
    return Visit(request, found, at, door.device_of(request) or door.new_device())


def owned(request: HttpRequest, session_id: UUID) -> Desk:
    """Return the desk of a session of the signed-in candidate; any other does not exist."""
    try:
        found = getattr(request, "desk", None) or desk.read(session_id)
    except AssessmentSession.DoesNotExist as missing:
        raise Http404 from missing
    if found.session.candidate.user_id != request.user.pk:
        raise Http404
    return found


def url_of(session: AssessmentSession) -> str:
    """Return the page on which a session's candidate belongs now."""
    if session.state == State.NOT_STARTED:
        enrolment = Enrolment.objects.get(
            sitting=session.sitting_id, candidate=session.candidate_id
        )
        return reverse("candidate:start", args=[enrolment.pk])
    if session.state == State.PAUSED:
        return reverse("candidate:paused", args=[session.pk])
    if session.is_ended:
        return reverse("candidate:receipt", args=[session.pk])
    if not session.position:
        # Everything is behind the candidate: only submitting is left.
        return reverse("candidate:review", args=[session.pk])
    return item_url(session, session.position)


def item_url(session: AssessmentSession, key: str) -> str:
    return reverse("candidate:item", args=[session.pk, key])


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect; htmx is told to load the whole page, so that no page lands inside a page."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    return redirect(url)


def refused(visit: Visit, refusal: Refusal) -> HttpResponse:
    """Show a refusal with the way back to where the candidate belongs."""
    if refusal.reason is Reason.NEEDS_SEB:
        enrolment = conditions.enrolment_of(visit.session)
        return go(visit.request, reverse("candidate:browser_seen", args=[enrolment.pk]))
    return refusal_page(visit.request, refusal, url_of(visit.session), visit.desk)


def refusal_page(
    request: HttpRequest, refusal: Refusal, back: str, on: Desk | None = None
) -> HttpResponse:
    """Render one refusal: a fragment for htmx, a page for everybody else."""
    name = "_refusal" if getattr(request, "htmx", False) else "refusal"
    context = {
        "sentence": words.sentence(refusal),
        "reason": refusal.reason,
        "back": back,
        "desk": on,
    }
    return render(request, f"candidate/{name}.html", context, status=status_of(refusal))


def status_of(refusal: Refusal) -> int:
    return 403 if refusal.reason in FORBIDDEN else 409


def uncached(response: HttpResponse) -> HttpResponse:
    """Keep exam pages out of every cache, the browser's back-forward cache included.

    What says for itself how long it may be kept, as a file named by its hash does, is left alone.
    """
    if response.has_header("Cache-Control"):
        return response
    if not response.has_header("Expires"):
        response["Expires"] = _dated(int(time.time()))
    response["Cache-Control"] = "no-store, private, max-age=0"
    return response


@functools.lru_cache(maxsize=4)
def _dated(second: int) -> str:
    """Write a date for headers once for all who are answered in its second."""
    return http_date(second)
