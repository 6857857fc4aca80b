"""Safe Exam Browser: the check by its JavaScript API, its files, the diagnosis and the way out."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from delivery.candidate import door, gate, lobby, words
from delivery.candidate.door import Caller
from delivery.models import Candidate, Enrolment
from delivery.people import links
from delivery.rules.refusals import Refusal
from delivery.seat import browsers, conditions
from delivery.session import sessions
from integrity.policy.seb import Claim, Mode

NONCE: Final = "seb-nonce"
FILE_TYPE: Final = "application/seb"


def caller_of(request: HttpRequest, enrolment: Enrolment, at: datetime) -> Caller:
    return Caller(request, enrolment, sessions.current(enrolment), at)


@require_GET
@gate.candidate_page
def check(
    request: HttpRequest, candidate: Candidate, at: datetime, enrolment_id: int
) -> HttpResponse:
    """Make an address that works once, and go there: the browser's hashes hold for it alone."""
    enrolment = lobby.enrolment_of(candidate, enrolment_id)
    nonce = secrets.token_urlsafe(24)
    wanted = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, None)
    request.session[NONCE] = {
        "nonce": nonce,
        "enrolment": enrolment.pk,
        "next": wanted if safe else reverse("candidate:start", args=[enrolment.pk]),
    }
    return redirect("candidate:browser_nonce", enrolment_id=enrolment.pk, nonce=nonce)


@require_http_methods(["GET", "POST"])
@gate.candidate_page
def ask(
    request: HttpRequest, candidate: Candidate, at: datetime, enrolment_id: int, nonce: str
) -> HttpResponse:
    """Ask the JavaScript API; the answer is taken once."""
    enrolment = lobby.enrolment_of(candidate, enrolment_id)
    kept = request.session.get(NONCE, {})
    if kept.get("enrolment") != enrolment.pk or not secrets.compare_digest(
        str(kept.get("nonce", "")).encode(), nonce.encode()
    ):
        return redirect("candidate:browser", enrolment_id=enrolment.pk)
    if request.method == "GET":
        return render(request, "candidate/seb_check.html", {"enrolment": enrolment})
    del request.session[NONCE]
    caller = caller_of(request, enrolment, at)
    try:
        _answer(caller)
    except Refusal:
        return redirect("candidate:browser_seen", enrolment_id=enrolment.pk)
    return redirect(kept["next"])


def _answer(caller: Caller) -> None:
    """Judge what the API said for this address; raises Refusal where it is not enough."""
    posted, policy = caller.request.POST, caller.policy
    claim = Claim(
        user_agent=caller.request.headers.get("User-Agent", ""),
        config_key_hash=posted.get("config_key", "")[:64],
        exam_key_hash=posted.get("browser_exam_key", "")[:64],
    )
    seen = door.examined(caller, policy, claim, door.url_of(caller.request), "api")
    if seen.enough or policy.seb_mode is not Mode.REQUIRED:
        door.remember(caller, seen)
        return
    door.turn_away(caller, seen)


@require_GET
@gate.candidate_page
def seen(
    request: HttpRequest, candidate: Candidate, at: datetime, enrolment_id: int
) -> HttpResponse:
    """Show what was expected of the browser and what arrived."""
    enrolment = lobby.enrolment_of(candidate, enrolment_id)
    found = request.session.get(door.SEEN, {})
    session = sessions.current(enrolment)
    context = {
        "enrolment": enrolment,
        "sitting": enrolment.sitting,
        "candidate": candidate,
        "session": session,
        "found": found if found.get("enrolment") == enrolment.pk else None,
        "paused": session is not None and session.is_open,
        "address": door.address_of(request),
    }
    return render(request, "candidate/seb_seen.html", context)


@require_POST
@gate.candidate_page
def launch(
    request: HttpRequest, candidate: Candidate, at: datetime, enrolment_id: int
) -> HttpResponse:
    """Make a configuration of the candidate's own and show how to open it."""
    enrolment = lobby.enrolment_of(candidate, enrolment_id)
    policy = conditions.policy_of(enrolment)
    if policy.seb_mode is Mode.NONE:
        raise Http404
    token = browsers.issue(enrolment, by=f"candidate:{candidate.pk}", at=at)
    address = door.origin_of(request) + reverse("candidate:seb_file", args=[token])
    scheme, _colon, rest = address.partition("://")
    context = {
        "enrolment": enrolment,
        "sitting": enrolment.sitting,
        "candidate": candidate,
        "address": address,
        "launch": f"{'sebs' if scheme == 'https' else 'seb'}://{rest}",
        "until": at + browsers.LINK_LIFE,
        "encrypted": bool(policy.seb_password) and not policy.seb_file_key,
    }
    return render(request, "candidate/seb_launch.html", context)


@login_not_required
@require_http_methods(["GET", "HEAD"])
def file(request: HttpRequest, token: str) -> HttpResponse:
    """Hand out the configuration of a launch link, until the link has signed its candidate in."""
    at = timezone.now()
    try:
        enrolment = links.find_link(token, at).enrolment
        policy = conditions.policy_of(enrolment)
        content = browsers.of_launch(token, door.addresses_of(request), policy, at)
    except Refusal as refusal:
        context = {"problem": words.sentence(refusal)}
        return render(request, "candidate/launch.html", context, status=410)
    return as_file(content, f"exam-{enrolment.sitting_id}.seb")


def as_file(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=FILE_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, max-age=1, no-transform"
    return response


@login_not_required
@never_cache
@require_GET
def leave(request: HttpRequest) -> HttpResponse:
    """The address at which Safe Exam Browser quits; any other browser shows the page."""
    return render(request, "candidate/seb_quit.html", {})
