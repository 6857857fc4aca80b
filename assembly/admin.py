"""The admin's lists of the bank; opening a row leads to the author's page of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from assembly.models import (
    AssessmentTest,
    AssessmentTestVersion,
    Asset,
    Item,
    ItemVersion,
    Job,
    VersionState,
)
from assembly.packages import exporting
from assembly.packages.exporting import ExportError


def _download(packages: Sequence[tuple[str, bytes]]) -> HttpResponse:
    name, content = exporting.bundle(packages)
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{slug(name)}"'
    response["Cache-Control"] = "no-store"
    return response


def slug(name: str) -> str:
    """A file name that every system and every header can hold."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)


class Exporting(admin.ModelAdmin[Any]):
    """An action that hands rows out as packages: keys and all, so it asks for both permissions."""

    actions = ("export_packages",)

    def has_export_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        wanted = ("assembly.view_itemversion", f"assembly.view_{self.opts.model_name}")
        return bool(user.has_perms(wanted))

    @admin.action(description=_("Export as QTI 3 package"), permissions=["export"])
    def export_packages(self, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
        try:
            return _download(self.packages(chosen))
        except ExportError as error:
            self.message_user(request, str(error), messages.ERROR)
        return None

    def packages(self, chosen: QuerySet[Any]) -> list[tuple[str, bytes]]:
        return [
            (f"{row.test.identifier}-v{row.number}.zip", exporting.of_test(row)) for row in chosen
        ]


def _page(name: str, object_id: str) -> HttpResponse:
    if not object_id.isdecimal():
        raise Http404
    return redirect(name, int(object_id))


class ReadOnly(admin.ModelAdmin[Any]):
    """Rows that only verbs make and change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Item)
class ItemAdmin(Exporting):
    list_display = ("title_or_identifier", "identifier", "state", "version", "kinds", "used_in")
    list_per_page = 50
    search_fields = ("identifier", "title")
    list_filter = ("versions__state",)
    ordering = ("identifier",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Item]:
        newest = ItemVersion.objects.filter(item=OuterRef("pk")).order_by("-number")
        rows: QuerySet[Item] = super().get_queryset(request)
        return rows.annotate(
            newest_state=Subquery(newest.values("state")[:1]),
            newest_number=Subquery(newest.values("number")[:1]),
            newest_interactions=Subquery(newest.values("interactions")[:1]),
            tests=Count("versions__used_by__version__test", distinct=True),
        )

    def packages(self, chosen: QuerySet[Any]) -> list[tuple[str, bytes]]:
        newest = [item.newest() for item in chosen]
        return [("items.zip", exporting.of_items([one for one in newest if one is not None]))]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("author:item_kinds")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        return _page("author:item", object_id)

    @admin.display(description=_("Title"), ordering="title")
    def title_or_identifier(self, item: Item) -> str:
        return str(item)

    @admin.display(description=_("State"), ordering="newest_state")
    def state(self, item: Any) -> str:  # carries annotations
        return str(VersionState(item.newest_state).label) if item.newest_state else "–"

    @admin.display(description=_("Version"), ordering="newest_number")
    def version(self, item: Any) -> int | None:  # carries annotations
        number: int | None = item.newest_number
        return number

    @admin.display(description=_("Interactions"), ordering="newest_interactions")
    def kinds(self, item: Any) -> str:  # carries annotations
        return str(item.newest_interactions or "–").replace("_", " ")

    @admin.display(description=_("Used in tests"), ordering="tests")
    def used_in(self, item: Any) -> int:  # carries annotations
        count: int = item.tests
        return count


@admin.register(ItemVersion)
class ItemVersionAdmin(admin.ModelAdmin[ItemVersion]):
    """Versions by their parameters; of a draft the parameters can be set here."""

    list_display = ("__str__", "title", "state", "max_score", "irt_a", "irt_b", "irt_c")
    list_filter = ("state",)
    list_select_related = ("item",)
    search_fields = ("item__identifier", "title")
    fields = ("item", "number", "state", "irt_a", "irt_b", "irt_c")
    readonly_fields = ("item", "number", "state")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ItemVersion]:
        rows = super().get_queryset(request)
        match = request.resolver_match
        return rows.defer("xml") if match and str(match.url_name).endswith("changelist") else rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ItemVersion | None = None) -> bool:
        draft = obj is None or obj.state == VersionState.DRAFT
        return draft and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ItemVersion | None = None) -> bool:
        return False


@admin.register(AssessmentTest)
class AssessmentTestAdmin(Exporting):
    list_display = ("title", "identifier", "item_count", "published", "updated_at")
    list_per_page = 50
    search_fields = ("identifier", "title")
    ordering = ("identifier",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssessmentTest]:
        newest = AssessmentTestVersion.objects.filter(test=OuterRef("pk")).order_by("-number")
        rows: QuerySet[AssessmentTest] = super().get_queryset(request)
        return rows.defer("xml").annotate(
            newest_number=Subquery(newest.values("number")[:1]),
            refs=Count("parts__sections__refs", distinct=True),
        )

    def packages(self, chosen: QuerySet[Any]) -> list[tuple[str, bytes]]:
        """The tests as they would be published now."""
        rows = AssessmentTest.objects.filter(pk__in=chosen.values("pk")).order_by("identifier")
        return [(f"{row.identifier}.zip", exporting.of_test(row)) for row in rows]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("author:test_new")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        return _page("author:test", object_id)

    @admin.display(description=_("Items"), ordering="refs")
    def item_count(self, test: Any) -> int:  # carries annotations
        count: int = test.refs
        return count

    @admin.display(description=_("Published"), ordering="newest_number")
    def published(self, test: Any) -> str:  # carries annotations
        return f"v{test.newest_number}" if test.newest_number else "–"


@admin.register(AssessmentTestVersion)
class AssessmentTestVersionAdmin(Exporting, ReadOnly):
    list_display = ("__str__", "test", "number", "state", "published_at", "published_by")
    list_filter = ("state",)
    list_select_related = ("test",)
    search_fields = ("title", "test__identifier")
    exclude = ("xml",)


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = ("name", "kind", "state", "done", "total", "created_by", "created_at")
    list_filter = ("state", "kind")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).defer("upload", "report")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        *args: Any,
        **kwargs: Any,
    ) -> HttpResponse:
        return _page("author:job", object_id)


@admin.register(Asset)
class AssetAdmin(ReadOnly):
    list_display = ("sha256", "media_type", "size")
    list_filter = ("media_type",)
    exclude = ("content",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        return super().get_queryset(request).defer("content")
