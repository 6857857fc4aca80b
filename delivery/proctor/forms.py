"""The sheets: what a proctor fills in before an act, and the act that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from delivery.sitting import proctoring
from delivery.sitting.proctoring import Act
from delivery.sitting.rolls import Target
from integrity.policy import lockdown

LONGEST: Final = 500
MINUTE_MS: Final = 60_000
Ready = tuple[str | Promise, ...]

HOLD_UPS: Final[Ready] = (
    _("Technical problem in the room"),
    _("Technical problem at this place"),
    _("Fire alarm or evacuation"),
    _("The candidate is unwell"),
    _("Identity has to be checked"),
    _("Suspected use of something not allowed"),
)
GOING_ON: Final[Ready] = (
    _("The problem is solved"),
    _("Identity was checked"),
    _("Checked; nothing was wrong"),
)
TIME: Final[Ready] = (
    _("Time lost to a technical problem"),
    _("Time lost to a disturbance in the room"),
    _("Late start through no fault of the candidate"),
    _("Agreed extra time"),
)
ENDINGS: Final[Ready] = (
    _("The candidate asked to end"),
    _("The candidate is unwell"),
    _("Breach of the rules"),
    _("Somebody else sat the test"),
)
MISTAKES: Final[Ready] = (
    _("Submitted by mistake"),
    _("Ended by a technical problem"),
    _("Ended by mistake of a proctor"),
)


MOVES: Final[Ready] = (
    _("The device failed"),
    _("The candidate was moved to another place"),
    _("Identity was checked"),
)
WAIVERS: Final[Ready] = (
    _("The device or browser cannot do it"),
    _("Assistive software sets the rule off"),
    _("The candidate was moved to another place"),
    _("Agreed in advance"),
)
RULES: Final[list[tuple[str, str | Promise]]] = [
    ("seb", _("Safe Exam Browser")),
    ("device", _("One device")),
    ("network", _("Networks")),
    ("code", _("Code of the room")),
    ("browser", _("Browser")),
    ("fullscreen", _("Full screen")),
    ("javascript", _("JavaScript")),
    *((signal.name, _(signal.title)) for signal in lockdown.SIGNALS.values() if signal.adverse),
    ("", _("None: every rule holds again")),
]


class ReasonForm(forms.Form):
    """A ready reason, own words, or both; one of them is needed."""

    ready_reasons: Ready = ()
    ready = forms.ChoiceField(label=_("Reason"), required=False)
    words = forms.CharField(
        label=_("In your own words"),
        help_text=_("It is recorded, and the candidate can read it."),
        max_length=LONGEST,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Choose a reason")), *((str(text), text) for text in self.ready_reasons)]
        ready = self.fields["ready"]
        assert isinstance(ready, forms.ChoiceField)
        ready.choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        parts = (cleaned.get("ready", ""), cleaned.get("words", "").strip())
        cleaned["reason"] = ": ".join(part for part in parts if part)
        if not cleaned["reason"]:
            self.add_error("ready", _("Choose a reason or write one."))
        return cleaned


class PauseForm(ReasonForm):
    ready_reasons = HOLD_UPS


class ResumeForm(ReasonForm):
    ready_reasons = GOING_ON


class TerminateForm(ReasonForm):
    ready_reasons = ENDINGS


class ExtendForm(ReasonForm):
    ready_reasons = TIME
    field_order = ("amount", "unit")
    amount = forms.IntegerField(label=_("How much"), min_value=1, max_value=999, initial=10)
    unit = forms.ChoiceField(
        label=_("Unit"),
        choices=[("minutes", _("minutes")), ("percent", _("percent of the test's time"))],
        initial="minutes",
    )


class ElsewhereForm(ReasonForm):
    ready_reasons = MOVES


class WaiveForm(ReasonForm):
    ready_reasons = WAIVERS
    field_order = ("rule",)
    rule = forms.ChoiceField(label=_("Rule"), choices=RULES, initial="seb", required=False)


class ReopenForm(ReasonForm):
    ready_reasons = MISTAKES
    field_order = ("minutes",)
    minutes = forms.IntegerField(
        label=_("New time in minutes"),
        help_text=_("It begins when the candidate goes on."),
        min_value=1,
        max_value=999,
        initial=10,
    )


class MessageForm(forms.Form):
    text = forms.CharField(
        label=_("Message"),
        help_text=_("It appears on the candidate's page and stays until they confirm it."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class PlainForm(forms.Form):
    """Nothing to fill in: the preview says who is concerned."""


Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One act as the board offers it."""

    name: str
    label: str | Promise
    title: str | Promise
    effect: str | Promise
    button: str | Promise
    form: type[forms.Form]
    make: Callable[[Data], Act]
    stops: bool = False


def _extend(data: Data) -> Act:
    amount = data.get("amount") or 0
    if data.get("unit") == "percent":
        return proctoring.Extend(data["reason"], percent=amount)
    return proctoring.Extend(data["reason"], ms=amount * MINUTE_MS)


_SHEETS = (
    Sheet(
        "message",
        _("Message"),
        _("Send a message"),
        _("The candidates read it within seconds and confirm it. Their time goes on."),
        _("Send"),
        MessageForm,
        lambda data: proctoring.SendMessage(data["text"]),
    ),
    Sheet(
        "pause",
        _("Pause"),
        _("Pause"),
        _("The item is hidden and the clock stands until you let them go on."),
        _("Pause now"),
        PauseForm,
        lambda data: proctoring.Pause(data["reason"]),
    ),
    Sheet(
        "resume",
        _("Let go on"),
        _("Let candidates go on"),
        _("They see a button. The clock runs again when they press it."),
        _("Let go on"),
        ResumeForm,
        lambda data: proctoring.Resume(data["reason"]),
    ),
    Sheet(
        "extend",
        _("Give time"),
        _("Give more time"),
        _("The time left grows at once. The candidates are told."),
        _("Give this time"),
        ExtendForm,
        _extend,
    ),
    Sheet(
        "help",
        _("Help given"),
        _("End the call for help"),
        _("You have seen to it: the call ends, and a covered test is uncovered."),
        _("Help was given"),
        PlainForm,
        lambda data: proctoring.AnswerHelp(),
    ),
    Sheet(
        "elsewhere",
        _("Let go on elsewhere"),
        _("Let a candidate go on at another page or device"),
        _("The page that asks goes on by itself; the one that was open only shows the test."),
        _("Let go on there"),
        ElsewhereForm,
        lambda data: proctoring.LetElsewhere(data["reason"]),
    ),
    Sheet(
        "stay",
        _("Keep where it is"),
        _("Keep the test where it is open"),
        _("The page that asks says so, with your reason. Nothing else changes."),
        _("Keep it there"),
        ReasonForm,
        lambda data: proctoring.KeepHere(data["reason"]),
    ),
    Sheet(
        "admit",
        _("Admit"),
        _("Admit to the sitting"),
        _("They can start as soon as the window is open."),
        _("Admit"),
        PlainForm,
        lambda data: proctoring.Admit(),
    ),
    Sheet(
        "waive",
        _("Waive a rule"),
        _("Waive a rule for a candidate"),
        _("What the rule watches is still recorded, but nothing follows from it any more."),
        _("Waive"),
        WaiveForm,
        lambda data: proctoring.Waive(data["reason"], data.get("rule") or ""),
    ),
    Sheet(
        "terminate",
        _("Terminate"),
        _("Terminate"),
        _("The test ends at once. Saved answers are kept and scored; the result is withheld."),
        _("Terminate now"),
        TerminateForm,
        lambda data: proctoring.Terminate(data["reason"]),
        stops=True,
    ),
    Sheet(
        "reopen",
        _("Reopen"),
        _("Reopen"),
        _("The ended test becomes a paused one with new time. It goes on when they say so."),
        _("Reopen"),
        ReopenForm,
        lambda data: proctoring.Reopen(data["reason"], data["minutes"] * MINUTE_MS),
    ),
)
SHEETS: Final[Mapping[str, Sheet]] = {sheet.name: sheet for sheet in _SHEETS}


def so_far(form: forms.Form) -> dict[str, Any]:
    """Return what a sheet says so far, with its first values where nothing is given yet."""
    first = {name: field.initial for name, field in form.fields.items()}
    return {"reason": "", "text": ""} | first | getattr(form, "cleaned_data", {})


def rule_words(rule: str) -> str:
    """Return the words of a rule that can be waived."""
    return str(dict(RULES).get(rule, rule))


def read_targets(values: Iterable[str]) -> list[Target]:
    """Read chosen rows; what is neither a session's id nor an enrolment's key is left out."""
    found: list[Target] = []
    for value in values:
        if value.isascii() and value.isdigit() and len(value) < 19:
            found.append(int(value))
            continue
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def read_seen(values: Iterable[str]) -> dict[UUID, int]:
    """Read `session:milliseconds` pairs, the adjustments that the sheet was drawn with."""
    seen: dict[UUID, int] = {}
    for value in values:
        session, _colon, ms = value.partition(":")
        try:
            seen[UUID(session)] = int(ms)
        except ValueError:
            continue
    return seen
