"""Sittings in the admin: settings with their doubts, the roster, the results."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from assembly.models import AssessmentTestVersion, VersionState
from assembly.packages.exporting import ExportError
from delivery.admin import browsers, documents
from delivery.admin.common import actor
from delivery.admin.pictures import picture
from delivery.models import AssessmentSession, Sitting
from delivery.people import roster
from delivery.session import release
from delivery.sitting import lint, proctoring, reports, timetable

MINUTE = 60
# What a clock that stands for lost contact is bounded by; left empty, the usual bounds hold.
CAPS = ("silence_pauses", "silence_minutes")
KEPT_ROSTER = "roster-of-%s"


class Names(forms.ModelMultipleChoiceField[User]):
    """People to tick, by the names they go by."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.get_full_name() or obj.get_username())


class Instant(forms.DateTimeInput):
    """One field for a date with its time: labelled, and with the browser's own picker."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"step": 1}, format="%Y-%m-%dT%H:%M:%S")


class SittingForm(forms.ModelForm[Sitting]):
    """A sitting, its duration in minutes, its proctors among those who may be one."""

    proctors = Names(
        label=_("Proctors"),
        help_text=_("Members of the group “Proctor”; each sees only the sittings that name them."),
        queryset=User.objects.none(),
        required=False,
    )

    duration_minutes = forms.IntegerField(
        label=_("Duration in minutes"),
        help_text=_("The smaller of this and the test's own time counts."),
        min_value=1,
        max_value=7 * 24 * 60,
        required=False,
    )

    class Meta:
        model = Sitting
        fields = (
            "title",
            "test_version",
            "opens_at",
            "closes_at",
            "attempt_limit",
            "lockdown",
            "linear",
            "admission",
            "leaving",
            "extend_past_window",
            "grace_seconds",
            "takeover",
            "offline_pages",
            "silence_seconds",
            "silence_pauses",
            "silence_minutes",
            "release",
            "networks",
            "room_codes",
            "one_device",
            "rules_may_terminate",
            "proctors",
        )
        widgets = {
            "networks": forms.Textarea(attrs={"rows": 3}),
            "room_codes": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "silence_seconds": _(
                "Empty: the clock runs on, whatever the connection does. A page without "
                "JavaScript cannot be heard, and its clock always runs on."
            ),
            "networks": _(
                "One address or network a line, such as 10.0.4.0/24. Empty: from anywhere."
            ),
            "offline_pages": _(
                "In parts that candidates move through freely, the device keeps the part's pages: "
                "candidates go on while the network is down. The pages are taken off the device "
                "at a pause, at the end and at sign-out; from a device that is offline at that "
                "moment only when it is back."
            ),
            "room_codes": _(
                "One a line, as “Hall A: 4711”; a line without a room is for all others."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in CAPS:
            self.fields[name].required = False
        seconds = self.instance.duration_seconds
        self.fields["duration_minutes"].initial = seconds // MINUTE if seconds else None
        self.fields["proctors"].queryset = self._proctors()  # type: ignore[attr-defined]
        for name in ("opens_at", "closes_at"):
            zone = timezone.get_current_timezone_name()
            self.fields[name].help_text = gettext("In %(zone)s.") % {"zone": zone}
        version = self.fields.get("test_version")
        if isinstance(version, forms.ModelChoiceField):
            offered = AssessmentTestVersion.objects.filter(state=VersionState.PUBLISHED)
            version.queryset = offered.defer("xml").select_related("test")

    def _proctors(self) -> QuerySet[User]:
        able = Q(groups__name=proctoring.GROUP)
        if self.instance.pk:
            able |= Q(sittings=self.instance)
        return User.objects.filter(able).order_by("first_name", "last_name", "username").distinct()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        minutes = cleaned.get("duration_minutes")
        self.instance.duration_seconds = minutes * MINUTE if minutes else None
        for name in CAPS:
            if cleaned.get(name) is None:
                cleaned[name] = getattr(Sitting(), name)
        return cleaned


@admin.register(Sitting)
class SittingAdmin(admin.ModelAdmin[Sitting]):
    form = SittingForm
    list_display = ("title", "test_version", "opens_at", "closes_at", "enrolled", "pages")
    list_select_related = ("test_version__test",)
    list_filter = ("release", "admission")
    search_fields = ("title",)
    date_hierarchy = "opens_at"
    formfield_overrides = {
        models.DateTimeField: {"form_class": forms.DateTimeField, "widget": Instant}
    }
    change_form_template = "admin/delivery/sitting/change_form.html"
    actions = ("export_packages",)
    fieldsets = (
        (None, {"fields": ("title", "test_version", "proctors")}),
        (_("Time"), {"fields": ("opens_at", "closes_at", "duration_minutes", "grace_seconds",
                                "extend_past_window")}),
        (_("Rules"), {"fields": ("attempt_limit", "lockdown", "linear", "admission", "leaving",
                                 "takeover", "offline_pages",
                                 "rules_may_terminate")}),
        (_("Lost contact"), {"fields": ("silence_seconds", "silence_pauses", "silence_minutes")}),
        (_("Access"), {"fields": ("networks", "room_codes", "one_device")}),
        (_("Results"), {"fields": ("release",)}),
    )  # fmt: skip

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Tell whether somebody may have a test with its keys."""
        wanted = ("assembly.view_itemversion", "assembly.view_assessmenttestversion")
        user: Any = request.user
        return bool(self.has_view_permission(request) and user.has_perms(wanted))

    @admin.action(description=_("Export as QTI 3 package"), permissions=["export"])
    def export_packages(
        self, request: HttpRequest, chosen: QuerySet[Sitting]
    ) -> HttpResponse | None:
        try:
            ids = list(chosen.values_list("pk", flat=True))
            rows = Sitting.objects.filter(pk__in=ids).select_related("test_version__test")
            return documents.packages_of(rows)
        except ExportError as error:
            self.message_user(request, str(error), messages.ERROR)
        return None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sitting]:
        rows = super().get_queryset(request)
        named = Sitting.proctors.through.objects.filter(
            sitting=OuterRef("pk"), user=request.user.pk
        )
        return rows.annotate(
            enrolments_made=Count("enrolments", distinct=True), is_mine=Exists(named)
        ).defer("test_version__xml", "test_version__test__xml")

    @admin.display(description=_("Enrolled"), ordering="enrolments_made")
    def enrolled(self, sitting: Any) -> int:  # carries an annotation
        count: int = sitting.enrolments_made
        return count

    @admin.display(description=_("Pages"))
    def pages(self, sitting: Any) -> SafeString:  # carries an annotation
        links = [
            (reverse("admin:delivery_sitting_roster", args=[sitting.pk]), gettext("Roster")),
            (reverse("admin:delivery_sitting_results", args=[sitting.pk]), gettext("Results")),
        ]
        if sitting.is_mine:
            links.append((reverse("proctor:board", args=[sitting.pk]), gettext("Board")))
        return format_html_join(" · ", '<a href="{}">{}</a>', links)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Sitting | None = None
    ) -> tuple[str, ...]:
        # Sessions follow their plan through the version they were drawn from.
        return ("test_version",) if obj is not None and obj.sessions.exists() else ()

    def save_model(
        self, request: HttpRequest, obj: Sitting, form: forms.ModelForm[Sitting], change: bool
    ) -> None:
        changed = [name.replace("_minutes", "_seconds") for name in form.changed_data]
        timetable.keep(obj, changed, by=actor(request), at=timezone.now())

    def response_add(
        self, request: HttpRequest, obj: Sitting, post_url_continue: str | None = None
    ) -> HttpResponse:
        response = super().response_add(request, obj, post_url_continue)
        _say_doubts(request, obj)
        return response

    def response_change(self, request: HttpRequest, obj: Sitting) -> HttpResponse:
        response = super().response_change(request, obj)
        _say_doubts(request, obj)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        doubts = lint.doubts(found, timezone.now()) if found is not None else []
        context = {"doubts": doubts, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        def at(name: str, view: Any) -> URLPattern:
            wrapped: Any = self.admin_site.admin_view(never_cache(view))
            found: URLPattern = path(
                f"<int:sitting_id>/{name}/", wrapped, name=f"delivery_sitting_{name}"
            )
            return found

        return [
            at("roster", self.roster_view),
            at("results", self.results_view),
            at("export", self.export_view),
            at("qti-results", self.qti_results_view),
            at("release", self.release_view),
            at("seb", self.seb_view),
            *super().get_urls(),
        ]

    def _sitting(self, request: HttpRequest, sitting_id: int, *, change: bool) -> Sitting:
        rows = Sitting.objects.select_related("test_version")
        sitting = get_object_or_404(rows, pk=sitting_id)
        may = self.has_change_permission if change else self.has_view_permission
        if not may(request, sitting):
            raise PermissionDenied
        return sitting

    def roster_view(self, request: HttpRequest, sitting_id: int) -> HttpResponse:
        """Check a roster file; import exactly what was checked."""
        sitting = self._sitting(request, sitting_id, change=True)
        if request.method != "POST":
            return _roster_page(request, sitting, RosterForm())
        if "confirm" in request.POST:
            return _import(request, sitting)
        form = RosterForm(request.POST, request.FILES)
        if not form.is_valid():
            return _roster_page(request, sitting, form)
        source = form.cleaned_data["file"].read()
        report = roster.import_roster(
            sitting, source, by=actor(request), at=timezone.now(), dry_run=True
        )
        if not report.errors:
            # The file is kept until it is confirmed, so that what was checked is what is imported.
            request.session[KEPT_ROSTER % sitting.pk] = source.decode("utf-8-sig")
        return _roster_page(request, sitting, RosterForm(), report=report)

    def results_view(self, request: HttpRequest, sitting_id: int) -> HttpResponse:
        sitting = self._sitting(request, sitting_id, change=False)
        every = list(reports.results(sitting))
        asked = request.GET.get("state", "")
        words = request.GET.get("find", "").casefold().split()
        shown = [one for one in every if reports.fits(one, state=asked, words=words)]
        summary = reports.summary(every)
        context = {
            "visible": _are_visible(sitting, every),
            "summary": summary,
            "picture": picture(summary),
            "sections": reports.sections(every),
            "items": reports.items(every),
            "shown": [(one, reports.share(one)) for one in shown],
            "asked": asked,
            "find": request.GET.get("find", ""),
            "states": sorted({(one.state, one.get_state_display()) for one in every}),
            "may_release": self.has_change_permission(request, sitting),
            "at": timezone.now(),
        }
        return render(request, "admin/delivery/results.html", {"sitting": sitting, **context})

    def export_view(self, request: HttpRequest, sitting_id: int) -> HttpResponse:
        return documents.csv_of(self._sitting(request, sitting_id, change=False))

    def qti_results_view(self, request: HttpRequest, sitting_id: int) -> HttpResponse:
        return documents.qti_of(self._sitting(request, sitting_id, change=False))

    def seb_view(self, request: HttpRequest, sitting_id: int) -> HttpResponse:
        """Hand out the configuration of Safe Exam Browser for the sitting's rooms."""
        return browsers.file_of(request, self._sitting(request, sitting_id, change=True))

    def release_view(self, request: HttpRequest, sitting_id: int) -> HttpResponse:
        """Ask, with the number of those who will see their result; release on the answer."""
        sitting = self._sitting(request, sitting_id, change=True)
        if request.method != "POST":
            summary = reports.summary(list(reports.results(sitting)))
            context = {"sitting": sitting, "summary": summary}
            return render(request, "admin/delivery/release.html", context)
        release.release_results(sitting, by=actor(request), at=timezone.now())
        messages.success(request, gettext("The results are released to the candidates."))
        return redirect("admin:delivery_sitting_results", sitting.pk)


def _are_visible(sitting: Sitting, every: list[AssessmentSession]) -> bool:
    """Tell whether any candidate may see a result of theirs now."""
    at = timezone.now()
    for session in every:
        session.sitting = sitting
    return any(release.may_see_result(session, at) for session in every)


class RosterForm(forms.Form):
    file = forms.FileField(
        label=_("Roster file"),
        help_text=_("CSV in UTF-8; the first line names the columns."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )


def _roster_page(
    request: HttpRequest, sitting: Sitting, form: RosterForm, **context: Any
) -> HttpResponse:
    context |= {"form": form, "columns": roster.COLUMNS, "required": roster.REQUIRED}
    if isinstance(report := context.get("report"), roster.RosterReport):
        context |= {name: report.count(name) for name in ("new", "enrolled", "updated")}
    return render(request, "admin/delivery/roster.html", {"sitting": sitting, **context})


def _import(request: HttpRequest, sitting: Sitting) -> HttpResponse:
    kept = request.session.pop(KEPT_ROSTER % sitting.pk, None)
    if kept is None:
        messages.error(request, gettext("The checked file is gone. Please choose it again."))
        return redirect("admin:delivery_sitting_roster", sitting.pk)
    report = roster.import_roster(
        sitting, kept.encode(), by=actor(request), at=timezone.now(), dry_run=False
    )
    return _roster_page(request, sitting, RosterForm(), report=report)


def _say_doubts(request: HttpRequest, sitting: Sitting) -> None:
    for doubt in lint.doubts(sitting, timezone.now()):
        messages.warning(request, doubt.sentence)
