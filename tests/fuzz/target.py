"""What is done with a document of unknown worth: everything that an import and a sitting would."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

from assembly.qti import (
    assessment,
    item_session,
    outcomes,
    package,
    pnp,
    reading,
    reading_draft,
    upgrade,
)
from assembly.qti.errors import QtiError, ReadingError, ResponseError
from assembly.qti.item import AssessmentItem
from assembly.selection import Stream

STREAM = Stream(b"fuzz")
ANSWERS = ("A", "1 1", ["A B", "0.5"], None, ["9" * 300], "1,5", "\ud800")


def one(data: bytes) -> None:
    """Raises nothing for any bytes, unless there is a fault."""
    if data[:2] == b"PK":
        as_package(data)
        return
    for read in (as_item, as_test, as_stimulus, as_profile, as_three):
        _refusing(read, data)


def _refusing(read: Callable[[bytes], object], data: bytes) -> None:
    with suppress(QtiError):
        read(data)


def as_package(data: bytes) -> None:
    with suppress(ReadingError), package.open_package(data, "fuzz.zip") as opened:
        for document in (*opened.items, *opened.tests, *opened.stimuli):
            one(document.source[:100_000])


def resolve(href: str) -> bytes:
    raise ReadingError(f"The file {href[:80]} is missing.", reason="missing_file")


def as_item(data: bytes) -> None:
    item = reading.read_item(data, resolve=resolve)
    reading_draft.read_draft(data)
    begun = item_session.begin(item, STREAM)
    for answer in ANSWERS:
        _answered(item, begun, answer)


def _answered(
    item: AssessmentItem, begun: item_session.ItemSession, answer: str | list[str] | None
) -> None:
    raw = dict.fromkeys(item.responses, answer)
    try:
        item_session.problems(item, begun, raw)
        scored = item_session.attempt(item, begun, raw, duration_seconds=0.0)
    except ResponseError:
        return
    kept = json.loads(json.dumps(item_session.to_json(scored)))
    item_session.from_json(item, kept)


def as_test(data: bytes) -> None:
    test = reading.read_test(data, resolve=resolve)
    assessment.score_test(test, [])
    outcomes.initial(test.outcomes)


def as_stimulus(data: bytes) -> None:
    reading.read_stimulus(data)


def as_profile(data: bytes) -> None:
    pnp.read(data)


def as_three(data: bytes) -> None:
    """A document in QTI 3's words says the same to the reader as it did before."""
    again = upgrade.document(data)
    assert upgrade.document(again) == again, "an upgraded document needs no upgrade"
