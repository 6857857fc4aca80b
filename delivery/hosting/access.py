"""Who must sign in where, and where each role lands afterwards."""

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from delivery.models import Candidate
from delivery.people import throttle
from delivery.rules import refusals
from delivery.rules.refusals import Reason, Refusal

STAFF_PREFIXES = ("/proctor/", "/auditor/", "/author/", "/admin/", "/staff/")


def asks_itself(request: HttpRequest) -> bool:
    """Tell whether a script asks that can ask for the sign-in on its own page."""
    wants_json = "application/json" in request.headers.get("Accept", "")
    return wants_json or "X-Sign-In" in request.headers


def told(refusal: Refusal, *, status: int) -> JsonResponse:
    """Say to a script what a page would have said to a person; htmx leaves the page as it is."""
    sentence = _(refusals.SENTENCES[refusal.reason]) % refusal.facts
    body = {"type": "refused", "reason": refusal.reason, "sentence": sentence}
    return JsonResponse(body, status=status, headers={"HX-Reswap": "none", "X-Sign-In": "again"})


def is_answer(request: HttpRequest) -> bool:
    """Tell whether a form of a test is on its way, which must not be lost with the sign-in."""
    sent = request.method == "POST" and not getattr(request, "htmx", False)
    return sent and request.path.startswith("/sessions/") and bool(request.POST)


def keep_answer(request: HttpRequest) -> HttpResponse:
    """Ask for the access code on a page that carries the form on, without any script."""
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]
    context = {"kept": kept, "next": request.path}
    return render(request, "candidate/sign_in.html", context, status=401)


class SignInRequired(LoginRequiredMiddleware):
    """Default deny: a page is public only where its view says so."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: dict[str, Any]
    ) -> Any:
        # A view that reads its caller's account anyway does so first.
        recognise = getattr(view_func, "recognises", None)
        if recognise is not None:
            recognise(request, view_kwargs["session_id"])
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(  # type: ignore[override]  # htmx's redirect is a class of its own
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponse:
        staff = request.path.startswith(STAFF_PREFIXES)
        if not staff and asks_itself(request):
            return told(Refusal(Reason.SIGNED_OUT), status=401)
        if not staff and is_answer(request):
            return keep_answer(request)
        url = settings.STAFF_LOGIN_URL if staff else settings.LOGIN_URL
        if getattr(request, "htmx", False):
            # A fragment must not become a sign-in page inside a page.
            return HttpResponseClientRedirect(url)
        return redirect_to_login(request.get_full_path(), url)


class StaffSignInForm(AuthenticationForm):
    """A user name and password; failures are counted per address and per user name."""

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username", "").casefold()
        key = hashlib.sha256(name.encode()).hexdigest()
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        at = timezone.now()
        refusal = throttle.may_try(address, key, at).refusal
        if refusal is not None:
            raise ValidationError(
                _("Too many sign-ins failed. Wait until %(at)s and try again."),
                code="throttled",
                params=refusal.facts,
            )
        try:
            return super().clean()
        except ValidationError:
            throttle.failed(address, key, at)
            raise


def landing(user: User) -> str | None:
    """The first page of a person's role; None for somebody without any."""
    if user.is_staff:
        return reverse("admin:index")
    groups = set(user.groups.values_list("name", flat=True))
    for group, name in (("Proctor", "proctor:home"), ("Auditor", "auditor:streams")):
        if group in groups:
            return reverse(name)
    return "/" if Candidate.objects.filter(user=user).exists() else None


@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """The admin's own sign-in page is the staff's: one door, one count of failures."""
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"), "staff_signin")


def land(request: HttpRequest) -> HttpResponse:
    target = landing(request.user) if isinstance(request.user, User) else settings.LOGIN_URL
    if target is None:
        raise PermissionDenied
    return redirect(target)


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """Answers 200 while this process reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


@login_not_required
def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose token is no longer valid: what was saved is safe, go back."""
    if asks_itself(request):
        return told(Refusal(Reason.FORM_EXPIRED), status=403)
    back = request.headers.get("referer", "")
    here = {request.get_host()}
    if not url_has_allowed_host_and_scheme(back, here, require_https=request.is_secure()):
        back = "/"
    return render(request, "403_csrf.html", {"back": back}, status=403)
