"""What authors change: item drafts, and the parts, sections and item refs of test drafts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import Max

from assembly import models
from assembly.models.items import digest
from assembly.packages import recognising
from assembly.qti import links, reading, xml
from assembly.qti.item import AssessmentItem

IMAGE_TYPES = {
    b"\x89PNG\r\n": ("image/png", "png"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"GIF8": ("image/gif", "gif"),
    b"RIFF": ("image/webp", "webp"),
}


class AuthoringError(Exception):
    """A change that cannot be made; the message is a full sentence."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that goes with an item, under the address that its XML uses."""

    href: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Parameters:
    a: float | None = None
    b: float | None = None
    c: float | None = None


def image(name: str, content: bytes) -> Upload:
    """An image by what it really is; its address is made from its content."""
    for head, (media_type, ending) in IMAGE_TYPES.items():
        if content.startswith(head):
            hashed = sha256(content).hexdigest()[:16]
            return Upload(f"images/{hashed}.{ending}", content, media_type)
    if b"<svg" in content[:1000].lower():
        xml.parse_xml(content)
        hashed = sha256(content).hexdigest()[:16]
        return Upload(f"images/{hashed}.svg", content, "image/svg+xml")
    raise AuthoringError(f"{name} is not a PNG, JPEG, GIF, WebP or SVG image.")


@transaction.atomic
def save_item(
    source: bytes,
    *,
    item: models.Item | None,
    uploads: Sequence[Upload] = (),
    parameters: Parameters | None = None,
    opened: str = "",
    by: str,
    at: datetime,
) -> models.ItemVersion:
    """Save an item's XML as its draft: the open one, or a new version after a published one.

    `opened` is the SHA-256 of the version that the author began from. Raises ReadingError where
    the XML is no item, AuthoringError where the identifier is taken or somebody else saved first.
    """
    read = reading.read_item(source)
    if item is None:
        if models.Item.objects.filter(identifier=read.identifier).exists():
            raise AuthoringError(f"There is an item {read.identifier} already.")
        item = models.Item.objects.create(identifier=read.identifier)
    elif item.identifier != read.identifier:
        raise AuthoringError(f"This item is {item.identifier}: its identifier never changes.")
    item = models.Item.objects.select_for_update().get(pk=item.pk)
    newest = item.newest()
    if opened and newest and newest.sha256 != opened:
        raise AuthoringError(
            "Somebody else saved this item after you opened it. What you wrote is still here: "
            "copy it, open the item again, and make your change once more."
        )
    version = _draft(item, newest, by, at)
    _fill(version, source, read, parameters)
    version.save()
    _keep_files(version, newest, source, uploads)
    item.title = version.title
    item.save(update_fields=["title"])
    return version


def _draft(
    item: models.Item, newest: models.ItemVersion | None, by: str, at: datetime
) -> models.ItemVersion:
    if newest and newest.state == models.VersionState.DRAFT and not newest.used_by.exists():
        return newest
    version = models.ItemVersion(item=item, number=newest.number + 1 if newest else 1)
    if newest:
        version.irt_a, version.irt_b, version.irt_c = newest.irt_a, newest.irt_b, newest.irt_c
    version.created_at, version.created_by = at, by
    return version


def _fill(
    version: models.ItemVersion,
    source: bytes,
    read: AssessmentItem,
    parameters: Parameters | None,
) -> None:
    version.xml, version.title = source.decode(), read.title[:500]
    names = dict.fromkeys(one.name.removesuffix("_interaction") for one in read.interactions)
    version.interactions = " ".join(names)[:500]
    version.max_score, version.language = read.max_score, read.language[:35]
    version.sha256 = digest(version.xml)
    if parameters:
        version.irt_a, version.irt_b, version.irt_c = parameters.a, parameters.b, parameters.c


def _keep_files(
    version: models.ItemVersion,
    newest: models.ItemVersion | None,
    source: bytes,
    uploads: Sequence[Upload],
) -> None:
    """The files that the XML still names: new ones, and those of the version before."""
    wanted = {href for href, _line in links.of(xml.parse_xml(source))}
    wanted |= _inside_documents(newest, wanted) if newest else set()
    assets = {upload.href: keep_asset(upload) for upload in uploads if upload.href in wanted}
    if newest:
        for file in newest.files.filter(href__in=wanted - set(assets)):
            assets[file.href] = file.asset_id
    version.files.all().delete()
    models.ItemVersionAsset.objects.bulk_create(
        models.ItemVersionAsset(item_version=version, href=href, asset_id=asset_id)
        for href, asset_id in assets.items()
    )


def _inside_documents(version: models.ItemVersion, wanted: set[str]) -> set[str]:
    """What stimuli and included files show, which the item's own XML does not name."""
    documents = version.files.filter(href__in=wanted, asset__media_type__in=recognising.XML_TYPES)
    return {
        href
        for file in documents.select_related("asset")
        for href, _line in links.of(xml.parse_xml(bytes(file.asset.content)))
    }


def keep_asset(upload: Upload) -> int:
    asset, _made = models.Asset.objects.get_or_create(
        sha256=sha256(upload.content).hexdigest(),
        defaults={
            "media_type": upload.media_type,
            "size": len(upload.content),
            "content": upload.content,
        },
    )
    return asset.pk


def may_delete(item: models.Item) -> bool:
    """Only an item that was never published and stands in no test may go."""
    published = item.versions.exclude(state=models.VersionState.DRAFT).exists()
    return not published and not item.refs.exists()


@transaction.atomic
def delete_item(item: models.Item) -> None:
    item = models.Item.objects.select_for_update().get(pk=item.pk)
    if not may_delete(item):
        raise AuthoringError("This item is published or stands in a test: it cannot be deleted.")
    item.versions.all().delete()
    item.delete()


# Tests


@transaction.atomic
def new_test(test: models.AssessmentTest) -> models.AssessmentTest:
    """Save a new draft with one part and one section, ready for items."""
    test.save()
    part = models.TestPart.objects.create(test=test, identifier="part-1")
    models.Section.objects.create(part=part, identifier="section-1", title=test.title)
    return test


def add_part(test: models.AssessmentTest) -> models.TestPart:
    number = _free(test, "part")
    return models.TestPart.objects.create(
        test=test,
        identifier=f"part-{number}",
        position=1 + (test.parts.aggregate(last=Max("position"))["last"] or 0),
    )


def add_section(part: models.TestPart, parent: models.Section | None) -> models.Section:
    number = _free(part.test, "section")
    return models.Section.objects.create(
        part=part,
        parent=parent,
        identifier=f"section-{number}",
        title=f"Section {number}",
        position=_end(part, parent),
    )


def _free(test: models.AssessmentTest, prefix: str) -> int:
    taken = identifiers(test)
    number = 1
    while f"{prefix}-{number}" in taken:
        number += 1
    return number


def identifiers(test: models.AssessmentTest) -> set[str]:
    return {
        *test.parts.values_list("identifier", flat=True),
        *models.Section.objects.filter(part__test=test).values_list("identifier", flat=True),
        *models.ItemRef.objects.filter(section__part__test=test).values_list(
            "identifier", flat=True
        ),
    }


def _end(part: models.TestPart, parent: models.Section | None) -> int:
    """The position after everything in a section, or in a part."""
    inside = models.Section.objects.filter(part=part, parent=parent)
    places = [inside.aggregate(last=Max("position"))["last"] or 0]
    if parent:
        places.append(parent.refs.aggregate(last=Max("position"))["last"] or 0)
    return max(places) + 1


@transaction.atomic
def add_items(section: models.Section, items: Iterable[models.Item]) -> int:
    """Add item refs at the end of a section; an identifier that is taken gets a number."""
    taken = identifiers(section.part.test)
    place = _end(section.part, section)
    rows: list[models.ItemRef] = []
    for item in items:
        name, number = item.identifier, 1
        while name in taken:
            number += 1
            name = f"{item.identifier}-{number}"
        taken.add(name)
        rows.append(
            models.ItemRef(section=section, item=item, identifier=name, position=place + len(rows))
        )
    models.ItemRef.objects.bulk_create(rows)
    return len(rows)


@transaction.atomic
def reorder(test: models.AssessmentTest, places: Mapping[str, int]) -> None:
    """Set positions by `part-3`, `section-7`, `ref-12`; rows of other tests are not touched."""
    rows: dict[str, models.TestPart | models.Section | models.ItemRef] = {
        **{f"part-{row.pk}": row for row in test.parts.all()},
        **{f"section-{s.pk}": s for s in models.Section.objects.filter(part__test=test)},
        **{f"ref-{r.pk}": r for r in models.ItemRef.objects.filter(section__part__test=test)},
    }
    for key, place in places.items():
        row = rows.get(key)
        if row is not None and row.position != place and 0 <= place < 100_000:
            row.position = place
            row.save(update_fields=["position"])


@transaction.atomic
def make_editable(test: models.AssessmentTest) -> None:
    """From now on an imported test's rows are the test; rules without a row stay with them."""
    test = models.AssessmentTest.objects.select_for_update().get(pk=test.pk)
    if test.xml:
        test.origin, test.xml = test.xml, ""
        test.save()
