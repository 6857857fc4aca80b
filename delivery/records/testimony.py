"""What delivery can tell of its streams: whether answers, words and sessions are as recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from hashlib import sha256
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from delivery.facts import journal
from delivery.models import AssessmentSession, CandidateComment, Message
from delivery.people.erasing import PersonErased, SessionRemoved
from delivery.records import answers, recorded, standing
from delivery.records.recorded import PREFIX, Lines
from integrity import words
from integrity.chain import BreakKind
from integrity.models import LedgerEntry, LedgerStream
from integrity.proof.witnesses import Difference

STREAMS_AT_ONCE: Final = 1_000
SESSIONS_AT_ONCE: Final = 100
SENT: Final = "message.sent"
COMMENTED: Final = "item.commented"


def differences(streams: Sequence[str] | None = None) -> Iterator[Difference]:
    """Yield every answer, word and session that is not what its entries recorded.

    An exam goes on meanwhile: what differs is read once more, with its session held still.
    """
    for pks in _sessions(streams):
        suspects = list(dict.fromkeys(one.stream for one in _of_sessions(_rows(pks))))
        if suspects:
            yield from _held_still(recorded.ids(suspects))
    for names in _batches(streams):
        yield from _gone(names)


def _sessions(streams: Sequence[str] | None) -> Iterator[list[UUID]]:
    found = AssessmentSession.objects.order_by("pk").values_list("pk", flat=True)
    if streams is not None:
        found = found.filter(pk__in=recorded.ids(streams))
    keys = iter(list(found))
    while batch := list(islice(keys, SESSIONS_AT_ONCE)):
        yield batch


def _rows(pks: Sequence[UUID]) -> QuerySet[AssessmentSession]:
    found = AssessmentSession.objects.filter(pk__in=pks).order_by("pk")
    return found.select_related("sitting__test_version", "lockdown").defer(
        "timing", "sitting__test_version__xml"
    )


def _of_sessions(rows: QuerySet[AssessmentSession]) -> Iterator[Difference]:
    sessions = list(rows)
    yield from answers.differences(sessions)
    yield from standing.differences(sessions)
    yield from _words([session.stream for session in sessions])


def _held_still(pks: Sequence[UUID]) -> list[Difference]:
    """Every verb locks its session's row first: what is read now belongs together."""
    with transaction.atomic():
        return list(_of_sessions(_rows(pks).select_for_update(of=("self",))))


def _batches(streams: Sequence[str] | None) -> Iterator[list[str]]:
    if streams is None:
        rows = LedgerStream.objects.filter(name__startswith=PREFIX, length__gt=0).order_by("id")
        names = iter(rows.values_list("name", flat=True).iterator(STREAMS_AT_ONCE))
    else:
        names = iter([name for name in streams if name.startswith(PREFIX)])
    while batch := list(islice(names, STREAMS_AT_ONCE)):
        yield batch


def _gone(names: Sequence[str]) -> Iterator[Difference]:
    """Sessions that were recorded and are no longer there, though nobody removed them on record."""
    there = AssessmentSession.objects.filter(pk__in=recorded.ids(names))
    left = set(names) - {f"{PREFIX}{pk}" for pk in there.values_list("pk", flat=True)}
    began = LedgerEntry.objects.filter(stream__name__in=left, kind="session.created")
    removed = LedgerEntry.objects.filter(stream__name__in=left, kind=SessionRemoved.kind)
    told = set(removed.values_list("stream__name", flat=True))
    for name, seq in began.values_list("stream__name", "seq"):
        if name not in told:
            said = ((_("In the record"), _("the session was created")),)
            found = ((_("Stored session"), _("none: it was removed, with its answers")),)
            yield Difference(name, seq, BreakKind.ANSWER, _("Session"), said, found)


def _words(names: Sequence[str]) -> Iterator[Difference]:
    """Messages to candidates, and candidates' comments on items."""
    entries = LedgerEntry.objects.filter(stream__name__in=names)
    erased = entries.filter(kind=PersonErased.kind).values_list("stream__name", flat=True)
    skipped = set(erased)
    messages = Message.objects.filter(session__in=recorded.ids(names)).in_bulk()
    unsaid = dict(messages)
    comments = {
        (f"{PREFIX}{row.item_session.session_id}", row.item_session.key, row.revision): row
        for row in CandidateComment.objects.filter(
            item_session__session__in=recorded.ids(names)
        ).select_related("item_session")
    }
    rows = entries.filter(kind__in=(SENT, COMMENTED)).order_by("stream_id", "seq")
    for name, seq, kind, text in rows.values_list("stream__name", "seq", "kind", "payload"):
        if name in skipped:
            continue
        said = recorded.read_payload(text)
        if kind == SENT:
            number = said.get("message")
            row: Message | CandidateComment | None = messages.get(number)
            unsaid.pop(number, None)
            what = _("Message %(number)s") % {"number": number}
        else:
            key, revision = str(said.get("item")), int(said.get("revision", 0))
            row = comments.get((name, key, revision))
            what = _("Comment on item %(item)s") % {"item": key}
            if row is None:  # a later one took its place
                continue
        if row is None or _digest(row) != said.get("digest"):
            yield _difference(name, seq, what, str(said.get("digest", "–")), row)
    yield from _reasons(names, skipped)
    for number, alone in unsaid.items():
        name = f"{PREFIX}{alone.session_id}"
        if name not in skipped:
            yield _difference(name, 0, _("Message %(number)s") % {"number": number}, "–", alone)


def _reasons(names: Sequence[str], skipped: Set[str]) -> Iterator[Difference]:
    """Reasons that staff wrote; of an erased person only digests are left."""
    kept = {(row.stream, row.seq): row for row in words.rows(names)}
    known = LedgerEntry.objects.filter(stream__name__in=names, kind__in=journal.REASONED)
    rows = known.order_by("stream_id", "seq").values_list("stream__name", "seq", "payload")
    for name, seq, text in rows:
        said, row = recorded.read_payload(text), kept.pop((name, seq), None)
        digest = said.get(f"reason{words.DIGEST}")
        if name in skipped or (digest is None and row is None):
            continue
        if row is None or not words.holds(row, said):
            lines = ((_("Stored words"), row.text if row else _("none")),)
            in_record = ((_("Digest in the record"), str(digest)),)
            yield Difference(name, seq, BreakKind.ANSWER, _("Reason"), in_record, lines)


def _digest(row: Message | CandidateComment) -> str:
    return sha256(f"{row.salt}{row.text}".encode()).hexdigest()


def _difference(
    name: str, seq: int, what: str, digest: str, row: Message | CandidateComment | None
) -> Difference:
    said = ((_("Digest in the record"), digest),)
    found: Lines = ((_("Stored words"), _("none")),)
    if row is not None:
        found = ((_("Digest of what is stored"), _digest(row)), (_("Stored words"), row.text))
    return Difference(name, seq, BreakKind.ANSWER, what, said, found)
