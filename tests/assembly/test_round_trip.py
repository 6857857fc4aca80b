"""What is imported, exported and imported again is the same: ours, and the whole shared corpus."""

import io
import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

import pytest
from lxml import etree

from assembly import bank, models
from assembly.packages import checking, exporting, stored
from assembly.packages.checking import Checked, ImportReport
from assembly.packages.recognising import XML_TYPES
from assembly.qti import metadata, package, upgrade
from assembly.qti.errors import QtiError, ReadingError
from assembly.qti.package import Package
from tests import material
from tests.assembly import whole_package
from tests.assembly.factories import AT, BY

pytestmark = pytest.mark.django_db


def plain(value: Any) -> Any:
    """A model as plain values, without lines: an upgraded document has others."""
    if is_dataclass(value):
        kept = [one.name for one in fields(value) if one.name != "line"]
        return (type(value).__name__, *((name, plain(getattr(value, name))) for name in kept))
    if hasattr(value, "items"):
        return tuple((key, plain(inner)) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    return repr(value) if isinstance(value, float) else value


def digest(content: bytes) -> str:
    root = etree.fromstring(upgrade.document(content))
    return str(etree.canonicalize(etree.tostring(root, encoding="unicode")))


def item_facts(version: models.ItemVersion) -> Any:
    rows = version.files.select_related("asset").order_by("href")
    files = [(one.href, said(bytes(one.asset.content), one.asset.media_type)) for one in rows]
    numbers = (version.irt_a, version.irt_b, version.irt_c)
    told = {one.href: one.metadata for one in rows if one.metadata}
    return plain(stored.read_item(version)), sorted(files), numbers, version.metadata, told


def said(content: bytes, media_type: str) -> Any:
    """A file's bytes; of a document, what it says in QTI 3."""
    return digest(content) if media_type in XML_TYPES else content


def checked_items(opened: Package, checked: Checked) -> list[Any]:
    """The same facts of what a package holds, before anything is stored."""
    found = []
    for one in checked.items.values():
        files = [(use.href, said(opened.read(use.member), use.media_type)) for use in one.files]
        given = one.source.parameters
        numbers = (given.a, given.b, given.c) if given else (None, None, None)
        told = {use.href: use.metadata for use in one.files if use.metadata}
        found.append((plain(one.item), sorted(files), numbers, one.source.metadata, told))
    return found


def facts_of_test(test: models.AssessmentTest) -> Any:
    rows = test.files.select_related("asset").order_by("href")
    files = [(one.href, said(bytes(one.asset.content), one.asset.media_type)) for one in rows]
    return plain(stored.read_test(test)), files, test.metadata, test.package_metadata


def checked_tests(opened: Package, checked: Checked) -> list[Any]:
    return [
        (
            plain(one.test),
            sorted((use.href, said(opened.read(use.member), use.media_type)) for use in one.files),
            one.source.metadata,
            opened.metadata,
        )
        for one in checked.tests
    ]


# What the schemas say


@lru_cache(maxsize=5000)
def complaints(document: bytes) -> Counter[str]:
    """What the schema says, without lines; nothing about a namespace that it does not know."""
    if not os.environ.get("INVIGIL_QTI_DIR"):
        return Counter()
    try:
        return Counter(one.split(": ", 1)[1] for one in material.errors(document))
    except KeyError:
        return Counter()


def documents(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        for name in opened.namelist():
            if name.endswith(".xml"):
                yield name, opened.read(name)


def told(kept: Iterable[str]) -> Counter[str]:
    """What the schema of manifests finds wrong in imported metadata."""
    found: Counter[str] = Counter()
    for text in set(kept) - {""}:
        inline, _rest = metadata.split(text)
        if inline:
            found += complaints(manifest_with(inline))
    return found


def manifest_with(inline: Sequence[etree._Element]) -> bytes:
    space = metadata.IMSCP
    root = etree.Element(f"{{{space}}}manifest", identifier="m", nsmap={None: space})  # type: ignore[dict-item]
    about = etree.SubElement(root, f"{{{space}}}metadata")
    etree.SubElement(about, f"{{{space}}}schema").text = "QTI Package"
    etree.SubElement(about, f"{{{space}}}schemaversion").text = "3.0.0"
    etree.SubElement(root, f"{{{space}}}organizations")
    listed = etree.SubElement(root, f"{{{space}}}resources")
    kind = {"identifier": "r", "type": "webcontent", "href": "r"}
    resource = etree.SubElement(listed, f"{{{space}}}resource", kind)
    etree.SubElement(resource, f"{{{space}}}metadata").extend(inline)
    etree.SubElement(resource, f"{{{space}}}file", href="r")
    return etree.tostring(root)


def of_file(asset: models.Asset) -> Counter[str]:
    if asset.media_type not in XML_TYPES:
        return Counter()
    try:
        return complaints(upgrade.document(bytes(asset.content)))
    except QtiError:
        return Counter()


def known_complaints(versions: Iterable[models.ItemVersion]) -> Counter[str]:
    """What the schemas find wrong in imported items, put into QTI 3's words."""
    found: Counter[str] = Counter()
    for version in versions:
        found |= complaints(upgrade.document(version.xml.encode()))
        for file in version.files.select_related("asset"):
            found |= of_file(file.asset)
    return found


def new_complaints(content: bytes, known: Counter[str]) -> list[str]:
    return [
        f"{name}: {one}"
        for name, document in documents(content)
        for one in complaints(document)
        if one not in known
    ]


# Round trips


def items_of(report: ImportReport) -> list[models.ItemVersion]:
    ids = dict.fromkeys(row.row_id for row in report.items if row.row_id)
    return [models.ItemVersion.objects.select_related("item").get(pk=pk) for pk in ids]


def drafts_of(report: ImportReport) -> list[models.AssessmentTest]:
    ids = dict.fromkeys(row.row_id for row in report.tests if row.row_id)
    return [models.AssessmentTest.objects.get(pk=pk) for pk in ids]


def items_trip(versions: list[models.ItemVersion]) -> list[str]:
    """Whatever an export of these items changes, for the schema, the reader or the bank."""
    content = exporting.of_items(versions)
    known = known_complaints(versions) | told(one.metadata for one in versions)
    lost = new_complaints(content, known)
    with package.open_package(content, "export.zip") as opened:
        again = checked_items(opened, checking.check(opened))
    for version, facts in zip(versions, again, strict=True):
        if item_facts(version) != facts:
            lost.append(f"{version} is not the same")
    return lost + not_recognised(content)


def not_recognised(content: bytes) -> list[str]:
    report = bank.import_package(content, by=BY, at=AT, name="export.zip")
    return [
        f"{row.identifier} is not recognised {row.message}"
        for row in (*report.items, *report.tests)
        if not row.unchanged
    ]


def trip_of_test(test: models.AssessmentTest) -> list[str]:
    content = exporting.of_test(test)
    refs = models.ItemRef.objects.filter(section__part__test=test).select_related("version")
    versions = [ref.version for ref in refs if ref.version]
    known = known_complaints(versions) | complaints(upgrade.document(test.xml.encode()))
    for file in test.files.select_related("asset"):
        known |= of_file(file.asset)
    told_of = [one.metadata for one in versions]
    known |= told([*told_of, test.metadata, test.package_metadata])
    lost = new_complaints(content, known)
    with package.open_package(content, "export.zip") as opened:
        checked = checking.check(opened)
        again = checked_tests(opened, checked)
    if again != [facts_of_test(test)]:
        lost.append(f"{test} is not the same")
    return lost + not_recognised(content)


def test_the_whole_corpus_survives_export_and_import() -> None:
    folder, lost, trips = material.corpus(), list[str](), Counter[str]()
    for path in package.packages_in(folder):
        try:
            report = bank.import_package(path, by=BY, at=AT)
        except ReadingError:
            continue
        name = path.relative_to(folder)
        versions, tests = items_of(report), drafts_of(report)
        if versions:
            lost += [f"{name}: {one}" for one in items_trip(versions)]
        for test in tests:
            lost += [f"{name}: {one}" for one in trip_of_test(test)]
        trips += Counter(items=len(versions), tests=len(tests))
    assert "\n".join(lost) == ""
    assert trips["items"] > 600
    assert trips["tests"] > 60


def round_trip(content: bytes) -> list[str]:
    """What the way out and in again changes, of a package in which nothing is wrong."""
    report = bank.import_package(content, by=BY, at=AT, name="whole.zip")
    told_of = [(row.identifier, row.message) for row in (*report.items, *report.tests)]
    lost = [f"{name}: {message}" for name, message in told_of if message]
    lost += items_trip(items_of(report))
    for test in drafts_of(report):
        lost += trip_of_test(test)
    return lost


def test_a_package_with_everything_survives_export_and_import() -> None:
    assert round_trip(whole_package.qti_3()) == []
    assert models.ItemVersion.objects.count() == 4
    version = models.ItemVersion.objects.get(item__identifier="plain")
    assert (version.irt_a, version.irt_b, version.irt_c) == (1.25, -0.5, 0.1)
    assert version.metadata.count("curriculumStandardsMetadata>") == 2
    assert "<own:b>three</own:b>" in version.metadata
    test = models.AssessmentTest.objects.get()
    assert "kept by whoever knows it" in test.package_metadata
    assert "Apart" in test.metadata
    assert sorted(test.files.values_list("href", flat=True)) == [
        "sections/two.xml",
        "shown/bridge.png",
    ]


def test_what_a_stimulus_and_an_inclusion_show_is_found_again() -> None:
    report = bank.import_package(whole_package.qti_3(), by=BY, at=AT, name="whole.zip")
    content = exporting.of_items(items_of(report))
    with package.open_package(content) as opened:
        names = {name.split("/", 2)[2] for name in opened.files.names if name.startswith("items/")}
        assert [one.identifier for one in opened.stimuli] == ["river"]
    assert {
        "level-1/item.xml",
        "level-1/pictures/map.png",
        "parts/intro.xml",
        "parts/img/intro.png",
        "texts/s.xml",
        "texts/img/river.png",
    } <= names


def test_a_package_of_qti_2_leaves_as_qti_3_and_is_recognised() -> None:
    assert round_trip(whole_package.qti_2()) == []
    version = models.ItemVersion.objects.get(item__identifier="two")
    assert version.xml.startswith("<assessmentItem")
    with package.open_package(exporting.of_items([version])) as opened:
        assert b"<qti-assessment-item " in opened.items[0].source
        assert b"assessmentItem" not in opened.items[0].source


def test_changed_metadata_makes_a_new_version() -> None:
    bank.import_package(whole_package.qti_3(), by=BY, at=AT, name="whole.zip")
    changed = whole_package.qti_3(level="4")
    report = bank.import_package(changed, by=BY, at=AT, name="whole.zip")
    assert [row.identifier for row in report.items if not row.unchanged] == ["plain"]
    assert models.ItemVersion.objects.filter(item__identifier="plain").count() == 2
