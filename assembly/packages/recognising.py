"""Which items and tests the bank holds already: the same wording, files, numbers and metadata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from django.db.models import Max, Q
from lxml import etree

from assembly import models
from assembly.models.items import digest
from assembly.packages.checking import STIMULUS_TYPE, CheckedItem, CheckedTest, FileUse
from assembly.qti import metadata, upgrade, xml
from assembly.qti.errors import QtiError
from assembly.qti.package import Package

BATCH = 500
XML_TYPES = frozenset({STIMULUS_TYPE, "application/xml", "text/xml"})
Print = tuple[object, ...]
MOST_MEANINGS = 20_000
_meanings: dict[str, str] = {}  # by what is said: the same words always mean the same


@dataclass(slots=True)
class Known:
    """The versions of some items, found by exactly what they say, then by what that means.

    An export of what was imported as QTI 2 says the same in QTI 3's words.
    """

    rows: dict[Print, models.ItemVersion] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    alike: dict[int, dict[Print, models.ItemVersion]] = field(default_factory=dict)

    def version(
        self, one: CheckedItem, item: models.Item, opened: Package
    ) -> models.ItemVersion | None:
        """The version that says this; None where it is new."""
        exact = self.rows.get(of(one))
        if exact is not None or item.pk not in self.last:
            return exact
        if item.pk not in self.alike:
            found = item.versions.order_by("number")
            self.alike[item.pk] = {_meaning_of(row): row for row in found}
        return self.alike[item.pk].get(_meaning(one, opened))


def of(one: CheckedItem) -> Print:
    """What makes two versions of an item the same: wording, files, parameters and metadata."""
    files = frozenset((use.href, use.sha256) for use in one.files)
    return (one.item.identifier, digest(one.xml), files, *_numbers(one), one.source.metadata)


def _numbers(one: CheckedItem) -> tuple[float | None, ...]:
    given = one.source.parameters
    return (given.a, given.b, given.c) if given else (None, None, None)


def known(items: Iterable[models.Item]) -> Known:
    """Read what the bank holds of these items, without their words."""
    rows = list(items)
    held = Known()
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        versions = models.ItemVersion.objects.filter(item__in=batch).select_related("item")
        files: dict[int, set[tuple[str, str]]] = {}
        links = models.ItemVersionAsset.objects.filter(item_version__item__in=batch)
        for pk, href, hashed in links.values_list("item_version_id", "href", "asset__sha256"):
            files.setdefault(pk, set()).add((href, hashed))
        for row in versions.defer("xml").order_by("number"):
            names = frozenset(files.get(row.pk, set()))
            numbers = (row.irt_a, row.irt_b, row.irt_c)
            key = (row.item.identifier, row.sha256, names, *numbers, row.metadata)
            held.rows[key] = row
        numbers_of = models.ItemVersion.objects.filter(item__in=batch).values("item_id")
        held.last |= {
            one["item_id"]: one["last"] for one in numbers_of.annotate(last=Max("number"))
        }
    return held


def _meaning_of(row: models.ItemVersion) -> Print:
    shown = row.files.select_related("asset")
    files = frozenset((one.href, _digest_of(one.asset)) for one in shown)
    told = row.metadata and metadata.text(metadata.gathered([xml.parse_xml(row.metadata.encode())]))
    return (meaning(row.xml), files, row.irt_a, row.irt_b, row.irt_c, told)


def _meaning(one: CheckedItem, opened: Package) -> Print:
    files = frozenset((use.href, _digest_in(use, opened)) for use in one.files)
    return (meaning(one.xml), files, *_numbers(one), one.source.metadata)


def _digest_of(asset: models.Asset) -> str:
    """What a file says: of documents their meaning, of others their bytes."""
    if asset.media_type not in XML_TYPES:
        return asset.sha256
    return meaning(bytes(asset.content).decode("utf-8", "replace"))


def _digest_in(use: FileUse, opened: Package) -> str:
    if use.media_type not in XML_TYPES:
        return use.sha256
    return meaning(opened.read(use.member).decode("utf-8", "replace"))


def meaning(text: str) -> str:
    """The digest of a document in QTI 3's words, by XML's canonical form."""
    said = digest(text)
    if said not in _meanings:
        if len(_meanings) >= MOST_MEANINGS:
            _meanings.clear()
        _meanings[said] = _read_meaning(text)
    return _meanings[said]


def _read_meaning(text: str) -> str:
    try:
        root = xml.parse_xml(upgrade.document(text.encode()))
    except QtiError:
        return digest(text)
    root.attrib.pop(upgrade.SCHEMA_LOCATION, "")
    # C14N 2.0: the first version knows no relative names of namespaces, which some items have.
    return digest(etree.canonicalize(etree.tostring(root, encoding="unicode")))


@dataclass(frozen=True, slots=True)
class KnownTest:
    """The draft that an imported test belongs to, and the identifier that it has or gets."""

    row: models.AssessmentTest | None
    identifier: str
    is_unchanged: bool = False
    is_written_here: bool = False


def test(one: CheckedTest, opened: Package) -> KnownTest:
    """Find the draft of an imported test.

    It is the one that says the same; else the one of the same title, or whose words are published
    and therefore kept. Any other draft with this identifier is another test: it is not touched.
    """
    drafts = _drafts(one.test.identifier)
    for row in drafts:
        if _says_the_same(row, one, opened):
            return KnownTest(row, row.identifier, is_unchanged=True, is_written_here=not row.xml)
    imported = [row for row in drafts if row.xml]
    kept = [row for row in imported if row.title == one.test.title[:500] or _is_published(row)]
    if kept:
        return KnownTest(kept[0], kept[0].identifier)
    taken = {row.identifier for row in drafts}
    free = (f"{one.test.identifier}-{number}" for number in count(2))
    identifier = one.test.identifier
    return KnownTest(
        None, identifier if identifier not in taken else next(n for n in free if n not in taken)
    )


def _drafts(identifier: str) -> list[models.AssessmentTest]:
    """The tests that go by this identifier, or by it and a number."""
    begun = Q(identifier=identifier) | Q(identifier__startswith=f"{identifier}-")
    rows = models.AssessmentTest.objects.filter(begun).order_by("pk")
    tails = ((row, row.identifier.removeprefix(identifier)) for row in rows)
    return [row for row, tail in tails if not tail or tail[1:].isdecimal()]


def _is_published(row: models.AssessmentTest) -> bool:
    return row.versions.filter(sha256=digest(row.xml)).exists()


def _says_the_same(row: models.AssessmentTest, one: CheckedTest, opened: Package) -> bool:
    said = row.xml or row.origin
    if said != one.xml and (not said or meaning(said) != meaning(one.xml)):
        return False
    shown = row.files.select_related("asset")
    held = {(file.href, _digest_of(file.asset)) for file in shown}
    return held == {(use.href, _digest_in(use, opened)) for use in one.files}
