"""One short write: everything that a check found usable becomes rows, or nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from django.db.models import Max

from assembly import models, outlines
from assembly.checking import (
    Checked,
    CheckedItem,
    CheckedTest,
    FileUse,
    ImportReport,
    ItemReport,
    Outcome,
)
from assembly.models.items import digest
from assembly.qti.package import Package

BATCH = 500
BLOBS = 20


def store(checked: Checked, *, by: str, at: datetime) -> ImportReport:
    """Inside the caller's transaction; the report carries the rows' ids."""
    checked_items = list(checked.items.values())
    assets = _store_assets(checked.package, _uses(checked))
    items = _store_items(checked_items)
    versions, unchanged = _store_versions(checked_items, items, assets, by, at)
    reports = [
        item.report(row_id=versions[href].pk, unchanged=href in unchanged)
        for href, item in checked.items.items()
    ]
    tests = [_store_test(test, versions, assets) for test in checked.tests]
    return ImportReport(
        checked.package.name,
        (*reports, *checked.refused_items),
        (*tests, *checked.refused_tests),
        dry_run=False,
    )


def _uses(checked: Checked) -> Iterator[FileUse]:
    for item in checked.items.values():
        yield from item.files
    for test in checked.tests:
        yield from test.files


def _store_assets(opened: Package, uses: Iterable[FileUse]) -> dict[str, int]:
    """Asset ids by content hash; what the bank holds already is not written again."""
    wanted = {use.sha256: use for use in uses}
    known = dict(_in_batches(wanted))
    missing = [use for key, use in wanted.items() if key not in known]
    for start in range(0, len(missing), BLOBS):
        rows = [_asset(opened, use) for use in missing[start : start + BLOBS]]
        models.Asset.objects.bulk_create(rows)
    return known | dict(_in_batches(use.sha256 for use in missing))


def _in_batches(hashes: Iterable[str]) -> Iterator[tuple[str, int]]:
    listed = list(hashes)
    for start in range(0, len(listed), BATCH):
        found = models.Asset.objects.filter(sha256__in=listed[start : start + BATCH])
        yield from found.values_list("sha256", "pk")


def _asset(opened: Package, use: FileUse) -> models.Asset:
    content = opened.read(use.member)
    if sha256(content).hexdigest() != use.sha256:
        raise OSError(f"{use.member} changed while it was imported.")
    return models.Asset(
        sha256=use.sha256, media_type=use.media_type, size=use.size, content=content
    )


def _store_items(checked: list[CheckedItem]) -> dict[str, models.Item]:
    titles = {one.item.identifier: one.item.title[:500] for one in checked}
    known = _items(titles)
    fresh = [
        models.Item(identifier=identifier, title=title)
        for identifier, title in titles.items()
        if identifier not in known
    ]
    models.Item.objects.bulk_create(fresh, batch_size=BATCH)
    return _items(titles)


def _items(identifiers: Iterable[str]) -> dict[str, models.Item]:
    listed = list(identifiers)
    found: dict[str, models.Item] = {}
    for start in range(0, len(listed), BATCH):
        rows = models.Item.objects.filter(identifier__in=listed[start : start + BATCH])
        found |= {row.identifier: row for row in rows}
    return found


def _store_versions(
    checked: list[CheckedItem],
    items: Mapping[str, models.Item],
    assets: Mapping[str, int],
    by: str,
    at: datetime,
) -> tuple[dict[str, models.ItemVersion], set[str]]:
    """Versions by member, and the members whose version was in the bank already."""
    known, last = _known_versions(items.values())
    found: dict[str, models.ItemVersion] = {}
    fresh: dict[tuple[object, ...], models.ItemVersion] = {}
    unchanged = set()
    for one in checked:
        item, print_ = items[one.item.identifier], _fingerprint(one)
        if print_ in known:
            found[one.source.href] = known[print_]
            unchanged.add(one.source.href)
            continue
        if print_ not in fresh:
            last[item.pk] = last.get(item.pk, 0) + 1
            fresh[print_] = _version(one, item, last[item.pk], by, at)
        found[one.source.href] = fresh[print_]
    models.ItemVersion.objects.bulk_create(fresh.values(), batch_size=BATCH)
    _link_files(checked, found, unchanged, assets)
    return found, unchanged


def _fingerprint(one: CheckedItem) -> tuple[object, ...]:
    """What makes two versions of an item the same: wording, files and parameters."""
    given = one.source.parameters
    numbers = (given.a, given.b, given.c) if given else (None, None, None)
    files = frozenset((use.href, use.sha256) for use in one.files)
    return (one.item.identifier, digest(one.xml), files, *numbers)


def _known_versions(
    items: Iterable[models.Item],
) -> tuple[dict[tuple[object, ...], models.ItemVersion], dict[int, int]]:
    rows = list(items)
    known: dict[tuple[object, ...], models.ItemVersion] = {}
    last: dict[int, int] = {}
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        versions = models.ItemVersion.objects.filter(item__in=batch).select_related("item")
        files: dict[int, set[tuple[str, str]]] = {}
        links = models.ItemVersionAsset.objects.filter(item_version__item__in=batch)
        for pk, href, hashed in links.values_list("item_version_id", "href", "asset__sha256"):
            files.setdefault(pk, set()).add((href, hashed))
        for row in versions.defer("xml").order_by("number"):
            held = frozenset(files.get(row.pk, set()))
            numbers = (row.irt_a, row.irt_b, row.irt_c)
            known[(row.item.identifier, row.sha256, held, *numbers)] = row
        numbers_of = models.ItemVersion.objects.filter(item__in=batch).values("item_id")
        last |= {row["item_id"]: row["last"] for row in numbers_of.annotate(last=Max("number"))}
    return known, last


def _version(
    one: CheckedItem, item: models.Item, number: int, by: str, at: datetime
) -> models.ItemVersion:
    given = one.source.parameters
    return models.ItemVersion(
        item=item,
        number=number,
        title=one.item.title[:500],
        xml=one.xml,
        sha256=digest(one.xml),
        interactions=one.interactions[:500],
        max_score=one.item.max_score,
        language=one.item.language[:35],
        metadata=one.source.metadata,
        irt_a=given.a if given else None,
        irt_b=given.b if given else None,
        irt_c=given.c if given else None,
        created_at=at,
        created_by=by,
    )


def _link_files(
    checked: list[CheckedItem],
    versions: Mapping[str, models.ItemVersion],
    unchanged: set[str],
    assets: Mapping[str, int],
) -> None:
    links: dict[tuple[int, str], models.ItemVersionAsset] = {}
    for one in checked:
        version = versions[one.source.href]
        if one.source.href not in unchanged:
            for use in one.files:
                links[version.pk, use.href] = models.ItemVersionAsset(
                    item_version=version, href=use.href[:1000], asset_id=assets[use.sha256]
                )
    models.ItemVersionAsset.objects.bulk_create(links.values(), batch_size=BATCH)


def _store_test(
    one: CheckedTest, versions: Mapping[str, models.ItemVersion], assets: Mapping[str, int]
) -> ItemReport:
    """Replace the draft of an imported test; a draft that was written here is left alone."""
    row = models.AssessmentTest.objects.filter(identifier=one.test.identifier).first()
    if row is not None and not row.xml:
        message = "A test with this identifier is being written here; it was left as it is."
        return ItemReport(
            one.test.identifier, one.source.href, Outcome.REFUSED, "identifier_taken", message
        )
    unchanged = row is not None and row.xml == one.xml
    replaced = row is not None and not unchanged
    row = row or models.AssessmentTest(identifier=one.test.identifier)
    row.title, row.language, row.xml = one.test.title[:500], one.test.language[:35], one.xml
    limits = one.test.time_limits
    row.min_seconds = None if limits.min_seconds is None else round(limits.min_seconds)
    row.max_seconds = None if limits.max_seconds is None else max(1, round(limits.max_seconds))
    row.allow_late_submission = limits.allow_late_submission
    row.save()
    outlines.store(row, one.test, {ref: versions[member] for ref, member in one.refs.items()})
    row.files.all().delete()
    models.TestAsset.objects.bulk_create(
        models.TestAsset(test=row, href=use.href[:1000], asset_id=assets[use.sha256])
        for use in one.files
    )
    report = one.report(row_id=row.pk, unchanged=unchanged)
    if not replaced:
        return report
    message = "It takes the place of another draft with this identifier."
    reason = report.reason or "replaced_draft"
    return replace(report, reason=reason, message=f"{report.message} {message}".strip())
