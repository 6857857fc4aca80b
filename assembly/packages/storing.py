"""One short write: everything that a check found usable becomes rows, or nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from assembly import models, outlines
from assembly.models.items import digest
from assembly.packages import recognising
from assembly.packages.checking import (
    Checked,
    CheckedItem,
    CheckedTest,
    FileUse,
    ImportReport,
    ItemReport,
)
from assembly.qti.package import Package

BATCH = 500
BLOBS = 20


@dataclass(slots=True)
class Edit:
    """Who imports, and the numbers that new versions got so far, by item."""

    by: str
    at: datetime
    numbers: dict[int, int] = field(default_factory=dict)


def store(checked: Checked, *, by: str, at: datetime) -> ImportReport:
    """Inside the caller's transaction; the report carries the rows' ids."""
    checked_items = list(checked.items.values())
    assets = _store_assets(checked.package, _uses(checked))
    items = _store_items(checked_items)
    versions, unchanged = _store_versions(checked, items, assets, Edit(by, at))
    reports = [
        item.report(row_id=versions[href].pk, unchanged=href in unchanged)
        for href, item in checked.items.items()
    ]
    tests = [_store_test(test, versions, assets, checked.package) for test in checked.tests]
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
    checked: Checked, items: Mapping[str, models.Item], assets: Mapping[str, int], edit: Edit
) -> tuple[dict[str, models.ItemVersion], set[str]]:
    """Versions by member, and the members whose version was in the bank already."""
    known = recognising.known(items.values())
    found: dict[str, models.ItemVersion] = {}
    fresh: dict[recognising.Print, models.ItemVersion] = {}
    unchanged = set()
    listed = list(checked.items.values())
    for one in listed:
        item, said = items[one.item.identifier], recognising.of(one)
        held = known.version(one, item, checked.package)
        if held is not None:
            found[one.source.href] = held
            unchanged.add(one.source.href)
            continue
        if said not in fresh:
            edit.numbers[item.pk] = edit.numbers.get(item.pk, known.last.get(item.pk, 0)) + 1
            fresh[said] = _version(one, item, edit, _of_package(checked))
        found[one.source.href] = fresh[said]
    models.ItemVersion.objects.bulk_create(fresh.values(), batch_size=BATCH)
    _link_files(listed, found, unchanged, assets)
    return found, unchanged


def _of_package(checked: Checked) -> str:
    """What the package tells of itself, where no test keeps it."""
    return "" if checked.tests else checked.package.metadata


def _version(
    one: CheckedItem, item: models.Item, edit: Edit, of_package: str
) -> models.ItemVersion:
    given = one.source.parameters
    return models.ItemVersion(
        item=item,
        number=edit.numbers[item.pk],
        title=one.item.title[:500],
        xml=one.xml,
        sha256=digest(one.xml),
        interactions=one.interactions[:500],
        max_score=one.item.max_score,
        language=one.item.language[:35],
        metadata=one.source.metadata,
        package_metadata=of_package,
        irt_a=given.a if given else None,
        irt_b=given.b if given else None,
        irt_c=given.c if given else None,
        created_at=edit.at,
        created_by=edit.by,
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
                    item_version=version,
                    href=use.href[:1000],
                    asset_id=assets[use.sha256],
                    metadata=use.metadata,
                )
    models.ItemVersionAsset.objects.bulk_create(links.values(), batch_size=BATCH)


def _store_test(
    one: CheckedTest,
    versions: Mapping[str, models.ItemVersion],
    assets: Mapping[str, int],
    opened: Package,
) -> ItemReport:
    """Bring an imported test's draft up to date; a draft that would be lost by that is left alone.

    The draft's rows follow the items even where the test itself says the same as before.
    """
    found = recognising.test(one, opened)
    row = found.row or models.AssessmentTest(identifier=found.identifier)
    if found.is_written_here:
        return one.report(row_id=row.pk, unchanged=True)
    if not found.is_unchanged:
        _fill(row, one)
    row.metadata, row.package_metadata = one.source.metadata, opened.metadata
    row.save()
    outlines.store(row, one.test, {ref: versions[member] for ref, member in one.refs.items()})
    if not found.is_unchanged:
        row.files.all().delete()
        models.TestAsset.objects.bulk_create(
            models.TestAsset(test=row, href=use.href[:1000], asset_id=assets[use.sha256])
            for use in one.files
        )
    return _told(one.report(row_id=row.pk, unchanged=found.is_unchanged), found)


def _fill(row: models.AssessmentTest, one: CheckedTest) -> None:
    row.title, row.language, row.xml = one.test.title[:500], one.test.language[:35], one.xml
    row.min_seconds, row.max_seconds = outlines.times(one.test.time_limits)
    row.allow_late_submission = one.test.time_limits.allow_late_submission


def _told(report: ItemReport, found: recognising.KnownTest) -> ItemReport:
    """The report, with what became of the identifier or of the draft that was here."""
    if found.identifier != report.identifier and found.row is None:
        reason = "kept_beside"
        message = (
            "Another test with this identifier is here, which was not published; "
            f"this one is kept beside it as {found.identifier}."
        )
    elif found.row is not None and not found.is_unchanged:
        reason = "replaced_draft"
        message = "It takes the place of an older draft of the same test."
    else:
        return report
    return replace(
        report, reason=report.reason or reason, message=f"{report.message} {message}".strip()
    )
