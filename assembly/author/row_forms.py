"""Forms for the rows of a test: the test itself, its parts, sections and item refs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from assembly import models
from assembly.models import Rule

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

    Groups = list[tuple[StrPromise, list[str]]]

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


ADAPTIVE = ["min_items", "max_items", "standard_error", "choose_among", "scaling"]
PLACE = ["visible", "required", "fixed", "keep_together"]


class TimedForm(forms.ModelForm):  # type: ignore[type-arg]  # one base for four models
    """A row's form; an empty setting of item session control is inherited from outside."""

    groups: ClassVar[Groups] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, forms.NullBooleanSelect):
                field.widget.choices = [
                    ("unknown", _("As outside")),
                    ("true", _("Yes")),
                    ("false", _("No")),
                ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        low, high = data.get("min_seconds"), data.get("max_seconds")
        if low and high and low > high:
            self.add_error("min_seconds", _("The minimum time is longer than the maximum."))
        return data

    def grouped(self) -> list[tuple[StrPromise, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [
            (legend, [self[name] for name in names if name in self.fields])
            for legend, names in self.groups
        ]


class NewTestForm(forms.ModelForm):  # type: ignore[type-arg]  # ModelForm is not generic at run time
    class Meta:
        model = models.AssessmentTest
        fields = ["identifier", "title", "language"]


class TestForm(TimedForm):
    groups = [
        (_("Test"), ["title", "language"]),
        (_("Selection and order"), ["select_mode", "order_mode"]),
        (_("Time"), TIMES),
    ]

    class Meta:
        model = models.AssessmentTest
        fields = ["title", "language", "select_mode", "order_mode", *TIMES]


class PartForm(TimedForm):
    groups = [
        (_("Part"), ["identifier", "title", "navigation_mode", "submission_mode"]),
        (_("Time"), TIMES),
        (_("Each item"), CONTROL),
    ]

    class Meta:
        model = models.TestPart
        fields = ["identifier", "title", "navigation_mode", "submission_mode", *TIMES, *CONTROL]


class SectionForm(TimedForm):
    groups = [
        (_("Section"), ["identifier", "title", "instructions"]),
        (_("Selection and order"), ["rule", "select", "with_replacement", "shuffle"]),
        (_("Adaptive selection"), ADAPTIVE),
        (_("Place among its neighbours"), PLACE),
        (_("Time"), TIMES),
        (_("Each item"), CONTROL),
    ]

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
            *ADAPTIVE,
            *PLACE,
            *TIMES,
            *CONTROL,
        ]
        widgets = {"instructions": forms.Textarea(attrs={"rows": 3})}
        labels = {
            "min_items": _("At least this many items"),
            "max_items": _("At most this many items"),
            "standard_error": _("Stop at this standard error"),
            "choose_among": _("Choose among the best"),
            "scaling": _("Scaling constant D"),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("rule") in (Rule.FIRST, Rule.RANDOM) and not data.get("select"):
            self.add_error("select", _("Say how many items are selected."))
        if (data.get("min_items") or 1) > (data.get("max_items") or 1):
            self.add_error("min_items", _("At least is more than at most."))
        return data


class RefForm(TimedForm):
    groups = [
        (_("Item"), ["identifier", "version", "weight", "categories"]),
        (_("Place among its neighbours"), ["required", "fixed"]),
        (_("Time"), TIMES),
        (_("Session"), CONTROL),
    ]

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
