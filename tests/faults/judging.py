"""Holds a driver's record against the database: what was acknowledged must be there, as it was.

Run as a program with the record as JSON on its input; prints what is wrong, a line each.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delivery.settings")
django.setup()

from delivery.models import (  # noqa: E402
    AssessmentSession,
    ItemSession,
    Quarantine,
    ResponseRevision,
)
from integrity import ledger  # noqa: E402
from integrity.models import LedgerEntry  # noqa: E402


def lost(record: list[dict[str, Any]]) -> Iterator[str]:
    """Yield every acknowledgement that the database does not bear out."""
    revisions = {
        (str(row.item_session.session_id), row.item_session.key, row.revision): row
        for row in ResponseRevision.objects.select_related("item_session")
    }
    heads = {
        (stream, seq): head
        for stream, seq, head in LedgerEntry.objects.values_list("stream__name", "seq", "hash")
    }
    for one in record:
        where = f"{one['session']} {one['item']} revision {one['revision']}"
        row = revisions.get((one["session"], one["item"], one["revision"]))
        if row is None:
            yield f"lost: {where}"
        elif row.value != {"RESPONSE": one["value"]}:
            yield f"garbled: {where}: {row.value}"
        elif heads.get((f"session:{one['session']}", one["ledger_seq"])) != one["head"]:
            yield f"not in the ledger as told: {where}"


def garbled(sent: dict[str, list[str]]) -> Iterator[str]:
    """Yield what is stored as nobody sent it: an unacknowledged answer is there whole, or not."""
    stored = [
        (row.key, [str(row.item_session.session_id), row.item_session.key], row.value)
        for row in ResponseRevision.objects.select_related("item_session")
    ]
    stored += [
        (kept.key, [str(kept.session_id), kept.item_key], kept.value)
        for kept in Quarantine.objects.all()
    ]
    for key, place, value in stored:
        if [*place, value.get("RESPONSE")] != sent.get(key):
            yield f"garbled: {key} is stored as {place} {value}"


def wrong(states: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong whatever was acknowledged: states, chains, current answers."""
    for session in AssessmentSession.objects.all():
        due = states.get(str(session.pk), "in_progress")
        if session.state != due:
            yield f"wrong state: {session.pk} is {session.state}, not {due}"
        told = [entry.kind for entry in ledger.read(session.stream)]
        if told.count("session.started") != 1 or told.count("session.completed") > 1:
            yield f"wrong story: {session.pk}"
    for verdict in ledger.verify_all():
        if verdict.broken is not None:
            yield f"broken chain: {verdict.stream}: {verdict.broken}"
    for row in ItemSession.objects.filter(revision__gt=0):
        newest = row.revisions.latest("revision")
        if (newest.revision, newest.value) != (row.revision, row.response):
            yield f"current answer is not the newest revision: {row.session_id} {row.key}"


def main() -> None:
    given = json.load(sys.stdin)
    found = [*lost(given["acknowledged"]), *garbled(given["sent"]), *wrong(given["states"])]
    for line in found:
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
