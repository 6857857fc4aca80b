"""Candidates and their enrolments in the admin: accommodations, access codes, launch links."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from delivery.admin import erasing, needs
from delivery.admin.common import actor
from delivery.admin.needs import CandidateForm
from delivery.facts import journal
from delivery.models import Candidate, Enrolment
from delivery.people import codes, enrolments, links
from integrity import ledger

LINK_LIFE = timedelta(hours=24)


@admin.register(Candidate)
class CandidateAdmin(admin.ModelAdmin[Candidate]):
    list_display = ("name", "number", "email", "has_code", "extra_time")
    search_fields = ("name", "number", "email")
    form = CandidateForm
    fieldsets = (
        (None, {"fields": ("number", "name", "email")}),
        (_("Accommodation"), {"fields": ("time_multiplier", "fixed_minutes", "unlimited",
                                         "assistive")}),
        (_("Supports"), {"fields": ("supports", "prohibited", "translation"),
                         "classes": ("collapse",)}),
    )  # fmt: skip
    list_per_page = 50
    actions = ("give_codes",)
    change_form_template = "admin/delivery/candidate/change_form.html"
    change_list_template = "admin/delivery/candidate/change_list.html"

    @admin.display(description=_("Access code"), boolean=True)
    def has_code(self, candidate: Candidate) -> bool:
        return candidate.access_code_hmac is not None

    @admin.display(description=_("Accommodation"))
    def extra_time(self, candidate: Candidate) -> str:
        if candidate.unlimited:
            return str(_("unlimited"))
        parts = [f"× {candidate.time_multiplier.normalize():f}"] * (candidate.time_multiplier != 1)
        parts += [f"+ {candidate.fixed_minutes} min"] * (candidate.fixed_minutes != 0)
        return ", ".join(parts) or "–"

    def save_model(
        self, request: HttpRequest, obj: Candidate, form: forms.ModelForm[Candidate], change: bool
    ) -> None:
        with transaction.atomic():
            if not change:
                obj.user = enrolments.new_user()
            obj.save()
            ledger.append(
                stream=f"candidate:{obj.pk}",
                kind="candidate.changed" if change else "candidate.created",
                payload={"fields": sorted(form.changed_data)},
                actor=actor(request),
                at=timezone.now(),
            )

    @admin.action(description=_("Give new access codes"), permissions=["change"])
    def give_codes(self, request: HttpRequest, chosen: QuerySet[Candidate]) -> HttpResponse:
        return _codes_page(request, list(chosen))

    def get_urls(self) -> list[URLPattern]:
        give = self.admin_site.admin_view(never_cache(require_POST(self.code_view)))
        profiles = self.admin_site.admin_view(never_cache(self.needs_view))
        erase = self.admin_site.admin_view(never_cache(self.erase_view))
        return [
            path("<int:candidate_id>/erase/", erase, name="delivery_candidate_erase"),
            path("<int:candidate_id>/code/", give, name="delivery_candidate_code"),
            path("needs/", profiles, name="delivery_candidate_needs"),
            *super().get_urls(),
        ]

    def erase_view(self, request: HttpRequest, candidate_id: int) -> HttpResponse:
        candidate = get_object_or_404(Candidate, pk=candidate_id)
        if not self.has_delete_permission(request, candidate):
            raise PermissionDenied
        return erasing.page(request, candidate)

    def needs_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return needs.page(request)

    def code_view(self, request: HttpRequest, candidate_id: int) -> HttpResponse:
        candidate = get_object_or_404(Candidate, pk=candidate_id)
        if not self.has_change_permission(request, candidate):
            raise PermissionDenied
        return _codes_page(request, [candidate])


def _codes_page(request: HttpRequest, candidates: list[Candidate]) -> HttpResponse:
    """Give each a new code and show them, once: only digests are kept."""
    at, by = timezone.now(), actor(request)
    with transaction.atomic():
        issued = [
            (candidate.number, candidate.name, codes.issue_access_code(candidate, by=by, at=at))
            for candidate in candidates
        ]
    return render(request, "admin/delivery/codes.html", {"codes": issued})


class NewEnrolmentForm(forms.ModelForm[Enrolment]):
    """A candidate named by number: a list of all of them would be too long to look through."""

    candidate_number = forms.CharField(label=_("Candidate number"), max_length=64)

    class Meta:
        model = Enrolment
        fields = ("sitting", "room", "extra_attempts")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        number, sitting = cleaned.get("candidate_number", ""), cleaned.get("sitting")
        candidate = Candidate.objects.filter(number=number.strip()).first()
        if candidate is None:
            self.add_error("candidate_number", gettext("No candidate has this number."))
        elif Enrolment.objects.filter(sitting=sitting, candidate=candidate).exists():
            self.add_error("candidate_number", gettext("This candidate is enrolled already."))
        else:
            self.instance.candidate = candidate
        return cleaned


@admin.register(Enrolment)
class EnrolmentAdmin(admin.ModelAdmin[Enrolment]):
    list_display = ("candidate", "sitting", "room", "extra_attempts", "admitted_at")
    list_select_related = ("candidate", "sitting")
    list_filter = ("sitting",)
    search_fields = ("candidate__name", "candidate__number", "room")
    readonly_fields = ("admitted_at", "admitted_by")
    list_per_page = 50
    actions = ("make_links",)

    def get_fields(self, request: HttpRequest, obj: Enrolment | None = None) -> tuple[str, ...]:
        if obj is None:
            return ("sitting", "candidate_number", "room", "extra_attempts")
        return ("sitting", "candidate", "room", "extra_attempts", "admitted_at", "admitted_by")

    def get_form(
        self,
        request: HttpRequest,
        obj: Enrolment | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[forms.ModelForm[Enrolment]]:
        if obj is None:
            kwargs["form"] = NewEnrolmentForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Enrolment | None = None
    ) -> tuple[str, ...]:
        fixed = () if obj is None else ("sitting", "candidate")
        return (*fixed, *self.readonly_fields)

    def save_model(
        self, request: HttpRequest, obj: Enrolment, form: forms.ModelForm[Enrolment], change: bool
    ) -> None:
        with transaction.atomic():
            obj.save()
            payload: dict[str, Any] = {
                "candidate": f"candidate:{obj.candidate_id}",
                "fields": sorted(form.changed_data),
            }
            kind = "enrolment.changed" if change else "candidate.enrolled"
            journal.note(obj.sitting, kind, payload, by=actor(request), at=timezone.now())

    @admin.action(description=_("Make launch links (valid for 24 hours)"), permissions=["change"])
    def make_links(self, request: HttpRequest, chosen: QuerySet[Enrolment]) -> HttpResponse:
        at, by = timezone.now(), actor(request)
        with transaction.atomic():
            links = [
                (enrolment, _link(request, enrolment, by=by))
                for enrolment in chosen.select_related("candidate", "sitting")
            ]
        context = {"links": links, "expires_at": at + LINK_LIFE}
        return render(request, "admin/delivery/links.html", context)


def _link(request: HttpRequest, enrolment: Enrolment, *, by: str) -> str:
    at = timezone.now()
    token = links.issue_launch_link(enrolment, at + LINK_LIFE, by=by, at=at)
    return request.build_absolute_uri(reverse("candidate:launch", args=[token]))
