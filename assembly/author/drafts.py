"""Pages for tests: their parts, sections and item refs, the lint before publishing, versions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from assembly import authoring, bank, linting, models, outlines
from assembly.author import access
from assembly.author.access import staff
from assembly.author.row_forms import ROW_FORMS, NewTestForm, TestForm
from assembly.bank import PublishError
from assembly.packages import exporting, losses
from assembly.packages.exporting import ExportError

SHOWN = 50


@staff("add_assessmenttest")
def new(request: HttpRequest) -> HttpResponse:
    form = NewTestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        test = authoring.new_test(form.save(commit=False))
        return redirect("author:test", test.pk)
    return render(request, "author/test_new.html", {"form": form})


@require_GET
@staff("view_assessmenttest")
def outline(request: HttpRequest, test_id: int) -> HttpResponse:
    test = get_object_or_404(models.AssessmentTest, pk=test_id)
    context = {
        "test": test,
        "facts": outlines.facts(test),
        "tree": outlines.tree(test),
        "versions": test.versions.defer("xml"),
        "losses": losses.of(test) if test.xml else [],
    }
    return render(request, "author/test.html", context)


@staff("change_assessmenttest")
def settings(request: HttpRequest, test_id: int) -> HttpResponse:
    test = get_object_or_404(models.AssessmentTest, pk=test_id)
    form = TestForm(request.POST or None, instance=test)
    if test.xml:
        for name in set(form.fields) - {"select_mode", "order_mode"}:
            form.fields[name].disabled = True
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("author:test", test.pk)
    return render(request, "author/row.html", {"form": form, "test": test, "kind": "test"})


@staff("change_assessmenttest")
def row(request: HttpRequest, kind: str, row_id: int) -> HttpResponse:
    found, test = _row(kind, row_id)
    form = ROW_FORMS[kind][1](request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("author:test", test.pk)
    context = {"form": form, "test": test, "kind": kind, "row": found}
    return render(request, "author/row.html", context)


def _row(kind: str, row_id: int) -> tuple[models.Timed, models.AssessmentTest]:
    """A row of a draft that may be edited here."""
    if kind not in ROW_FORMS:
        raise Http404
    found: Any = get_object_or_404(ROW_FORMS[kind][0], pk=row_id)
    part = {"part": lambda: found, "section": lambda: found.part}.get(
        kind, lambda: found.section.part
    )()
    if part.test.xml:
        raise Http404
    return found, part.test


def _editable(test_id: int) -> models.AssessmentTest:
    return get_object_or_404(models.AssessmentTest, pk=test_id, xml="")


@require_POST
@staff("change_assessmenttest")
def remove(request: HttpRequest, kind: str, row_id: int) -> HttpResponse:
    found, test = _row(kind, row_id)
    found.delete()
    messages.success(request, _("Removed from the test."))
    return redirect("author:test", test.pk)


@require_POST
@staff("change_assessmenttest")
def add_part(request: HttpRequest, test_id: int) -> HttpResponse:
    part = authoring.add_part(_editable(test_id))
    return redirect("author:row", "part", part.pk)


@require_POST
@staff("change_assessmenttest")
def add_section(request: HttpRequest, kind: str, row_id: int) -> HttpResponse:
    """A section at the end of a part, or inside a section."""
    found, _test = _row(kind, row_id)
    if isinstance(found, models.Section):
        section = authoring.add_section(found.part, found)
    elif isinstance(found, models.TestPart):
        section = authoring.add_section(found, None)
    else:
        raise Http404
    return redirect("author:row", "section", section.pk)


@staff("change_assessmenttest")
def add_items(request: HttpRequest, section_id: int) -> HttpResponse:
    section, test = _row("section", section_id)
    assert isinstance(section, models.Section)
    if request.method == "POST":
        chosen = models.Item.objects.filter(pk__in=_numbers(request.POST.getlist("item")))
        count = authoring.add_items(section, chosen.order_by("identifier"))
        messages.success(request, _("%(count)s items added.") % {"count": count})
        return redirect("author:test", test.pk)
    query = request.GET.get("q", "").strip()
    found = models.Item.objects.filter(versions__isnull=False).distinct()
    if query:
        found = found.filter(Q(identifier__icontains=query) | Q(title__icontains=query))
    context = {
        "section": section,
        "test": test,
        "query": query,
        "items": found.order_by("identifier")[:SHOWN],
        "total": found.count(),
        "used": set(
            models.ItemRef.objects.filter(section__part__test=test).values_list(
                "item_id", flat=True
            )
        ),
    }
    return render(request, "author/add_items.html", context)


def _numbers(given: list[str]) -> list[int]:
    return [int(text) for text in given if text.isdecimal()]


@require_POST
@staff("change_assessmenttest")
def reorder(request: HttpRequest, test_id: int) -> HttpResponse:
    places = {
        key.removeprefix("place-"): int(str(value))
        for key, value in request.POST.items()
        if key.startswith("place-") and str(value).isdecimal()
    }
    authoring.reorder(_editable(test_id), places)
    return redirect("author:test", test_id)


@require_POST
@staff("change_assessmenttest")
def make_editable(request: HttpRequest, test_id: int) -> HttpResponse:
    test = get_object_or_404(models.AssessmentTest, pk=test_id)
    authoring.make_editable(test)
    messages.success(request, _("The test can now be changed here."))
    return redirect("author:test", test_id)


@staff("view_assessmenttest")
def publish(request: HttpRequest, test_id: int) -> HttpResponse:
    """The lint report, and the button that freezes the test."""
    test = get_object_or_404(models.AssessmentTest, pk=test_id)
    if request.method == "POST":
        return _publish(request, test)
    findings = linting.lint(test)
    context = {
        "test": test,
        "errors": [finding for finding in findings if finding.is_error],
        "warnings": [finding for finding in findings if not finding.is_error],
        "versions": test.versions.defer("xml"),
    }
    return render(request, "author/publish.html", context)


@staff("add_assessmenttestversion")
def _publish(request: HttpRequest, test: models.AssessmentTest) -> HttpResponse:
    try:
        version = bank.publish(test, access.name(request), timezone.now())
    except PublishError as error:
        messages.error(request, str(error))
        return redirect("author:publish", test.pk)
    messages.success(request, _("Published as version %(n)s.") % {"n": version.number})
    return redirect("author:test", test.pk)


@require_GET
@staff("view_assessmenttestversion", "view_itemversion")
def export(request: HttpRequest, version_id: int) -> HttpResponse:
    """The published test as a package: keys and all, so it asks for both permissions."""
    rows = models.AssessmentTestVersion.objects.select_related("test")
    version = get_object_or_404(rows, pk=version_id)
    try:
        content = exporting.of_test(version)
    except ExportError as error:
        messages.error(request, str(error))
        return redirect("author:test", version.test_id)
    response = HttpResponse(content, content_type="application/zip")
    name = f"{version.test.identifier}-v{version.number}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@staff("change_assessmenttestversion")
def retire(request: HttpRequest, version_id: int) -> HttpResponse:
    version = get_object_or_404(models.AssessmentTestVersion.objects.defer("xml"), pk=version_id)
    bank.retire(version, access.name(request), timezone.now())
    messages.success(request, _("Retired: no new sitting can use this version."))
    return redirect("author:test", version.test_id)
