"""What came of it, to read only: sessions with their stories, and answers in quarantine."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from delivery.admin import documents
from delivery.admin.common import ReadOnly
from delivery.candidate import uploads
from delivery.models import AssessmentSession, Quarantine, Sitting
from delivery.proctor import aside, candidate_page
from delivery.rules import clock
from delivery.saving import comments, handing
from delivery.sitting import proctoring, reports

# Who may decide about an answer that was kept aside.
DECIDES: Final = "delivery.change_quarantine"


@admin.register(AssessmentSession)
class SessionAdmin(ReadOnly):
    list_display = (
        "candidate",
        "sitting",
        "attempt_number",
        "state",
        "started_at",
        "finished_at",
        "progress",
        "result",
    )
    list_select_related = ("candidate", "sitting")
    list_filter = ("state", "sitting", "withheld")
    search_fields = ("candidate__name", "candidate__number", "receipt_code")
    date_hierarchy = "started_at"
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssessmentSession]:
        rows: QuerySet[AssessmentSession] = super().get_queryset(request)
        return rows.defer("plan", "outcomes", "timing")

    @admin.display(description=_("Answered"))
    def progress(self, session: AssessmentSession) -> str:
        return gettext("%(done)s of %(all)s") % {"done": session.answered, "all": session.total}

    @admin.display(description=_("Result"), ordering="score")
    def result(self, session: AssessmentSession) -> str:
        if session.score is None:
            return "–"
        facts = {"score": f"{session.score:g}", "max": f"{session.max_score or 0:g}"}
        return gettext("%(score)s of %(max)s") % facts

    def get_urls(self) -> list[URLPattern]:
        view: Any = self.admin_site.admin_view(never_cache(self.qti_result_view))
        name = "delivery_assessmentsession_qti"
        own: Any = self.admin_site.admin_view(never_cache(self.file_view))
        return [
            path("<uuid:session_id>/qti-result/", view, name=name),
            path(
                "<uuid:session_id>/files/<str:digest>/",
                own,
                name="delivery_assessmentsession_file",
            ),
            *super().get_urls(),
        ]

    def file_view(self, request: HttpRequest, session_id: UUID, digest: str) -> HttpResponse:
        """Hand out a file that a candidate handed in."""
        session = get_object_or_404(AssessmentSession, pk=session_id)
        if not self.has_view_permission(request, session):
            raise PermissionDenied
        found = handing.read(session_id, digest)
        if found is None:
            raise Http404
        return uploads.as_response(found)

    def qti_result_view(self, request: HttpRequest, session_id: UUID) -> HttpResponse:
        """Hand a session out as a QTI Results Reporting 3.0 document."""
        session = get_object_or_404(AssessmentSession, pk=session_id)
        if not self.has_view_permission(request, session):
            raise PermissionDenied
        return documents.qti_of_session(session)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a session as a page of its own: what it earned, and its story."""
        session = self.get_object(request, object_id)
        if session is None or not self.has_view_permission(request, session):
            raise Http404
        entries = proctoring.story(session)
        context = {
            "session": session,
            "minutes": candidate_page.tell(entries[-candidate_page.NEWEST :]),
            "left_out": max(0, len(entries) - candidate_page.NEWEST),
            "share": reports.share(session),
            # A template would take `outcomes.items` for the dictionary's method.
            "earned": session.outcomes.get("items", []),
            "handed": handing.listed(session.pk),
            "comments": comments.listed(session.pk),
            "quarantined": Quarantine.objects.filter(session=session).count(),
            "given": clock.span_of(session.adjusted_ms) if session.adjusted_ms > 0 else "",
            "paused": clock.span_of(session.paused_ms) if session.paused_ms else "",
        }
        return render(request, "admin/delivery/session.html", context)


@admin.register(Quarantine)
class QuarantineAdmin(ReadOnly):
    """Answers that were not accepted; the answer itself is shown to those who open the row."""

    list_display = ("session", "item_key", "why", "received_at", "stands")
    list_select_related = ("session__candidate", "session__sitting")
    list_filter = ("reason", "session__sitting")
    search_fields = ("session__candidate__name", "session__candidate__number", "item_key")
    date_hierarchy = "received_at"
    list_per_page = 50
    change_list_template = "admin/delivery/quarantine/change_list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quarantine]:
        rows: QuerySet[Quarantine] = super().get_queryset(request)
        return rows.defer("session__plan", "session__outcomes")

    @admin.display(description=_("Why"), ordering="reason")
    def why(self, kept: Quarantine) -> str:
        return aside.words_of(kept.reason)

    @admin.display(description=_("Stands"))
    def stands(self, kept: Quarantine) -> str:
        if kept.admitted_at is not None:
            return gettext("Admitted")
        if kept.refused_at is not None:
            return gettext("Left out")
        return gettext("Proposed") if kept.proposed_at is not None else gettext("To decide")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show an answer beside the stored one; who may change rows may propose and agree."""
        may_decide = request.user.has_perm(DECIDES)
        if not self.has_view_permission(request) or (request.method == "POST" and not may_decide):
            raise PermissionDenied
        if not object_id.isdecimal():
            raise Http404
        template, may = "admin/delivery/kept.html", {"may_decide": may_decide}
        return aside.decide(request, Quarantine.objects.all(), int(object_id), template, may)

    def get_urls(self) -> list[URLPattern]:
        sealed = self.admin_site.admin_view(self.sealed)
        own = [path("sealed/", sealed, name="delivery_quarantine_sealed")]
        return [*own, *super().get_urls()]

    def sealed(self, request: HttpRequest) -> HttpResponse:
        """Open a candidate's emergency file of any sitting."""
        if not request.user.has_perm(DECIDES):
            raise PermissionDenied
        return aside.open_file(request, Sitting.objects.all(), {}, "admin/delivery/sealed.html")
