"""Verifying everything step by step with progress, and what differs of a stream side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from integrity import chain, ledger
from integrity.auditor.access import auditors_only
from integrity.chain import Entry
from integrity.models import LedgerEntry, LedgerStream
from integrity.proof import seals, witnesses
from integrity.proof.witnesses import Difference

# A step takes well under a second: the page goes on by itself and shows how far it is.
ENTRIES_PER_STEP = 4_000
STREAMS_PER_STEP = 100
MOST_BROKEN = 20
MOST_DIFFERENCES = 50


@dataclass(frozen=True, slots=True)
class Step:
    """How far the verification is; it stands in the address, so nothing is kept for it."""

    after: int = 0
    streams: int = 0
    entries: int = 0
    broken: tuple[str, ...] = ()
    sealing: bool = False

    @classmethod
    def read(cls, request: HttpRequest) -> "Step":
        numbers = (request.GET.get(name, "") for name in ("after", "streams", "entries"))
        after, streams, entries = (int(n) if n.isdecimal() and len(n) < 16 else 0 for n in numbers)
        broken = tuple(request.GET.getlist("broken")[:MOST_BROKEN])
        return cls(after, streams, entries, broken, "sealing" in request.GET)

    @property
    def query(self) -> str:
        pairs = [("after", self.after), ("streams", self.streams), ("entries", self.entries)]
        more = [("broken", name) for name in self.broken] + [("sealing", 1)] * self.sealing
        return urlencode([*pairs, *more])


@require_safe
@auditors_only
def verify(request: HttpRequest) -> HttpResponse:
    """Verify everything: each request one step further, the seals and signatures last."""
    total = LedgerStream.objects.aggregate(streams=Count("id"), entries=Sum("length"))
    context: dict[str, Any] = {"total": total["entries"] or 0, "streams": total["streams"]}
    if "after" not in request.GET:
        return render(request, "auditor/verify.html", context | {"step": Step(), "begins": True})
    step = Step.read(request)
    if step.sealing:
        context |= {"step": step, "sealing": seals.verify(), "done": True}
    else:
        context["step"] = _further(step)
    whole = not getattr(request, "htmx", False)
    return render(request, f"auditor/{'verify' if whole else '_verifying'}.html", context)


def _further(step: Step) -> Step:
    """Verify the next streams; an empty step leads on to the seals."""
    ahead = LedgerStream.objects.filter(pk__gt=step.after).order_by("pk")[:STREAMS_PER_STEP]
    names, after, length = [], step.after, 0
    for row in ahead:
        names.append(row.name)
        after, length = row.pk, length + row.length
        if length >= ENTRIES_PER_STEP:
            break
    verdicts = witnesses.verify(names) if names else []
    broken = [one.stream for one in verdicts if one.broken]
    return Step(
        after=after,
        streams=step.streams + len(names),
        entries=step.entries + sum(one.entries for one in verdicts),
        broken=(*step.broken, *broken)[:MOST_BROKEN],
        sealing=not names,
    )


@require_safe
@auditors_only
def differences(request: HttpRequest, name: str) -> HttpResponse:
    """Show side by side what the record says of a stream and what is found."""
    row = get_object_or_404(LedgerStream, name=name)
    (verdict,) = seals.verify_streams([name])
    found = [*_of_the_chain(name, verdict), *witnesses.differences([name])]
    context = {
        "stream": row,
        "verdict": verdict,
        "differences": found[:MOST_DIFFERENCES],
        "left_out": max(0, len(found) - MOST_DIFFERENCES),
        "entries": _told(name, {one.seq for one in found[:MOST_DIFFERENCES]}),
    }
    return render(request, "auditor/differences.html", context)


def _told(name: str, seqs: set[int]) -> dict[int, Entry]:
    rows = LedgerEntry.objects.filter(stream__name=name, seq__in=seqs)
    columns = rows.values_list("seq", "kind", "at_ms", "actor", "payload", "prev", "hash")
    return {row[0]: Entry(name, *row) for row in columns}


def _of_the_chain(name: str, verdict: ledger.Verdict) -> Iterator[Difference]:
    """Yield each entry that does not give its hash or follow the one before, and the seal."""
    before = chain.START
    for entry in ledger.entries(name):
        yield from _of_an_entry(entry, before)
        before = chain.Position(entry.seq, entry.hash)
    broken = verdict.broken
    if broken and broken.kind in {chain.BreakKind.REWRITTEN, chain.BreakKind.TRUNCATED}:
        yield _of_the_seal(name, broken)


def _of_an_entry(entry: Entry, before: chain.Position) -> Iterator[Difference]:
    try:
        gives = chain.digest(*entry[:-1])
    except ValueError:
        gives = "–"
    if gives != entry.hash:
        said = ((_("Hash that was recorded"), entry.hash),)
        found = ((_("Hash that its content gives"), gives), (_("Content now"), entry.body))
        yield Difference(entry.stream, entry.seq, chain.BreakKind.EDITED, _("Content"), said, found)
    if entry.seq != before.seq + 1 or entry.prev != before.hash:
        follows = ((_("Follows entry"), str(entry.seq - 1)), (_("with the hash"), entry.prev))
        stands = ((_("Stands behind entry"), str(before.seq)), (_("with the hash"), before.hash))
        yield Difference(entry.stream, entry.seq, chain.BreakKind.LINK, _("Place"), follows, stands)


def _of_the_seal(name: str, broken: chain.Break) -> Difference:
    sealed = seals.sealed_head(name)
    head = ledger.head(name)
    at = chain.EPOCH if sealed is None else chain.EPOCH + sealed.at_ms * chain.MILLISECOND
    said = (
        (_("Sealed up to entry"), str(sealed.seq if sealed else 0)),
        (_("with the hash"), sealed.head if sealed else "–"),
        (_("Sealed at"), datetime.isoformat(at.astimezone(UTC), timespec="seconds")),
    )
    found = (
        (_("Ends with entry"), str(head.seq if head else 0)),
        (_("with the hash"), head.head if head else "–"),
    )
    return Difference(name, broken.seq, broken.kind, _("Seal"), said, found)
