"""Pages of the current part, kept ready on the device for when the network is down.

Asking for them enters nothing and moves nothing: they come without answers, and without what the
server alone may know.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lxml.html
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_GET, require_POST

from assembly import rendering
from delivery.candidate import frames, gate, pages, words
from delivery.candidate.gate import Visit
from delivery.models import ItemSession
from delivery.rules import writers
from delivery.rules.refusals import Reason, Refusal
from delivery.session import ahead
from delivery.session.ahead import Ready

WORKER = "js/worker.js"


@login_not_required
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """Hand out the service worker at the address that it may look after."""
    del request
    found = finders.find(WORKER)
    if not found:
        raise Http404
    script = Path(str(found)).read_bytes()
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    patch_cache_control(response, no_cache=True)
    return response


@require_GET
@gate.session_data
def index(visit: Visit) -> HttpResponse:
    """List the pages that may be kept ready, with what the candidate has answered so far."""
    _holder(visit)
    part = visit.desk.planned(visit.session.position).part if visit.session.position else ""
    told = {
        "type": "ahead",
        "order": [stop.key for stop in visit.desk.route.stops if stop.part == part],
        "timed": ahead.timed(visit.desk),
        "shell": reverse("candidate:offline", args=[visit.session.pk]),
        "items": _entries(visit),
    }
    return JsonResponse(told)


def _holder(visit: Visit) -> None:
    if not visit.is_holder:
        raise Refusal(Reason.ELSEWHERE, {"device": visit.session.device or "?"})


def _entries(visit: Visit) -> list[dict[str, object]]:
    found = ahead.ready(visit.desk)
    rows = {row.key: row for row in visit.desk.rows}
    return [_entry(visit, ready, rows[ready.key]) for ready in found]


def _entry(visit: Visit, ready: Ready, row: ItemSession) -> dict[str, object]:
    key = ready.key
    return {
        "key": key,
        "group": ready.group,
        "url": gate.item_url(visit.session, key),
        "ahead": reverse("candidate:ahead_item", args=[visit.session.pk, key]),
        "revision": row.revision,
        "saved_at": words.time_of(row.saved_at) if row.saved_at else "",
        "value": _pairs(visit, row) if row.answered else [],
    }


def _pairs(visit: Visit, row: ItemSession) -> list[tuple[str, str]]:
    """Return an answer as the item's own form would send it: rendered, and read again."""
    there = replace(visit.desk, here=row)
    rendered = pages.rendered(there, row.key, row.response, disabled=False, feedback=False)
    form = lxml.html.fragment_fromstring(f"<form>{rendered.body}</form>")
    values = [(name, value) for name, value in form.form_values() if name.startswith("r.")]
    return [(str(name), str(value)) for name, value in values]


@require_GET
@gate.session_data
def item(visit: Visit, key: str) -> HttpResponse:
    """Return an item's page without its answer, for the device to keep."""
    _holder(visit)
    if not ahead.is_ready(visit.desk, key):
        raise Refusal(Reason.NO_OFFLINE)
    # Drawn as it looks from there, of one row; nothing here is written.
    visit.session.position = key
    there = replace(visit.desk, here=visit.session.item_sessions.get(key=key))
    context = pages.item_context(visit, there, key, {})
    return render(visit.request, "candidate/_desk.html", context)


@require_GET
@gate.session_data
def offline(visit: Visit) -> HttpResponse:
    """Return the page that a device shows when it is asked for one that it does not have.

    It lies on the device's disk: the key to what waits there, and words to the candidate, do not.
    """
    left_out = {"queue_key": "", "inbox": (), "drafts": 0, "held": False}
    context = pages.frame(visit) | {"scripts": rendering.SCRIPTS} | left_out
    return render(visit.request, "candidate/offline.html", context)


def _holds(visit: Visit) -> bool:
    """Tell whether the page that asks has the lease; one that does not say which it is may."""
    asked = visit.request.GET
    epoch = asked.get("epoch", "")
    return writers.may_write(
        is_holder=visit.is_holder,
        writer=asked.get("writer", ""),
        epoch=int(epoch) if epoch.isascii() and epoch.isdigit() else 0,
        holder=visit.session.writer,
        held_epoch=visit.session.epoch,
    )


@require_POST
@gate.session_data
def back(visit: Visit) -> HttpResponse:
    """The network is back: how long the page went on alone, and where it is now."""
    told = frames.body(visit.request.body)
    ahead.tell_span(visit.session.pk, told, follow=_holds(visit), by=visit.by, at=visit.at)
    return frames.answer_with([])
