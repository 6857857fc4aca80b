"""Pages for items: the forms with their live preview, XML for the rest, and trying an item."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from assembly import authoring, bank, files, linting, models, portables, rendering, trials, wording
from assembly.author import access
from assembly.author.access import staff
from assembly.author.forms import KIND_OF, KINDS, ItemForm
from assembly.author.xml_form import XmlForm
from assembly.authoring import AuthoringError, Upload
from assembly.packages import stored
from assembly.qti import item_session, reading
from assembly.qti.errors import QtiError
from assembly.qti.reading_draft import read_draft
from assembly.rendering import RenderedItem
from assembly.trials import Trial


@require_GET
@staff("view_item")
def home(request: HttpRequest) -> HttpResponse:
    """What there is to do, and the last of everything."""
    context = {
        "items": models.Item.objects.order_by("-pk")[:8],
        "tests": models.AssessmentTest.objects.order_by("-updated_at")[:8],
        "jobs": models.Job.objects.order_by("-created_at", "-pk").defer("upload", "report")[:5],
    }
    return render(request, "author/home.html", context)


@require_GET
@staff("add_item")
def kinds(request: HttpRequest) -> HttpResponse:
    return render(request, "author/item_kinds.html")


@staff("add_item")
def new(request: HttpRequest, kind: str) -> HttpResponse:
    form_class = KINDS.get(kind)
    if form_class is None:
        raise Http404
    return _edit(request, None, form_class, {})


@staff("change_item")
def edit(request: HttpRequest, item_id: int) -> HttpResponse:
    item = get_object_or_404(models.Item, pk=item_id)
    version = item.newest()
    draft = read_draft(version.xml.encode()) if version else None
    if draft is None:
        return redirect("author:item_xml", item.pk)
    form_class = KIND_OF[type(draft)]
    return _edit(request, item, form_class, form_class.initial_of(draft, version))


def _edit(
    request: HttpRequest,
    item: models.Item | None,
    form_class: type[ItemForm],
    initial: dict[str, Any],
) -> HttpResponse:
    if request.method != "POST":
        return _form(request, item, form_class(initial=initial))
    form = form_class(request.POST, request.FILES, initial=initial)
    if "more" not in request.POST and form.is_valid():
        try:
            version = authoring.save_item(
                form.source,
                item=item,
                uploads=form.uploads(),
                parameters=form.parameters(),
                opened=request.POST.get("opened", ""),
                by=access.name(request),
                at=timezone.now(),
            )
        except AuthoringError as error:
            form.add_error(None if item else "identifier", str(error))
        else:
            messages.success(request, _("Saved as version %(n)s.") % {"n": version.number})
            return redirect("author:item", version.item_id)
    if "more" in request.POST:
        form = form_class(initial=initial | {"rows": ()}, data=request.POST)
        form.errors.clear()
    return _form(request, item, form)


def _form(request: HttpRequest, item: models.Item | None, form: ItemForm) -> HttpResponse:
    version = item.newest() if item else None
    opened = request.POST.get("opened") or (version.sha256 if version else "")
    context = {"form": form, "item": item, "version": version, "opened": opened}
    return render(request, "author/item_form.html", context)


@require_POST
@staff("view_item")
def live_preview(request: HttpRequest, kind: str) -> HttpResponse:
    """The item as the form stands, for the panel beside it; nothing is stored."""
    form_class = KINDS.get(kind)
    if form_class is None:
        raise Http404
    form = form_class(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "author/_live_preview.html", {"form": form})
    item = reading.read_item(form.source)
    version = models.ItemVersion.objects.filter(item__identifier=item.identifier).first()
    trial = trials.begin(item, b"a preview that holds still while one types")
    context = {"form": form, "rendered": show(trial, _live_address(version, form.uploads()))}
    return render(request, "author/_live_preview.html", context)


def _live_address(
    version: models.ItemVersion | None, uploads: list[Upload]
) -> Callable[[str], str]:
    """Images that are not saved yet travel inside the page."""
    fresh = {upload.href: upload for upload in uploads}

    def address(href: str) -> str:
        if href in fresh:
            content = b64encode(fresh[href].content).decode()
            return f"data:{fresh[href].media_type};base64,{content}"
        return asset_url(version.pk, href) if version else href

    return address


@staff("change_item")
def edit_xml(request: HttpRequest, item_id: int) -> HttpResponse:
    item = get_object_or_404(models.Item, pk=item_id)
    version = item.newest()
    form = XmlForm(request.POST or None, initial={"xml": version.xml if version else ""})
    if request.method == "POST" and form.is_valid():
        try:
            saved = authoring.save_item(
                form.source(),
                item=item,
                opened=request.POST.get("opened", ""),
                by=access.name(request),
                at=timezone.now(),
            )
        except (AuthoringError, QtiError) as error:
            form.add_error("xml", str(error))
        else:
            messages.success(request, _("Saved as version %(n)s.") % {"n": saved.number})
            return redirect("author:item", item.pk)
    opened = request.POST.get("opened") or (version.sha256 if version else "")
    context = {"form": form, "item": item, "version": version, "opened": opened}
    return render(request, "author/item_xml.html", context)


@require_GET
@staff("view_item")
def detail(request: HttpRequest, item_id: int) -> HttpResponse:
    """One item: its newest version shown, all versions listed, and where each is used."""
    item = get_object_or_404(models.Item, pk=item_id)
    versions = list(item.versions.prefetch_related("used_by__version__test").order_by("-number"))
    may_delete = authoring.may_delete(item)
    context: dict[str, Any] = {"item": item, "versions": versions, "may_delete": may_delete}
    if versions:
        context |= _shown(versions[0])
    return render(request, "author/item.html", context)


def _shown(version: models.ItemVersion) -> dict[str, Any]:
    try:
        trial = trials.begin(stored.read_item(version), b"a page that looks the same each time")
    except QtiError as error:
        return {"unreadable": str(error)}
    return {
        "rendered": show(trial, version_address(version.pk), version, disabled=True),
        "findings": list(linting.item_findings(trial.item)),
    }


@require_POST
@staff("delete_item")
def delete(request: HttpRequest, item_id: int) -> HttpResponse:
    item = get_object_or_404(models.Item, pk=item_id)
    try:
        authoring.delete_item(item)
    except AuthoringError as error:
        messages.error(request, str(error))
        return redirect("author:item", item_id)
    messages.success(request, _("The draft %(id)s is deleted.") % {"id": item.identifier})
    return redirect("author:home")


@require_POST
@staff("change_itemversion")
def publish(request: HttpRequest, version_id: int) -> HttpResponse:
    version = get_object_or_404(models.ItemVersion, pk=version_id)
    bank.publish_item(version, access.name(request), timezone.now())
    messages.success(request, _("Published: this version will never change."))
    return redirect("author:item", version.item_id)


@staff("view_itemversion")
def preview(request: HttpRequest, version_id: int) -> HttpResponse:
    """The item as a candidate sees it: answer it, submit, see its outcomes."""
    version = get_object_or_404(models.ItemVersion.objects.select_related("item"), pk=version_id)
    key = f"trial-{version_id}-{version.sha256[:12]}"
    try:
        trial = trials.resume(stored.read_item(version), request.session.get(key))
    except QtiError as error:
        messages.error(request, str(error))
        return redirect("author:item", version.item_id)
    if request.method == "POST":
        if "again" in request.POST:
            request.session.pop(key, None)
            return redirect("author:preview", version_id)
        raw = rendering.posted_responses(trial.item, request.POST, request.FILES)
        trial = trials.submit(trial, raw)
        request.session[key] = trial.to_json()
    elif key not in request.session:
        request.session[key] = trial.to_json()
    told, whole = trials.rules(trial)
    context = {
        "version": version,
        "trial": trial,
        "problems": [
            wording.problem(one)
            for one in item_session.problems(trial.item, trial.session, trial.raw)
        ],
        "rendered": show(trial, version_address(version.pk), version),
        "variables": trials.variables(trial),
        "rules": told,
        "whole": whole,
    }
    return render(request, "author/preview.html", context)


def show(
    trial: Trial,
    address: Callable[[str], str],
    version: models.ItemVersion | None = None,
    *,
    disabled: bool = False,
) -> RenderedItem:
    return rendering.render_item(
        trial.item,
        trial.shown,
        trial.raw,
        asset_url=address,
        style_url=address,
        stimuli=bank.stimuli(version.pk) if version else (),
        disabled=disabled,
        show_feedback=trial.processed,
        frames=portables.frames(version.pk) if version else None,
    )


def version_address(version_id: int) -> Callable[[str], str]:
    return lambda href: asset_url(version_id, href)


def asset_url(version_id: int, href: str) -> str:
    # In the query, because a browser would fold the dots of "../images/a.png" in a path.
    version = files.version_of(bank.digest(version_id, href))
    return f"{reverse('author:asset', args=[version_id])}?href={quote(href, safe='')}&v={version}"


@require_GET
@staff("view_itemversion")
def asset(request: HttpRequest, version_id: int) -> HttpResponse:
    found = bank.asset(version_id, request.GET.get("href", ""))
    if found is None:
        raise Http404
    return files.respond(request, found)
