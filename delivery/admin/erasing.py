"""The page that asks before a person is erased: what goes, what stays, and their number again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from delivery.admin.common import actor
from delivery.models import Candidate
from delivery.people import erasing
from delivery.rules.refusals import Refusal


class EraseForm(forms.Form):
    """The number typed again says that it is meant; the reason stays in the record."""

    number = forms.CharField(label=_("Candidate number"), max_length=64)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("It stays in the record: write no names here."),
    )

    def __init__(self, *args: Any, candidate: Candidate, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidate = candidate

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"].strip()
        if number != self.candidate.number:
            raise forms.ValidationError(gettext("This is not the number of this candidate."))
        return number


def page(request: HttpRequest, candidate: Candidate) -> HttpResponse:
    """Ask, and erase once the number was typed again."""
    asked = erasing.may_erase(candidate)
    form = EraseForm(request.POST or None, candidate=candidate)
    if request.method == "POST" and asked and form.is_valid():
        reason, at = form.cleaned_data["reason"], timezone.now()
        try:
            erasing.erase(candidate.pk, reason=reason, by=actor(request), at=at)
        except Refusal as refusal:
            messages.error(request, gettext(refusal.sentence))
            return redirect("admin:delivery_candidate_change", candidate.pk)
        messages.success(request, gettext("The candidate was erased; the record stays whole."))
        return redirect("admin:delivery_candidate_changelist")
    obstacle = gettext(asked.refusal.sentence) if asked.refusal else ""
    context = {"candidate": candidate, "form": form, "obstacle": obstacle}
    return render(request, "admin/delivery/erase.html", context)
