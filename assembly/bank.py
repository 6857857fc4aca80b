"""The item bank: import packages, publish and retire tests, and read what was published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.db.models import Max

from assembly import linting, models
from assembly.adaptive import Candidate
from assembly.cache import Cache
from assembly.packages import checking, stored, storing
from assembly.packages.checking import Checked, ImportReport, Progress
from assembly.qti import assessment, package
from assembly.qti.assessment import AssessmentTest
from assembly.qti.item import AssessmentItem, Stimulus
from assembly.selection import Mode, Order, Select
from integrity import chain, ledger

STREAM = "bank"
SAME = ("title", "select_mode", "order_mode", "metadata", "package_metadata")


class PublishError(Exception):
    """A test that must not be published yet; `findings` say why."""

    def __init__(self, findings: tuple[linting.Finding, ...]) -> None:
        super().__init__(" ".join(finding.message for finding in findings))
        self.findings = findings


# Import


def import_package(
    source: Path | str | bytes | BinaryIO,
    *,
    by: str,
    at: datetime,
    name: str = "",
    progress: Progress | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Check a package, then store what can be used in one transaction.

    Raises ReadingError where the package as a whole is refused; nothing is stored then.
    """
    with package.open_package(source, name) as opened:
        checked = checking.check(opened, progress)
        if dry_run or not (checked.items or checked.tests):
            return checked.report()
        try:
            return _store(checked, by, at)
        except IntegrityError:
            # Another import brought the same items at the same moment: now they are found.
            return _store(checked, by, at)


@transaction.atomic
def _store(checked: Checked, by: str, at: datetime) -> ImportReport:
    report = storing.store(checked, by=by, at=at)
    ledger.append(
        stream=STREAM,
        kind="bank.imported",
        payload={"package": report.name, "items": len(checked.items), "by": by},
        actor=by,
        at=at,
    )
    return report


# Publish and retire


@transaction.atomic
def publish(test: models.AssessmentTest, by: str, at: datetime) -> models.AssessmentTestVersion:
    """Freeze a draft with its items; the same draft twice gives the same version."""
    test = models.AssessmentTest.objects.select_for_update().get(pk=test.pk)
    findings = tuple(finding for finding in linting.lint(test) if finding.is_error)
    if findings:
        raise PublishError(findings)
    xml = stored.xml_of(test)
    stored.read_test(test)
    pins = linting.pins(test)
    newest = test.versions.order_by("-number").first()
    if newest and _same(newest, test, xml, pins):
        return newest
    return _publish(test, xml, pins, by, at)


def _same(
    newest: models.AssessmentTestVersion,
    test: models.AssessmentTest,
    xml: str,
    pins: Mapping[str, models.ItemVersion],
) -> bool:
    pinned = dict(newest.items.values_list("ref", "item_version_id"))
    return (
        newest.state == models.VersionState.PUBLISHED
        and newest.xml == xml
        and all(getattr(newest, name) == getattr(test, name) for name in SAME)
        and pinned == {ref: version.pk for ref, version in pins.items()}
    )


def _publish(
    test: models.AssessmentTest,
    xml: str,
    pins: Mapping[str, models.ItemVersion],
    by: str,
    at: datetime,
) -> models.AssessmentTestVersion:
    last = test.versions.aggregate(last=Max("number"))["last"] or 0
    version = models.AssessmentTestVersion.objects.create(
        test=test,
        number=last + 1,
        title=test.title,
        xml=xml,
        select_mode=test.select_mode,
        order_mode=test.order_mode,
        metadata=test.metadata,
        package_metadata=test.package_metadata,
        published_at=at,
        published_by=by,
    )
    models.TestVersionItem.objects.bulk_create(
        models.TestVersionItem(version=version, ref=ref, item_version=pinned)
        for ref, pinned in pins.items()
    )
    models.TestVersionAsset.objects.bulk_create(
        models.TestVersionAsset(version=version, href=file.href, asset_id=file.asset_id)
        for file in test.files.all()
    )
    _publish_items([pinned.pk for pinned in pins.values()], at)
    shas = {ref: pinned.sha256 for ref, pinned in pins.items()}
    _note("test.published", version, by, at, items_sha256=digest_of_pins(shas))
    return version


def _publish_items(ids: list[int], at: datetime) -> None:
    drafts = models.ItemVersion.objects.filter(pk__in=ids, state=models.VersionState.DRAFT)
    drafts.update(state=models.VersionState.PUBLISHED, published_at=at)


def digest_of_pins(shas: Mapping[str, str]) -> str:
    """Return one SHA-256 over the items that a test pins: their own hashes by item ref."""
    return sha256(chain.canonical(dict(shas))).hexdigest()


def _note(
    kind: str, version: models.AssessmentTestVersion, by: str, at: datetime, **more: str
) -> None:
    ledger.append(
        stream=STREAM,
        kind=kind,
        payload={
            "test": version.test.identifier,
            "version": version.number,
            "sha256": version.sha256,
            **more,
        },
        actor=by,
        at=at,
    )


@transaction.atomic
def publish_item(version: models.ItemVersion, by: str, at: datetime) -> None:
    _publish_items([version.pk], at)
    ledger.append(
        stream=STREAM,
        kind="item.published",
        payload={
            "item": version.item.identifier,
            "version": version.number,
            "sha256": version.sha256,
        },
        actor=by,
        at=at,
    )


@transaction.atomic
def retire(version: models.AssessmentTestVersion, by: str, at: datetime) -> None:
    """No new sittings from now on; those that pin this version go on."""
    version = models.AssessmentTestVersion.objects.select_for_update().get(pk=version.pk)
    if version.state == models.VersionState.RETIRED:
        return
    version.state, version.retired_at = models.VersionState.RETIRED, at
    version.save()
    _note("test.retired", version, by, at)


# Read what was published: immutable, so each process parses it once

_definitions: Cache[AssessmentTest] = Cache(128)
_items: Cache[AssessmentItem] = Cache(2048)
_stimuli: Cache[tuple[Stimulus, ...]] = Cache(2048)
_pins: Cache[Mapping[str, int]] = Cache(128)
_digests: Cache[Mapping[str, str]] = Cache(2048)


def forget() -> None:
    """Empty the caches, for tests that begin each time with an empty database."""
    for cache in (_definitions, _items, _stimuli, _pins, _digests):
        cache.clear()


def definition(test_version_id: int) -> AssessmentTest:
    return _definitions.get(test_version_id, _read_definition)


def _read_definition(test_version_id: int) -> tuple[AssessmentTest, bool]:
    version = models.AssessmentTestVersion.objects.only("xml").get(pk=test_version_id)
    return stored.read_test(version), True


def mode(version: models.AssessmentTestVersion | models.AssessmentTest) -> Mode:
    return Mode(Select(version.select_mode), Order(version.order_mode))


def pins(test_version_id: int) -> Mapping[str, int]:
    """Item version ids by item ref."""
    return _pins.get(test_version_id, _read_pins)


def known_pins(test_version_id: int) -> Mapping[str, int] | None:
    """What `pins` returns, where this process has read it already."""
    return _pins.known(test_version_id)


def _read_pins(test_version_id: int) -> tuple[Mapping[str, int], bool]:
    rows = models.TestVersionItem.objects.filter(version_id=test_version_id)
    return dict(rows.values_list("ref", "item_version_id")), True


def item(item_version_id: int) -> AssessmentItem:
    return _items.get(item_version_id, _read_item)


def known_item(item_version_id: int) -> AssessmentItem | None:
    """An item that this process has read already, without asking the database."""
    return _items.known(item_version_id)


def _read_item(item_version_id: int) -> tuple[AssessmentItem, bool]:
    version = models.ItemVersion.objects.only("xml", "state").get(pk=item_version_id)
    # A draft may still change, so it is never kept.
    return stored.read_item(version), version.state != models.VersionState.DRAFT


def stimuli(item_version_id: int) -> tuple[Stimulus, ...]:
    """The shared stimuli that an item names, in its order."""
    return _stimuli.get(item_version_id, _read_stimuli)


def _read_stimuli(item_version_id: int) -> tuple[tuple[Stimulus, ...], bool]:
    refs = [ref.href for ref in item(item_version_id).stimulus_refs]
    if not refs:
        return (), item_version_id in _items
    found = stored.read_stimuli(models.ItemVersion(pk=item_version_id), refs)
    return found, item_version_id in _items


def asset(item_version_id: int, href: str) -> models.Asset | None:
    """The file that an item version means by an address in its XML; content comes when read."""
    files = models.ItemVersionAsset.objects.filter(item_version_id=item_version_id, href=href)
    found = files.select_related("asset").defer("asset__content").first()
    return found.asset if found else None


def digest(item_version_id: int, href: str) -> str:
    """The SHA-256 of an item version's file, "" where there is no such file."""
    return _digests.get(item_version_id, _read_digests).get(href, "")


def _read_digests(item_version_id: int) -> tuple[Mapping[str, str], bool]:
    files = models.ItemVersionAsset.objects.filter(item_version_id=item_version_id)
    found = dict(files.values_list("href", "asset__sha256"))
    item(item_version_id)
    return found, item_version_id in _items


def test_asset(test_version_id: int, href: str) -> models.Asset | None:
    files = models.TestVersionAsset.objects.filter(version_id=test_version_id, href=href)
    found = files.select_related("asset").defer("asset__content").first()
    return found.asset if found else None


def pool(test_version_id: int, section: str) -> tuple[Candidate, ...]:
    """The items of an adaptive section with their parameters, keyed by item ref."""
    found = next(
        child
        for part in definition(test_version_id).parts
        for _, child in assessment.walk(part.children)
        if isinstance(child, assessment.Section) and child.identifier == section
    )
    refs = [
        child.identifier
        for _, child in assessment.walk(found.children)
        if isinstance(child, assessment.ItemRef)
    ]
    rows = models.TestVersionItem.objects.filter(version_id=test_version_id, ref__in=refs)
    return tuple(
        candidate(row.ref, row.item_version)
        for row in rows.select_related("item_version").order_by("ref")
    )


def candidate(ref: str, version: models.ItemVersion) -> Candidate:
    """An item without a discrimination counts as a Rasch item."""
    return Candidate(ref, version.irt_a or 1.0, version.irt_b or 0.0, version.irt_c or 0.0)
