"""A candidate's supports to tick, and the page that takes AfA PNP files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assembly.qti import pnp
from delivery.admin.common import actor
from delivery.models import Candidate
from delivery.people import needs
from delivery.people.needs import NeedsError

NAMES = [(name, name) for name in pnp.SUPPORTS if name != pnp.TIME]


class CandidateForm(forms.ModelForm[Candidate]):
    """A candidate with supports by the names that AfA PNP gives them."""

    supports = forms.MultipleChoiceField(
        label=_("Supports"),
        help_text=_("What the candidate's items offer where an item has it, as AfA PNP names it."),
        choices=NAMES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    prohibited = forms.MultipleChoiceField(
        label=_("Not allowed"),
        help_text=_("Wins over every support."),
        choices=NAMES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    translation = forms.CharField(
        label=_("Language of translations"),
        help_text=_("A language tag, such as es or pt-BR."),
        max_length=35,
        required=False,
        validators=[RegexValidator(rf"^{pnp.LANGUAGE}$", _("This is no language tag."))],
    )

    class Meta:
        model = Candidate
        fields = (
            "number",
            "name",
            "email",
            "time_multiplier",
            "fixed_minutes",
            "unlimited",
            "assistive",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.preferences
        self.fields["supports"].initial = list(kept.get("supports", {}))
        self.fields["prohibited"].initial = kept.get("prohibited", [])
        self.fields["translation"].initial = needs.of(self.instance).language

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.instance.preferences = needs.edited(
            self.instance.preferences,
            supports=cleaned.get("supports", []),
            prohibited=cleaned.get("prohibited", []),
            language=cleaned.get("translation", ""),
        )
        return cleaned


class ProfilesForm(forms.Form):
    file = forms.FileField(
        label=_("File of profiles"),
        help_text=_("AfA PNP 3.0: records by candidate numbers, or one profile."),
        widget=forms.FileInput(attrs={"accept": ".xml,text/xml,application/xml"}),
    )
    number = forms.CharField(
        label=_("Candidate number"),
        help_text=_("Only where the file holds one profile without a person."),
        max_length=64,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file, number = cleaned.get("file"), cleaned.get("number", "").strip()
        candidate = Candidate.objects.filter(number=number).first() if number else None
        if number and candidate is None:
            self.add_error("number", _("No candidate has this number."))
        elif file is not None:
            try:
                cleaned["rows"] = needs.read(file.read(), only=candidate)
            except NeedsError as error:
                self.add_error("file", str(error))
        return cleaned


def page(request: HttpRequest) -> HttpResponse:
    """Take a file of profiles: all of it is put on the candidates, or nothing."""
    form = ProfilesForm(request.POST or None, request.FILES or None)
    rows: list[needs.Row] = []
    if request.method == "POST" and form.is_valid():
        rows = form.cleaned_data["rows"]
        needs.keep(rows, by=actor(request), at=timezone.now())
        form = ProfilesForm()
    return render(request, "admin/delivery/needs.html", {"form": form, "rows": rows})
