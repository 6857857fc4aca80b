"""The admin of integrity: lockdown policies as a table of steps, ledger entries to be read."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, ngettext

from integrity import chain
from integrity.models import LedgerEntry, LockdownPolicy
from integrity.policy import browsers, lockdown, policies, seb_form, shortcuts
from integrity.policy.lockdown import Action

if TYPE_CHECKING:  # generic for mypy, not in Django itself
    PolicyModelAdmin = admin.ModelAdmin[LockdownPolicy]
    EntryModelAdmin = admin.ModelAdmin[LedgerEntry]
else:
    PolicyModelAdmin, EntryModelAdmin = (admin.ModelAdmin, admin.ModelAdmin)

STEP_LABELS = {
    Action.WARN: gettext_lazy("Remind from"),
    Action.BLUR: gettext_lazy("Cover from"),
    Action.ASK_PROCTOR: gettext_lazy("Call a proctor from"),
    Action.PAUSE: gettext_lazy("Pause from"),
    Action.TERMINATE: gettext_lazy("End from"),
}

RELIABILITY = {
    lockdown.Reliability.GOOD: gettext_lazy("good: the browser tells it whenever it happens."),
    lockdown.Reliability.FAIR: gettext_lazy("fair: true when told, but not always told."),
    lockdown.Reliability.WEAK: gettext_lazy("weak: often told for harmless reasons."),
}


def _field_names(signal: lockdown.Signal) -> list[str]:
    actions = STEP_LABELS if signal.adverse else {}
    return [f"{signal.name}__log", *(f"{signal.name}__{action}" for action in actions)]


class StepsForm(seb_form.SebForm):
    """Shows the rules as numbers: from which occurrence on each step follows."""

    browsers = forms.CharField(
        label=gettext_lazy("Browsers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 30}),
        help_text=gettext_lazy(
            "One a line with its least version, as in “Chrome 120”: Chrome, Edge, Firefox, Opera, "
            "Safari, Samsung Internet. Empty: every browser will do. Safe Exam Browser is not "
            "asked for its version here."
        ),
    )
    known_shortcuts = forms.MultipleChoiceField(
        label=gettext_lazy("Shortcuts"),
        required=False,
        choices=[(one.keys, one.keys) for one in shortcuts.TABLE],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Kept from the page where shortcuts are watched. A browser keeps some to itself: a new "
            "tab and a closed one only stay out in full "
            "screen, with the browser's keyboard lock."
        ),
    )
    further_shortcuts = forms.CharField(
        label=gettext_lazy("Further shortcuts"),
        required=False,
        help_text=gettext_lazy(
            "With spaces between them, as in “mod+shift+s alt+tab”; “mod” is Ctrl, or Command on a "
            "Mac."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for event, rule in lockdown.read_rules(self.instance.rules).items():
            self.initial[f"{event}__log"] = True
            for step in rule.steps():
                self.initial[f"{event}__{step.action}"] = step.after
        known = {one.keys: gettext(one.does) for one in shortcuts.TABLE}
        field = self.fields["known_shortcuts"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(keys, f"{shortcuts.shown(keys)}: {does}") for keys, does in known.items()]
        kept = list(self.instance.shortcuts)
        self.initial["known_shortcuts"] = [keys for keys in kept if keys in known]
        self.initial["further_shortcuts"] = " ".join(keys for keys in kept if keys not in known)

    def clean_browsers(self) -> str:
        written: str = self.cleaned_data["browsers"]
        try:
            return "\n".join(map(str, browsers.read(written)))
        except browsers.BrowserListError as error:
            raise forms.ValidationError(
                gettext("“%(line)s” is not a browser with its least version.")
                % {"line": error.line}
            ) from error

    def clean_further_shortcuts(self) -> str:
        written: str = self.cleaned_data["further_shortcuts"]
        try:
            return " ".join(shortcuts.read(written.split()))
        except shortcuts.ShortcutError as error:
            raise forms.ValidationError(
                gettext("“%(text)s” is not a shortcut.") % {"text": error.text}
            ) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        rules: dict[str, lockdown.Rule] = {}
        for name in lockdown.SIGNALS:
            try:
                rules |= lockdown.read_rules(_rules_of(name, data))
            except lockdown.PolicyError:
                self.add_error(
                    f"{name}__log",
                    gettext("Each stronger step must begin later than the milder one before it."),
                )
        self.instance.rules = lockdown.write_rules(rules)
        further = data.get("further_shortcuts", "").split()
        self.instance.shortcuts = list(shortcuts.read([*data.get("known_shortcuts", ()), *further]))
        return data


def _rules_of(event: str, data: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    steps = [
        {"action": action.value, "after": data[f"{event}__{action}"]}
        for action in STEP_LABELS
        if data.get(f"{event}__{action}")
    ]
    if (steps or data.get(f"{event}__log")) and (not steps or steps[0]["after"] > 1):
        steps.insert(0, {"action": Action.LOG.value, "after": 1})
    return {event: steps} if steps else {}


def _step_fields() -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for signal in lockdown.SIGNALS.values():
        fields[f"{signal.name}__log"] = forms.BooleanField(
            label=gettext_lazy("Note it"), required=False
        )
        for action, label in STEP_LABELS.items() if signal.adverse else ():
            fields[f"{signal.name}__{action}"] = forms.IntegerField(
                label=label, required=False, min_value=1, max_value=99
            )
    return fields


class Meta:
    model = LockdownPolicy
    fields = (
        "name",
        "requires_javascript",
        "requires_fullscreen",
        "browsers",
        "seb_mode",
        "seb_password",
        "seb_exam_keys",
    )


PolicyForm = type(
    "PolicyForm", (StepsForm,), {**_step_fields(), **seb_form.switch_fields(), "Meta": Meta}
)


@admin.register(LockdownPolicy)
class LockdownPolicyAdmin(PolicyModelAdmin):
    form = PolicyForm
    list_display = (
        "name",
        "version",
        "watched",
        "requires_javascript",
        "requires_fullscreen",
        "seb_mode",
    )
    list_filter = ("name",)
    search_fields = ("name",)
    save_as = True

    def get_fieldsets(self, request: HttpRequest, obj: LockdownPolicy | None = None) -> Any:
        about = gettext(
            "A number says from which occurrence on a step follows (1: from the first time); an "
            "empty step is left out. What a browser reports can be forged and can be innocent: "
            "prefer mild steps. “End” ends a test only in a sitting that says that rules may; in "
            "every other it pauses."
        )
        head = ("name", ("requires_javascript", "requires_fullscreen"))
        keys = ("known_shortcuts", "further_shortcuts")
        return [
            (None, {"fields": (*head, "browsers"), "description": about}),
            (gettext("Shortcuts"), {"fields": keys, "classes": ["collapse"]}),
            (
                gettext("Safe Exam Browser"),
                {"fields": seb_form.FIELDS, "description": _about_seb(), "classes": ["collapse"]},
            ),
            *(
                (
                    gettext(signal.title),
                    {"fields": (tuple(_field_names(signal)),), "description": _about(signal)},
                )
                for signal in lockdown.SIGNALS.values()
            ),
        ]

    @admin.display(description=gettext_lazy("watches"))
    def watched(self, row: LockdownPolicy) -> str:
        count = len(row.rules)
        return ngettext("%(count)s event", "%(count)s events", count) % {"count": count}

    def save_model(
        self, request: HttpRequest, obj: LockdownPolicy, form: Any, change: bool
    ) -> None:
        before = obj.pk
        policies.save(obj)
        if change and obj.pk != before:
            messages.info(
                request,
                gettext(
                    "The policy was in use, so the change is its new version %(version)s. "
                    "Sittings and sessions keep theirs until you choose the new one."
                )
                % {"version": obj.version},
            )


def _about_seb() -> str:
    return gettext(
        "The Config Key proves that the browser knows the configuration, which holds a secret of "
        "the candidate's own. Whoever can read the file can compute it: give the file a password, "
        "or list the Browser Exam Keys of the versions in use, which nobody can compute."
    )


def _about(signal: lockdown.Signal) -> SafeString:
    causes = "; ".join(gettext(cause) for cause in signal.innocent_causes)
    return format_html(
        "{} <strong>{}</strong> {} {}.",
        gettext("Reliability:"),
        RELIABILITY[signal.reliability],
        gettext("Innocent causes:"),
        causes,
    )


@admin.register(LedgerEntry)
class LedgerEntryAdmin(EntryModelAdmin):
    """Entries to be read and searched; nobody adds, changes or deletes one."""

    list_display = ("stream", "seq", "at", "kind", "actor", "hash")
    list_display_links = ("seq",)
    list_select_related = ("stream",)
    search_fields = ("stream__name__exact", "kind", "actor")
    search_help_text = gettext_lazy("The whole name of a stream, or part of a kind or an actor")
    ordering = ("-id",)
    show_full_result_count = False

    @admin.display(description=gettext_lazy("time"), ordering="at_ms")
    def at(self, row: LedgerEntry) -> str:
        at = chain.EPOCH + row.at_ms * chain.MILLISECOND
        return at.isoformat(sep=" ", timespec="milliseconds")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        return super().get_queryset(request).select_related("stream")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LedgerEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LedgerEntry | None = None) -> bool:
        return False
