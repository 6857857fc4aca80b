from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from assembly.models import AssessmentTest, AssessmentTestVersion
from delivery.models import Sitting
from integrity import ledger
from integrity.models import LedgerEntry, LockdownPolicy, PolicyInUseError
from integrity.policy import lockdown, policies, seb, seb_files
from integrity.policy.browsers import Browser
from integrity.policy.lockdown import Action, Rule

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def use(policy: LockdownPolicy) -> Sitting:
    version = AssessmentTestVersion.objects.create(
        test=AssessmentTest.objects.create(identifier="T", title="T"),
        number=1,
        published_at=AT,
    )
    return Sitting.objects.create(title="s", test_version=version, lockdown=policy)


def form(**changes: Any) -> dict[str, Any]:
    return {"name": "Room 5", "tab_hidden__log": "on", **changes}


def test_a_new_installation_has_two_policies() -> None:
    rows = [row.policy() for row in LockdownPolicy.objects.order_by("id")]
    assert rows == [lockdown.OPEN_PRACTICE, lockdown.SUPERVISED_EXAM]
    assert policies.ready_made(lockdown.OPEN_PRACTICE) == LockdownPolicy.objects.first()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("browsers", "Netscape 4", "“Netscape 4” is not a browser"),
        ("further_shortcuts", "ctrl+", "“ctrl+” is not a shortcut."),
    ],
)
def test_what_is_no_browser_and_no_shortcut_is_said(
    staff: Client, field: str, value: str, told: str
) -> None:
    url = reverse("admin:integrity_lockdownpolicy_add")
    assert told in staff.post(url, form(**{field: value})).content.decode()


def test_the_steps_become_rules_and_come_back_as_numbers(staff: Client) -> None:
    url = reverse("admin:integrity_lockdownpolicy_add")
    assert staff.get(url).status_code == 200
    data = form(
        requires_fullscreen="on",
        tab_hidden__warn="2",
        tab_hidden__pause="4",
        tab_visible__log="on",
        copy_attempt__blur="1",
        browsers="chrome 120\nFirefox 115.2",
        known_shortcuts=["mod+p", "f12"],
        further_shortcuts="Shift+Mod+S alt+tab",
    )
    assert staff.post(url, data).status_code == 302
    row = LockdownPolicy.objects.get(name="Room 5")
    assert row.policy() == lockdown.Policy(
        name="Room 5",
        version=1,
        watched={
            "tab_visible": Rule(Action.LOG),
            "tab_hidden": Rule(Action.LOG, 1, Rule(Action.WARN, 2, Rule(Action.PAUSE, 4))),
            "copy_attempt": Rule(Action.BLUR),
        },
        requires_fullscreen=True,
        browsers=(Browser("Chrome", 120), Browser("Firefox", 115, 2)),
        shortcuts=("mod+p", "f12", "mod+shift+s", "alt+tab"),
    )
    page = staff.get(reverse("admin:integrity_lockdownpolicy_change", args=[row.pk]))
    shown = page.context["adminform"].form.initial
    assert {name: shown[name] for name in shown if name.startswith("tab_hidden")} == {
        "tab_hidden__log": True, "tab_hidden__warn": 2, "tab_hidden__pause": 4,
    }  # fmt: skip


def test_a_milder_step_after_a_stronger_one_is_explained(staff: Client) -> None:
    data = form(tab_hidden__warn="3", tab_hidden__blur="2")
    page = staff.post(reverse("admin:integrity_lockdownpolicy_add"), data)
    assert page.status_code == 200
    assert page.context["adminform"].form.errors == {
        "tab_hidden__log": ["Each stronger step must begin later than the milder one before it."]
    }


def test_an_unused_policy_is_changed_in_place(staff: Client) -> None:
    row = policies.save(LockdownPolicy(name="Room 5"))
    staff.post(reverse("admin:integrity_lockdownpolicy_change", args=[row.pk]), form())
    (changed,) = LockdownPolicy.objects.filter(name="Room 5")
    assert (changed.version, list(changed.rules)) == (1, ["tab_hidden"])


def test_a_change_of_a_used_policy_is_a_new_version(staff: Client) -> None:
    row = policies.save(LockdownPolicy(name="Room 5"))
    sitting = use(row)
    page = staff.post(
        reverse("admin:integrity_lockdownpolicy_change", args=[row.pk]), form(), follow=True
    )
    assert "its new version 2" in page.content.decode()
    new, old = LockdownPolicy.objects.filter(name="Room 5")
    assert (old.version, old.rules) == (1, {})
    assert (new.version, list(new.rules)) == (2, ["tab_hidden"])
    sitting.refresh_from_db()
    assert sitting.lockdown == old


def test_a_used_policy_refuses_to_change_under_its_sessions() -> None:
    row = policies.save(LockdownPolicy(name="Room 5"))
    use(row)
    row.save()
    row.requires_fullscreen = True
    with pytest.raises(PolicyInUseError, match="Room 5, version 1"):
        row.save()


def test_entries_are_read_in_the_admin_and_nothing_else(
    staff: Client, rf: Any, django_user_model: Any
) -> None:
    for number in (1, 2):
        ledger.append(stream="s", kind="k", payload={"n": number}, actor="x", at=AT)
    page = staff.get(reverse("admin:integrity_ledgerentry_changelist"))
    assert "2026-11-22 10:42:00.000+00:00" in page.content.decode()
    entry = LedgerEntry.objects.latest("id")
    assert (
        staff.get(reverse("admin:integrity_ledgerentry_change", args=[entry.pk])).status_code == 200
    )
    assert staff.get(reverse("admin:integrity_ledgerentry_add")).status_code == 403
    assert (
        staff.get(reverse("admin:integrity_ledgerentry_delete", args=[entry.pk])).status_code == 403
    )
    assert "delete_selected" not in admin.site._registry[LedgerEntry].get_actions(page.wsgi_request)


def change(staff: Client, row: LockdownPolicy, **data: Any) -> Any:
    url = reverse("admin:integrity_lockdownpolicy_change", args=[row.pk])
    return staff.post(url, form(name=row.name, **data))


def test_the_profile_of_safe_exam_browser_is_a_form(staff: Client) -> None:
    row = policies.save(LockdownPolicy(name="Locked"))
    keys = f"{'AB' * 32}, {'cd' * 32}"
    change(
        staff, row, seb_mode="required", seb_displays="2", seb_show_time="on",
        seb_allowed_urls="help.example.org/*", seb_quit_password="bye", seb_password="open",
        seb_exam_keys=keys,
    )  # fmt: skip
    policy = LockdownPolicy.objects.get(name="Locked").policy()
    assert policy.seb_mode is seb.Mode.REQUIRED
    assert policy.seb_exam_keys == ("ab" * 32, "cd" * 32)
    assert policy.seb_password == "open"
    profile = policy.seb_profile
    assert (profile.displays, profile.show_time, profile.allow_quit) == (2, True, False)
    assert profile.allowed_urls == ("help.example.org/*",)
    assert profile.quit_password_sha256 == sha256(b"bye").hexdigest()


def test_a_used_policy_gets_its_safe_exam_browser_as_a_new_version(staff: Client) -> None:
    row = policies.save(LockdownPolicy(name="Locked"))
    use(row)
    assert change(staff, row, seb_mode="required").status_code == 302
    found = LockdownPolicy.objects.filter(name="Locked").order_by("version")
    assert [(one.version, one.seb_mode) for one in found] == [(1, "none"), (2, "required")]


def test_a_wrong_exam_key_is_refused_with_a_sentence(staff: Client) -> None:
    page = change(staff, policies.save(LockdownPolicy(name="Locked")), seb_exam_keys="123")
    assert "A Browser Exam Key has 64 digits" in page.content.decode()


def test_an_uploaded_file_is_kept_with_its_config_key(staff: Client) -> None:
    row = policies.save(LockdownPolicy(name="Locked"))
    content = seb_files.write_encrypted({"startURL": "https://exam.example.org/"}, "open")
    wrong = change(staff, row, seb_upload=SimpleUploadedFile("a.seb", content))
    assert "Give the password, too." in wrong.content.decode()
    upload = SimpleUploadedFile("a.seb", content)
    change(staff, row, seb_upload=upload, seb_upload_password="open")
    kept = LockdownPolicy.objects.get(name="Locked")
    assert kept.seb_file is not None
    assert bytes(kept.seb_file.content) == content
    assert kept.policy().seb_file_key == seb.config_key({"startURL": "https://exam.example.org/"})
    change(staff, kept, seb_without_file="on")
    assert LockdownPolicy.objects.get(name="Locked").policy().seb_file_key == ""
