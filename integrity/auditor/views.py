"""What an auditor sees: every stream, one stream as a story, its verdict, and its export."""

from tempfile import SpooledTemporaryFile

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from integrity import ledger, triggers
from integrity.auditor import timeline
from integrity.auditor.access import auditors_only
from integrity.auditor.filters import SORTS, WantedEntries, WantedStreams
from integrity.chain import Entry
from integrity.models import LedgerEntry, LedgerStream
from integrity.proof import evidence, seals, witnesses

STREAMS_PER_PAGE = 50
ENTRIES_PER_PAGE = 200
# A stream this short is verified whenever it is opened: that takes about 20 ms.
VERIFIED_AT_ONCE = 2_000
IN_MEMORY = 16_000_000


@require_safe
@auditors_only
def streams(request: HttpRequest) -> HttpResponse:
    """Show streams, newest first; `verify` verifies those on the page."""
    wanted = WantedStreams.read(request.GET)
    found = wanted.of(LedgerStream.objects.order_by("-id"))
    page = Paginator(_with_last_entry(found), STREAMS_PER_PAGE).get_page(request.GET.get("page"))
    verified = "verify" in request.GET
    names = [row.name for row in page]
    verdicts = {one.stream: one for one in witnesses.verify(names)} if verified else {}
    context = {
        "page": page,
        "rows": [(row, verdicts.get(row.name)) for row in page],
        "broken": [one for one in verdicts.values() if one.broken],
        "verified": verified,
        "wanted": wanted,
        "sorts": SORTS,
        "total": LedgerStream.objects.aggregate(streams=Count("id"), entries=Sum("length")),
        "zone": timezone.get_current_timezone_name(),
        "checkpoint": seals.last_checkpoint(),
        "unsealed": seals.unsealed().count(),
        "missing_triggers": triggers.missing(connection),
    }
    return render(request, "auditor/streams.html", context)


def _with_last_entry(rows: QuerySet[LedgerStream]) -> QuerySet[LedgerStream]:
    last = LedgerEntry.objects.filter(stream=OuterRef("pk"), seq=OuterRef("length"))
    return rows.annotate(
        last_at_ms=Subquery(last.values("at_ms")), last_kind=Subquery(last.values("kind"))
    )


@require_safe
@auditors_only
def stream(request: HttpRequest, name: str) -> HttpResponse:
    """Show one stream as a story; `exact` shows milliseconds, filters show some entries alone."""
    row = get_object_or_404(LedgerStream, name=name)
    wanted = WantedEntries.read(request.GET)
    entries = wanted.of(LedgerEntry.objects.filter(stream=row))
    page = Paginator(entries.order_by("seq"), ENTRIES_PER_PAGE).get_page(request.GET.get("page"))
    verify = "verify" in request.GET or row.length <= VERIFIED_AT_ONCE
    context = {
        "stream": row,
        "page": page,
        "minutes": timeline.tell(_entry(row, one) for one in page),
        "verdict": next(iter(witnesses.verify([name]))) if verify else None,
        "sealed": seals.sealed_head(name),
        "kinds": _kinds(row),
        "actors": row.entries.order_by("actor").values_list("actor", flat=True).distinct(),
        "wanted": wanted,
        "zone": timezone.get_current_timezone_name(),
        "exact": "exact" in request.GET,
    }
    return render(request, "auditor/stream.html", context)


def _entry(row: LedgerStream, one: LedgerEntry) -> Entry:
    return Entry(row.name, one.seq, one.kind, one.at_ms, one.actor, one.payload, one.prev, one.hash)


def _kinds(row: LedgerStream) -> list[tuple[str, int]]:
    counted = row.entries.values("kind").annotate(count=Count("id")).order_by("kind")
    return list(counted.values_list("kind", "count"))


@require_safe
@auditors_only
def export(request: HttpRequest, name: str) -> HttpResponse:
    """Hand out one stream as JSON Lines, as it stands in the database, whole or broken."""
    get_object_or_404(LedgerStream, name=name)
    return _download("".join(ledger.export(name)), "application/jsonl", name, "jsonl")


@require_safe
@auditors_only
def bundle(request: HttpRequest, name: str) -> HttpResponseBase:
    """Hand out all that is known of a stream, with its seal and a verifier that needs no more."""
    get_object_or_404(LedgerStream, name=name)
    found = evidence.gather(name)
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    try:
        evidence.write(file, found.streams, files=found.files)
    except evidence.EvidenceError as error:
        file.close()
        messages.warning(request, str(error))
        return redirect("auditor:stream", name)
    file.seek(0)
    response = FileResponse(file, as_attachment=True, filename=f"{_safe(name)}.zip")
    response["Cache-Control"] = "no-store"
    return response


def _download(content: bytes | str, media_type: str, name: str, ending: str) -> HttpResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{_safe(name)}.{ending}"',
        "Cache-Control": "no-store",
    }
    return HttpResponse(content, content_type=media_type, headers=headers)


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)
