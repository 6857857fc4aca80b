"""The forms of authors: items without XML, and the rows of a test."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from assembly import authoring, models
from assembly.authoring import AuthoringError, Upload
from assembly.models.drafts import identifier_rule
from assembly.qti.drafts import (
    Answer,
    Choice,
    ChoiceDraft,
    Common,
    Draft,
    DraftError,
    ExtendedTextDraft,
    Picture,
    TextEntryDraft,
)
from assembly.qti.errors import ReadingError
from assembly.qti.writing import item as write_item

MAX_IMAGE = 5 * 1024 * 1024
LETTERS = [chr(code) for code in range(ord("A"), ord("Z") + 1)]


class ItemForm(forms.Form):
    """What every item has; subclasses add the question and its key."""

    kind = ""

    identifier = forms.CharField(
        label=_("Identifier"),
        max_length=255,
        validators=[identifier_rule],
        help_text=_("Short and lasting, such as geo-014. It cannot be changed later."),
    )
    title = forms.CharField(
        label=_("Title"), max_length=500, help_text=_("For lists. Candidates may see it, too.")
    )
    language = forms.CharField(label=_("Language"), max_length=35, initial="en")
    text = forms.CharField(
        label=_("Text before the question"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("A blank line begins a paragraph. *emphasis*, **important**, x^2^, H~2~O."),
    )
    question = forms.CharField(label=_("Question"), widget=forms.Textarea(attrs={"rows": 2}))
    picture = forms.FileField(
        label=_("Image"), required=False, help_text=_("PNG, JPEG, GIF, WebP or SVG, up to 5 MB.")
    )
    picture_href = forms.CharField(required=False, widget=forms.HiddenInput)
    remove_picture = forms.BooleanField(label=_("Remove the image"), required=False)
    alt = forms.CharField(
        label=_("Alternative text of the image"),
        required=False,
        max_length=1000,
        help_text=_("What somebody who cannot see the image needs to know to answer."),
    )
    decorative = forms.BooleanField(label=_("The image is decoration only"), required=False)
    score = forms.FloatField(label=_("Score"), initial=1, min_value=0.01, max_value=1000)
    irt_b = forms.FloatField(
        label=_("Difficulty (b)"), required=False, help_text=_("For adaptive sections.")
    )
    irt_a = forms.FloatField(label=_("Discrimination (a)"), required=False, min_value=0.01)
    irt_c = forms.FloatField(label=_("Guessing (c)"), required=False, min_value=0, max_value=0.99)

    upload: Upload | None = None
    source = b""

    def clean_picture(self) -> UploadedFile[Any] | None:
        given: UploadedFile[Any] | None = self.cleaned_data["picture"]
        if given is None:
            return None
        if (given.size or 0) > MAX_IMAGE:
            raise forms.ValidationError(_("This image is larger than 5 MB."))
        try:
            self.upload = authoring.image(given.name or "", given.read())
        except (AuthoringError, ReadingError) as error:
            raise forms.ValidationError(str(error)) from error
        return given

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        has_picture = self.href() != ""
        if has_picture and not data.get("alt") and not data.get("decorative"):
            self.add_error("alt", _("Describe the image, or say that it is decoration."))
        if not self.errors:
            try:
                self.source = write_item(self.draft())
            except DraftError as error:
                raise forms.ValidationError(str(error)) from error
        return data

    def href(self) -> str:
        if self.upload:
            return self.upload.href
        removed = self.cleaned_data.get("remove_picture")
        return "" if removed else self.cleaned_data.get("picture_href", "")

    def common(self) -> dict[str, Any]:
        data, href = self.cleaned_data, self.href()
        alt = "" if data["decorative"] else data["alt"]
        return {
            "identifier": data["identifier"],
            "title": data["title"],
            "language": data["language"],
            "text": data["text"],
            "question": data["question"],
            "picture": Picture(href, alt) if href else None,
            "score": data["score"],
        }

    def draft(self) -> Draft:
        raise NotImplementedError

    def uploads(self) -> list[Upload]:
        return [self.upload] if self.upload else []

    def parameters(self) -> authoring.Parameters:
        data = self.cleaned_data
        return authoring.Parameters(data["irt_a"], data["irt_b"], data["irt_c"])

    @staticmethod
    def initial_of(draft: Common, version: models.ItemVersion | None) -> dict[str, Any]:
        """Field values of a draft that exists."""
        picture = draft.picture
        return {
            "identifier": draft.identifier,
            "title": draft.title,
            "language": draft.language,
            "text": draft.text,
            "picture_href": picture.href if picture else "",
            "alt": picture.alt if picture else "",
            "decorative": bool(picture and not picture.alt),
            "score": draft.score,
            "irt_a": version.irt_a if version else None,
            "irt_b": version.irt_b if version else None,
            "irt_c": version.irt_c if version else None,
        }


class Rows:
    """Numbered groups of fields, such as choices, whose count is in the form itself."""

    def __init__(self, form: forms.Form, prefix: str, names: tuple[str, ...]) -> None:
        self.form, self.prefix, self.names = form, prefix, names

    @staticmethod
    def count(data: Any, prefix: str, initial: int) -> int:  # a QueryDict or None
        """How many rows to show: what was posted and, where asked for, two more."""
        if data is None:
            return initial
        try:
            shown = int(data.get(f"{prefix}-count", initial))
        except ValueError:
            shown = initial
        more = 2 if data.get("more") == prefix else 0
        return max(2, min(int(shown) + more, len(LETTERS)))

    def bound(self, count: int) -> list[dict[str, Any]]:
        return [
            {name: self.form[f"{self.prefix}-{i}-{name}"] for name in self.names}
            for i in range(count)
        ]

    def values(self, count: int) -> list[dict[str, Any]]:
        data = self.form.cleaned_data
        return [
            {name: data.get(f"{self.prefix}-{i}-{name}") for name in self.names}
            for i in range(count)
        ]


class ChoiceForm(ItemForm):
    kind = "choice"
    multiple = forms.BooleanField(label=_("Several choices may be right"), required=False)
    partial = forms.BooleanField(
        label=_("Give part of the score for some of the right choices"),
        required=False,
        help_text=_("Each wrong choice takes the same share away, down to zero."),
    )
    shuffle = forms.BooleanField(label=_("Shuffle the choices"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = self.initial.get("rows", [])
        self.row_count = Rows.count(
            self.data if self.is_bound else None, "choice", max(4, len(rows))
        )
        for i in range(self.row_count):
            given = rows[i] if i < len(rows) else Choice(LETTERS[i], "")
            self.fields[f"choice-{i}-text"] = forms.CharField(
                label=_("Choice %(letter)s") % {"letter": LETTERS[i]},
                required=False,
                max_length=2000,
                initial=given.text,
            )
            self.fields[f"choice-{i}-correct"] = forms.BooleanField(
                label=_("right"), required=False, initial=given.correct
            )
            self.fields[f"choice-{i}-fixed"] = forms.BooleanField(
                label=_("keeps its place"), required=False, initial=given.fixed
            )
            self.fields[f"choice-{i}-identifier"] = forms.CharField(
                required=False, widget=forms.HiddenInput, initial=given.identifier
            )
        self.rows = Rows(self, "choice", ("text", "correct", "fixed", "identifier"))

    def choice_rows(self) -> list[dict[str, Any]]:
        return self.rows.bound(self.row_count)

    def draft(self) -> ChoiceDraft:
        data = self.cleaned_data
        given = [row for row in self.rows.values(self.row_count) if row["text"]]
        choices = tuple(
            Choice(name, row["text"], bool(row["correct"]), bool(row["fixed"]))
            for name, row in zip(_names(given), given, strict=True)
        )
        return ChoiceDraft(
            **self.common(),
            choices=choices,
            multiple=data["multiple"],
            shuffle=data["shuffle"],
            partial=data["partial"],
        )

    @staticmethod
    def initial_of(draft: Common, version: models.ItemVersion | None) -> dict[str, Any]:
        assert isinstance(draft, ChoiceDraft)
        return {
            **ItemForm.initial_of(draft, version),
            "question": draft.question,
            "multiple": draft.multiple,
            "partial": draft.partial,
            "shuffle": draft.shuffle,
            "rows": draft.choices,
        }


def _names(rows: list[dict[str, Any]]) -> list[str]:
    """Identifiers of choices: those they had, and free letters for the new and the doubled."""
    found: list[str] = []
    for row in rows:
        name = row["identifier"] or ""
        if not name or name in found or not name.isidentifier():
            taken = {*found, *(other["identifier"] for other in rows)}
            name = next(letter for letter in LETTERS if letter not in taken)
        found.append(name)
    return found


class TextEntryForm(ItemForm):
    kind = "text_entry"
    numeric = forms.BooleanField(label=_("The answer is a number"), required=False)
    tolerance = forms.FloatField(
        label=_("Tolerance"),
        required=False,
        min_value=0,
        help_text=_("A number counts when it is at most this far away."),
    )
    case_sensitive = forms.BooleanField(label=_("Capitals matter"), required=False)
    expected_length = forms.IntegerField(
        label=_("Width of the gap in characters"), initial=20, min_value=1, max_value=200
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["question"].help_text = _("Write [_] where the gap is; else it comes last.")
        rows = self.initial.get("rows", [])
        self.row_count = Rows.count(
            self.data if self.is_bound else None, "answer", max(3, len(rows))
        )
        for i in range(self.row_count):
            given = rows[i] if i < len(rows) else Answer("")
            self.fields[f"answer-{i}-text"] = forms.CharField(
                label=_("Accepted answer %(number)s") % {"number": i + 1},
                required=False,
                max_length=500,
                initial=given.text,
            )
            self.fields[f"answer-{i}-share"] = forms.FloatField(
                label=_("% of the score"),
                required=False,
                min_value=0,
                max_value=100,
                initial=round(given.share * 100, 4),
            )
        self.rows = Rows(self, "answer", ("text", "share"))

    def answer_rows(self) -> list[dict[str, Any]]:
        return self.rows.bound(self.row_count)

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("numeric"):
            given = [row["text"] for row in self.rows.values(self.row_count) if row["text"]]
            try:
                [float(text) for text in given]
            except ValueError:
                self.add_error("numeric", _("This answer is not a number."))
            if len(given) > 1:
                self.add_error("numeric", _("A number has one accepted answer."))
        return super().clean()

    def draft(self) -> TextEntryDraft:
        data = self.cleaned_data
        answers = tuple(
            Answer(row["text"], 1.0 if row["share"] is None else row["share"] / 100)
            for row in self.rows.values(self.row_count)
            if row["text"]
        )
        return TextEntryDraft(
            **self.common(),
            answers=answers,
            case_sensitive=data["case_sensitive"],
            tolerance=(data["tolerance"] or 0.0) if data["numeric"] else None,
            expected_length=data["expected_length"],
        )

    @staticmethod
    def initial_of(draft: Common, version: models.ItemVersion | None) -> dict[str, Any]:
        assert isinstance(draft, TextEntryDraft)
        return {
            **ItemForm.initial_of(draft, version),
            "question": draft.question,
            "numeric": draft.tolerance is not None,
            "tolerance": draft.tolerance,
            "case_sensitive": draft.case_sensitive,
            "expected_length": draft.expected_length,
            "rows": draft.answers,
        }


class ExtendedTextForm(ItemForm):
    kind = "extended_text"
    expected_lines = forms.IntegerField(
        label=_("Height in lines"), initial=8, min_value=1, max_value=60
    )

    def draft(self) -> ExtendedTextDraft:
        return ExtendedTextDraft(
            **self.common(), expected_lines=self.cleaned_data["expected_lines"]
        )

    @staticmethod
    def initial_of(draft: Common, version: models.ItemVersion | None) -> dict[str, Any]:
        assert isinstance(draft, ExtendedTextDraft)
        return {
            **ItemForm.initial_of(draft, version),
            "question": draft.question,
            "expected_lines": draft.expected_lines,
        }


KINDS: dict[str, type[ItemForm]] = {
    form.kind: form for form in (ChoiceForm, TextEntryForm, ExtendedTextForm)
}
KIND_OF: dict[type[Common], type[ItemForm]] = {
    ChoiceDraft: ChoiceForm,
    TextEntryDraft: TextEntryForm,
    ExtendedTextDraft: ExtendedTextForm,
}
