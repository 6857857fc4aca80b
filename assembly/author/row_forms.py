"""Forms for the rows of a test: the test itself, its parts, sections and item refs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assembly import models
from assembly.models import Rule

TIMES = ["min_seconds", "max_seconds", "allow_late_submission"]
CONTROL = [
    "max_attempts",
    "allow_skipping",
    "validate_responses",
    "show_feedback",
    "allow_review",
    "show_solution",
    "allow_comment",
]


class TimedForm(forms.ModelForm):  # type: ignore[type-arg]  # one base for four models
    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        low, high = data.get("min_seconds"), data.get("max_seconds")
        if low and high and low > high:
            self.add_error("min_seconds", _("The minimum time is longer than the maximum."))
        return data


class NewTestForm(forms.ModelForm):  # type: ignore[type-arg]  # ModelForm is not generic at run time
    class Meta:
        model = models.AssessmentTest
        fields = ["identifier", "title", "language"]


class TestForm(TimedForm):
    class Meta:
        model = models.AssessmentTest
        fields = ["title", "language", "select_mode", "order_mode", *TIMES]


class PartForm(TimedForm):
    class Meta:
        model = models.TestPart
        fields = ["identifier", "title", "navigation_mode", "submission_mode", *TIMES, *CONTROL]


class SectionForm(TimedForm):
    class Meta:
        model = models.Section
        fields = [
            "identifier",
            "title",
            "instructions",
            "rule",
            "select",
            "with_replacement",
            "shuffle",
            "min_items",
            "max_items",
            "standard_error",
            "choose_among",
            "scaling",
            "visible",
            "required",
            "fixed",
            "keep_together",
            *TIMES,
            *CONTROL,
        ]
        widgets = {"instructions": forms.Textarea(attrs={"rows": 3})}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("rule") in (Rule.FIRST, Rule.RANDOM) and not data.get("select"):
            self.add_error("select", _("Say how many items are selected."))
        if (data.get("min_items") or 1) > (data.get("max_items") or 1):
            self.add_error("min_items", _("At least is more than at most."))
        return data


class RefForm(TimedForm):
    class Meta:
        model = models.ItemRef
        fields = [
            "identifier",
            "version",
            "weight",
            "categories",
            "required",
            "fixed",
            *TIMES,
            *CONTROL,
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = models.ItemVersion.objects.filter(item=self.instance.item_id)
        field = self.fields["version"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = versions.select_related("item").defer("xml").order_by("-number")
        field.empty_label = str(_("The newest when the test is published"))


class UploadForm(forms.Form):
    package = forms.FileField(
        label=_("Package"),
        help_text=_("A zip with imsmanifest.xml, or one item as XML. At most 100 MB."),
    )

    def clean_package(self) -> Any:  # Django's own type of an upload
        given = self.cleaned_data["package"]
        if given.size > 100 * 1024 * 1024:
            raise forms.ValidationError(_("This file is larger than 100 MB."))
        return given


ROW_FORMS: dict[str, tuple[type[models.Timed], type[TimedForm]]] = {
    "part": (models.TestPart, PartForm),
    "section": (models.Section, SectionForm),
    "ref": (models.ItemRef, RefForm),
}
