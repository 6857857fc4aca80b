"""Answers that were kept aside: a sitting's list, one of them, and a candidate's sealed file."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from delivery.models import Quarantine, Sitting
from delivery.rules import refusals
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import aside, comments, exports, quarantine
from delivery.sitting import proctoring

LARGEST_FILE: Final = 8_000_000
# What a form field may carry; a larger file is chosen once more to be taken over.
LARGEST_FIELD: Final = 1_500_000
REASONS: Final[dict[str, str | Promise]] = {
    Reason.OUT_OF_TIME: gettext_lazy("came after the time was up"),
    Reason.SECTION_OUT_OF_TIME: gettext_lazy("came after the section's time was up"),
    Reason.CLOSED: gettext_lazy("came after the test was submitted"),
    Reason.TERMINATED: gettext_lazy("came after the test was terminated"),
    Reason.PAUSED: gettext_lazy("came while the clock stood"),
    Reason.STALE: gettext_lazy("older than what is saved"),
    Reason.STALE_BLANK: gettext_lazy("blank, over an answer"),
    Reason.LEASE_LOST: gettext_lazy("from a page that another one had replaced"),
    Reason.NOT_OFFERED: gettext_lazy("holds what the item does not offer"),
    Reason.STRAY_FIELDS: gettext_lazy("fields that the item does not have"),
    Reason.ITEM_CLOSED: gettext_lazy("the item was closed"),
    Reason.ITEM_NOT_REACHED: gettext_lazy("the item was not reached yet"),
    Reason.PART_ENDED: gettext_lazy("the part was over"),
    Reason.NOT_STARTED: gettext_lazy("the test had not begun"),
}
SHOWS: Final[dict[str, str | Promise]] = {
    "open": gettext_lazy("To decide"),
    "proposed": gettext_lazy("Proposed"),
    "decided": gettext_lazy("Decided"),
    "all": gettext_lazy("All"),
}
GROUNDS: Final = (
    gettext_lazy("The network was down; the answer was written in time"),
    gettext_lazy("The device failed; the answer was written in time"),
    gettext_lazy("The candidate confirmed that this answer is meant"),
)


class DecisionForm(forms.Form):
    """Why; agreeing needs no words of its own."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It is recorded and stays with the answer."),
        max_length=500,
        required=False,
        widget=forms.TextInput(attrs={"list": "grounds"}),
    )


def words_of(reason: str) -> str:
    """Say to staff why an answer, or a comment, was kept aside."""
    plain = reason.removeprefix(comments.ASIDE)
    words = str(REASONS.get(plain, plain.replace("_", " ")))
    return words if plain == reason else gettext("a comment: %(why)s") % {"why": words}


def sentence(refusal: Refusal) -> str:
    return gettext(refusals.SENTENCES[refusal.reason]) % refusal.facts


def _user(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _sitting(request: HttpRequest, sitting_id: int) -> Sitting:
    return get_object_or_404(proctoring.watched(_user(request)), pk=sitting_id)


@require_safe
@never_cache
def listed(request: HttpRequest, sitting_id: int) -> HttpResponse:
    sitting = _sitting(request, sitting_id)
    show = request.GET.get("show", "open")
    found = Paginator(aside.of_sitting(sitting, show), aside.PAGE)
    page = found.get_page(request.GET.get("page"))
    numbers = aside.counts(sitting)
    context = {
        "sitting": sitting,
        "rows": [(one, words_of(one.kept.reason)) for one in aside.tell(page.object_list)],
        "page": page,
        "show": show,
        "shows": [(name, label, numbers[name]) for name, label in SHOWS.items()],
    }
    return render(request, "proctor/quarantine.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def one(request: HttpRequest, quarantine_id: int) -> HttpResponse:
    """Show one answer beside the stored one; propose, agree or leave it out."""
    mine = Quarantine.objects.filter(session__sitting__in=proctoring.watched(_user(request)))
    return decide(request, mine, quarantine_id, "proctor/kept.html")


def decide(
    request: HttpRequest,
    among: QuerySet[Quarantine],
    quarantine_id: int,
    template: str,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    """Show or decide one of `among`; the admin's page does the same among all."""
    kept = get_object_or_404(aside.with_items(among), pk=quarantine_id)
    user, problem = _user(request), ""
    if request.method == "POST":
        try:
            _act(request, kept, user)
            return redirect(request.get_full_path())
        except Refusal as refusal:
            problem = sentence(refusal)
    [told] = aside.tell([kept])
    agree = quarantine.may_admit(kept, user)
    context = {
        "one": told,
        "kept": kept,
        "sitting": kept.session.sitting,
        "why": words_of(kept.reason),
        "form": DecisionForm(),
        "grounds": GROUNDS,
        "may_propose": bool(quarantine.may_propose(kept)),
        "may_admit": bool(agree),
        "why_not": sentence(agree.refusal) if agree.refusal else "",
        "problem": problem,
        **(more or {}),
    }
    return render(request, template, context, status=409 if problem else 200)


def _act(request: HttpRequest, kept: Quarantine, user: User) -> None:
    at, reason = timezone.now(), request.POST.get("reason", "")[:500]
    match request.POST.get("act"):
        case "propose":
            quarantine.propose(kept.pk, reason=reason, by=user, at=at)
        case "admit":
            quarantine.admit(kept.pk, by=user, at=at)
        case "refuse":
            quarantine.refuse(kept.pk, reason=reason, by=user, at=at)


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Sealed file"),
        help_text=gettext_lazy("Its name ends in .invigil; the candidate saved it on their page."),
        required=False,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sealed(request: HttpRequest, sitting_id: int) -> HttpResponse:
    """Open a candidate's emergency file of this sitting, show it, and let its answers arrive."""
    sitting = _sitting(request, sitting_id)
    mine = Sitting.objects.filter(pk=sitting.pk)
    return open_file(request, mine, {"sitting": sitting}, "proctor/sealed.html")


def open_file(
    request: HttpRequest, among: QuerySet[Sitting], context: dict[str, Any], template: str
) -> HttpResponse:
    """Show the form, what a file holds, or what came of its answers."""
    user, status = _user(request), 200
    context = context | {"form": FileForm()}
    if request.method == "POST":
        try:
            source = _source(request)
            opened = exports.read(source, among)
            context |= {"opened": opened, "field": _field(source)}
            if request.POST.get("act") == "replay":
                done = exports.replay(opened, by=user, at=timezone.now())
                context |= {
                    "done": [(each, _came(each)) for each in done.answers],
                    "remarked": [(each.remark, _became(each)) for each in done.remarks],
                    "is_done": True,
                }
        except Refusal as refusal:
            context["problem"], status = sentence(refusal), 422
    return render(request, template, context, status=status)


def _came(each: exports.Replayed) -> str:
    refusal = getattr(each.outcome, "refusal", None)
    return "" if refusal is None else words_of(refusal.reason)


def _became(each: exports.Remarked) -> str:
    """Say why a comment is not saved, "" where it is."""
    if each.refusal is None:
        return ""
    is_late = each.refusal.reason is Reason.COMMENT_LATE
    return gettext("came late, and is kept aside to be read") if is_late else sentence(each.refusal)


def _source(request: HttpRequest) -> bytes:
    """Return the bytes of the chosen file, or of the one that was looked into before."""
    chosen = request.FILES.get("file")
    if chosen is not None and chosen.size is not None and chosen.size <= LARGEST_FILE:
        return bytes(chosen.read())
    try:
        return base64.b64decode(request.POST.get("sealed", ""), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Refusal(Reason.EXPORT_UNREADABLE) from error


def _field(source: bytes) -> str:
    return base64.b64encode(source).decode() if len(source) <= LARGEST_FIELD else ""
