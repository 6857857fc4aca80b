"""How a candidate comes in and goes out: access code, launch link, sign-out."""

from __future__ import annotations

from uuid import UUID

from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from delivery.candidate import backend, frames, words
from delivery.models import AssessmentSession
from delivery.people import links, throttle
from delivery.rules.refusals import Reason, Refusal

LONGEST_CODE = 64
KEPT = "kept:"


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return render(request, "candidate/sign_in.html", {"next": request.GET.get("next", "")})
    code = request.POST.get("code", "")[:LONGEST_CODE]
    try:
        user = _user_of(request, code)
    except Refusal as refusal:
        status = 429 if refusal.reason == Reason.TOO_MANY_TRIES else 422
        context = {
            "problem": words.sentence(refusal),
            "next": request.POST.get("next", ""),
            "kept": _kept(request),
        }
        return render(request, "candidate/sign_in.html", context, status=status)
    auth.login(request, user, backend=backend.PATH)
    if _kept(request) and _next(request) == request.POST.get("next"):
        # Without a script, what the sign-in held up is sent on by a button.
        context = {"kept": _kept(request), "next": _next(request)}
        return render(request, "candidate/send_on.html", context)
    return redirect(_next(request))


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the form that a sign-in page carries on, by its own names."""
    return [
        (name.removeprefix(KEPT), str(value))
        for name, values in request.POST.lists()
        if name.startswith(KEPT)
        for value in values
    ]


def _user_of(request: HttpRequest, code: str) -> User:
    """Return the user with this access code, or refuse and count the failure."""
    at, address = timezone.now(), request.META.get("REMOTE_ADDR", "")
    throttle.may_try(address, code, at).demand()
    user = auth.authenticate(request, access_code=code)
    if not isinstance(user, User):
        throttle.failed(address, code, at)
        raise Refusal(Reason.CODE_UNKNOWN)
    return user


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else "candidate:home"


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def again(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Sign the candidate of a running test in again, on its own page; nobody else gets in there.

    A GET gives a form token that fits the sign-in there is now.
    """
    wanted = AssessmentSession.objects.filter(pk=session_id).select_related("candidate").first()
    owner = wanted.candidate.user_id if wanted is not None else None
    if request.method == "GET":
        known = owner is not None and request.user.pk == owner
        return JsonResponse({"csrf": get_token(request), "signed_in": known})
    try:
        code = str(frames.body(request.body).get("code", ""))[:LONGEST_CODE]
        user = _user_of(request, code)
        if user.pk != owner:
            throttle.failed(request.META.get("REMOTE_ADDR", ""), code, timezone.now())
            raise Refusal(Reason.OTHER_CANDIDATE)
    except Refusal as refusal:
        told = {"reason": refusal.reason, "sentence": words.sentence(refusal)}
        return JsonResponse(told, status=422)
    auth.login(request, user, backend=backend.PATH)
    return JsonResponse({"csrf": get_token(request), "signed_in": True})


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def launch(request: HttpRequest, token: str) -> HttpResponse:
    """A GET only asks: mail scanners and previews open links, and a link works once."""
    if request.method == "GET":
        return render(request, "candidate/launch.html")
    try:
        enrolment = links.redeem(token, timezone.now())
    except Refusal as refusal:
        context = {"problem": words.sentence(refusal)}
        return render(request, "candidate/launch.html", context, status=409)
    auth.login(request, enrolment.candidate.user, backend=backend.PATH)
    return redirect("candidate:start", enrolment_id=enrolment.pk)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    auth.logout(request)
    return redirect("candidate:sign_in")
