"""What assembly can tell of the bank's stream: whether content is what was published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from django.utils.translation import gettext as _

from assembly import bank
from assembly.models import AssessmentTestVersion, ItemVersion, TestVersionItem, VersionState
from integrity import ledger
from integrity.chain import BreakKind
from integrity.proof.witnesses import Difference

CHUNK: Final = 100
Known = tuple[str, int]


def differences(streams: Sequence[str] | None = None) -> Iterator[Difference]:
    """Yield every published item and test whose text is not what was published."""
    if streams is not None and bank.STREAM not in streams:
        return
    tests, items = _published()
    frozen = ItemVersion.objects.exclude(state=VersionState.DRAFT)
    for name, number, kept, xml in frozen.values_list(
        "item__identifier", "number", "sha256", "xml"
    ).iterator(CHUNK):
        yield from _look(_("Item %(name)s"), (name, number), kept, _digest(xml), items)
    pinned = _pinned()
    for pk, name, number, kept, xml in AssessmentTestVersion.objects.values_list(
        "pk", "test__identifier", "number", "sha256", "xml"
    ).iterator(CHUNK):
        known = (name, number)
        yield from _look(_("Test %(name)s"), known, kept, _digest(xml), tests)
        seq, told = tests.get(known, (0, {}))
        said, found = told.get("items_sha256"), bank.digest_of_pins(pinned.get(pk, {}))
        if said is not None and said != found:
            yield _difference(_("Items of the test %(name)s"), known, seq, str(said), found)


def _published() -> tuple[Mapping[Known, Any], Mapping[Known, Any]]:
    """What was recorded: the entry's number and payload, of tests and of items."""
    found: dict[str, dict[Known, tuple[int, dict[str, Any]]]] = {"test": {}, "item": {}}
    for entry in ledger.entries(bank.STREAM):
        what, _dot, act = entry.kind.partition(".")
        if act != "published" or what not in found:
            continue
        told = entry.payload
        found[what][str(told.get(what)), int(told.get("version", 0))] = (entry.seq, told)
    return found["test"], found["item"]


def _pinned() -> dict[int, dict[str, str]]:
    rows = TestVersionItem.objects.values_list("version_id", "ref", "item_version__sha256")
    found: dict[int, dict[str, str]] = {}
    for version, ref, digest in rows.iterator(CHUNK):
        found.setdefault(version, {})[ref] = digest
    return found


def _digest(xml: str) -> str:
    return sha256(xml.encode()).hexdigest()


def _look(
    what: str, known: Known, kept: str, found: str, recorded: Mapping[Known, Any]
) -> Iterator[Difference]:
    """Content has the hash that stands beside it, and that the record has of it, if any."""
    seq, told = recorded.get(known, (0, {}))
    said = str(told.get("sha256", kept))
    if not found == kept == said:
        yield _difference(what, known, seq, said, found)


def _difference(what: str, known: Known, seq: int, said: str, found: str) -> Difference:
    name, number = known
    return Difference(
        stream=bank.STREAM,
        seq=seq,
        kind=BreakKind.CONTENT,
        what=f"{what % {'name': name}}, {number}",
        said=((_("Digest in the record"), said),),
        found=((_("Digest of what is stored"), found),),
    )
