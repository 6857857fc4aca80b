"""The part of a policy's form that is about Safe Exam Browser: mode, profile, keys and files."""

from dataclasses import fields
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils.translation import gettext, gettext_lazy

from integrity.models import LockdownPolicy, SebFile
from integrity.policy import seb, seb_files

if TYPE_CHECKING:  # generic for mypy, not in Django itself
    PolicyModelForm = forms.ModelForm[LockdownPolicy]
else:
    PolicyModelForm = forms.ModelForm

SWITCHES: Final = {
    "allow_quit": gettext_lazy("Candidates may quit the browser"),
    "show_taskbar": gettext_lazy("Show the task bar"),
    "show_time": gettext_lazy("Show the time of day"),
    "show_reload_button": gettext_lazy("Show a button that loads the page again"),
    "allow_reload": gettext_lazy("The page may be loaded again"),
    "show_input_language": gettext_lazy("Let the keyboard layout be chosen"),
    "allow_spell_check": gettext_lazy("Check spelling"),
    "allow_wlan": gettext_lazy("Let the wireless network be chosen"),
    "mute_audio": gettext_lazy("Mute the device"),
    "allow_virtual_machine": gettext_lazy("Allow a virtual machine"),
}
SWITCH_FIELDS: Final = tuple(f"seb_{name}" for name in SWITCHES)
FIELDS: Final = (
    "seb_mode",
    SWITCH_FIELDS,
    "seb_displays",
    "seb_allowed_urls",
    "seb_quit_password",
    "seb_password",
    "seb_exam_keys",
    ("seb_upload", "seb_upload_password"),
    "seb_without_file",
)


class SebForm(PolicyModelForm):
    """Fields of their own for the profile; an uploaded file is read, and its key computed."""

    seb_displays = forms.IntegerField(
        label=gettext_lazy("Screens"), min_value=1, max_value=9, initial=1, required=False
    )
    seb_allowed_urls = forms.CharField(
        label=gettext_lazy("Further addresses"),
        help_text=gettext_lazy("One a line, such as help.example.org/*; this server is allowed."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
    )
    seb_quit_password = forms.CharField(
        label=gettext_lazy("Password to quit"),
        help_text=gettext_lazy("Only its digest is kept. Empty leaves it as it is."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        required=False,
    )
    seb_upload = forms.FileField(
        label=gettext_lazy("Own .seb file"),
        help_text=gettext_lazy("Handed out as it is, in place of the generated ones."),
        widget=forms.FileInput(attrs={"accept": ".seb"}),
        required=False,
    )
    seb_upload_password = forms.CharField(
        label=gettext_lazy("Its password"),
        help_text=gettext_lazy("Needed once to compute the Config Key; it is not kept."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        required=False,
    )
    seb_without_file = forms.BooleanField(
        label=gettext_lazy("Forget the own file and generate again"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        profile = seb.Profile.read(self.instance.seb_profile)
        for name in SWITCHES:
            self.initial[f"seb_{name}"] = getattr(profile, name)
        self.initial["seb_displays"] = profile.displays
        self.initial["seb_allowed_urls"] = "\n".join(profile.allowed_urls)
        self.fields["seb_mode"].required = False
        if self.instance.seb_file_key:
            self.fields["seb_upload"].help_text = gettext("Its Config Key is %(key)s.") % {
                "key": self.instance.seb_file_key
            }

    def clean_seb_mode(self) -> str:
        return str(self.cleaned_data.get("seb_mode") or seb.Mode.NONE)

    def clean_seb_exam_keys(self) -> str:
        try:
            return "\n".join(seb.read_exam_keys(self.cleaned_data.get("seb_exam_keys", "")))
        except ValueError as error:
            raise forms.ValidationError(
                gettext("A Browser Exam Key has 64 digits, 0 to 9 and a to f.")
            ) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self._read_upload(data)
        before = seb.Profile.read(self.instance.seb_profile)
        entered = data.get("seb_quit_password", "")
        digest = sha256(entered.encode()).hexdigest() if entered else before.quit_password_sha256
        switches = {name: bool(data.get(f"seb_{name}")) for name in SWITCHES}
        profile = seb.Profile(
            **switches,
            quit_password_sha256=digest,
            displays=data.get("seb_displays") or 1,
            allowed_urls=tuple(data.get("seb_allowed_urls", "").split()),
        )
        # A form that leaves these fields out means the profile that was there before.
        given = any(name in self.data for name in (*SWITCH_FIELDS, "seb_displays"))
        self.instance.seb_profile = (profile if given else before).write()
        return data

    def _read_upload(self, data: dict[str, Any]) -> None:
        if data.get("seb_without_file"):
            self.instance.seb_file, self.instance.seb_file_key = None, ""
        upload = data.get("seb_upload")
        if upload is None:
            return
        content = upload.read(seb_files.LARGEST_FILE + 1)
        try:
            key = seb_files.config_key(content, data.get("seb_upload_password", ""))
        except seb_files.SebFileError as error:
            self.add_error("seb_upload", str(error))
            return
        self.instance.seb_file = SebFile.objects.create(content=content, key=key)
        self.instance.seb_file_key = key


def switch_fields() -> dict[str, forms.Field]:
    """Return a tick for each switch of the profile."""
    known = {field.name for field in fields(seb.Profile)}
    assert known >= SWITCHES.keys()
    return {
        f"seb_{name}": forms.BooleanField(label=label, required=False)
        for name, label in SWITCHES.items()
    }
