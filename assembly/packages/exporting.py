"""Tests and items as content packages that any QTI 3 system can import, this one without loss."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from lxml import etree

from assembly import linting, models
from assembly.packages import stored
from assembly.packages.checking import STIMULUS_TYPE
from assembly.qti import assessment, links, metadata, package_writing, reading, upgrade, xml
from assembly.qti.errors import ReadingError
from assembly.qti.package_writing import CollisionError, Resource, Shelf

TestFile = models.TestVersionAsset | models.TestAsset
XML_TYPES = frozenset({STIMULUS_TYPE, "application/xml", "text/xml"})


class ExportError(Exception):
    """A test whose files cannot lie side by side; the message is a full sentence."""


def of_test(
    test: models.AssessmentTestVersion | models.AssessmentTest,
    *,
    said: Callable[[bytes], bytes] = bytes,
    beside: Mapping[str, bytes] | None = None,
) -> bytes:
    """The zip of a test, its items, stimuli, sections, files, metadata and parameters.

    A draft goes as it would be published now. `said` may change the test's QTI 3, `beside` are
    files to lie in the package by their names.
    """
    try:
        return _Export(said).test(test, beside or {})
    except CollisionError as error:
        sentence = _("Two different files of this test want to be %(name)s.")
        raise ExportError(sentence % {"name": error}) from error


def of_items(versions: Iterable[models.ItemVersion]) -> bytes:
    """The zip of item versions, each in a folder of its own."""
    export = _Export()
    told: dict[str, None] = {}
    for version in versions:
        export.item_alone(version)
        told.setdefault(version.package_metadata)
    export.shelf.metadata = _gathered([one for one in told if one])
    return export.shelf.zipped()


def _gathered(told: Sequence[str]) -> str:
    """What the packages that the items came from tell of themselves."""
    if len(told) < 2:
        return "".join(told)
    return metadata.text(metadata.gathered([xml.parse_xml(one.encode()) for one in told]))


def bundle(packages: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    """A file name and its content: the only package itself, or a zip of several."""
    if len(packages) == 1:
        return packages[0]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as written:
        for name, content in packages:
            written.writestr(zipfile.ZipInfo(name, package_writing.STAMP), content)
    return "packages.zip", target.getvalue()


@dataclass(slots=True)
class _Export:
    """One package as its files are gathered."""

    said: Callable[[bytes], bytes] = bytes
    shelf: Shelf = field(default_factory=Shelf)

    def test(
        self,
        test: models.AssessmentTestVersion | models.AssessmentTest,
        beside: Mapping[str, bytes],
    ) -> bytes:
        pins = _pins(test)
        read = stored.read_test(test)
        hrefs = {ref.identifier: ref.href for *_path, ref in assessment.item_refs(read)}
        own = _files(test)
        inner = [*_inner_hrefs(pins, hrefs), *_all_hrefs([file.href for file in own])]
        deepest = package_writing.climb([*hrefs.values(), *(file.href for file in own), *inner])
        base = package_writing.below("", deepest)
        items = [self.item(base, hrefs[ref], version) for ref, version in pins.items()]
        by_href = {file.href: file for file in own}
        parts = [self.part(base, file, by_href) for file in own]
        words = self.said(_document(stored.xml_of(test).encode()))
        main = self.shelf.put(base, "test.xml", words)
        self.shelf.metadata = test.package_metadata
        needed = [one for one in parts if one in self.shelf.resources]
        resource = Resource(
            read.identifier,
            package_writing.TEST,
            (main, *(one for one in parts if one not in needed)),
            (*dict.fromkeys(items), *(self.shelf.resources[one].identifier for one in needed)),
            test.metadata,
        )
        self.shelf.add(resource)
        for name, content in beside.items():
            put = self.shelf.put("", name, content)
            self.shelf.add(Resource(name, package_writing.CONTENT, (put,)))
        return self.shelf.zipped()

    def part(self, base: str, file: TestFile, others: Mapping[str, TestFile]) -> str:
        """A file of the test; a section in a file of its own is a resource with what it shows."""
        content = bytes(file.asset.content)
        root = _root(file.asset.media_type, content)
        name = self.shelf.put(base, file.href, content if root is None else _document(content))
        if root is not None and xml.name(root) in ("qti-assessment-section", "assessmentSection"):
            folder = posixpath.dirname(name)
            linked = (others[href] for href in _links(content) if href in others)
            shown = [one for one in linked if one.asset.media_type not in XML_TYPES]
            files = (self.shelf.put(folder, one.href, bytes(one.asset.content)) for one in shown)
            identifier = f"section-{root.get('identifier') or name}"
            self.shelf.add(Resource(identifier, package_writing.SECTION, (name, *files)))
        return name

    def item_alone(self, version: models.ItemVersion) -> None:
        folder = f"items/{version.item.identifier}-v{version.number}"
        hrefs = [file.href for file in version.files.only("href")]
        base = package_writing.below(folder, package_writing.climb(_all_hrefs(hrefs)))
        self.item(base, "item.xml", version)

    def item(self, base: str, href: str, version: models.ItemVersion) -> str:
        """Puts an item with its files; returns the identifier of its resource."""
        name = self.shelf.put(base, href, _document(version.xml.encode()))
        folder = posixpath.dirname(name)
        files = {file.href: file for file in version.files.select_related("asset").order_by("href")}
        stimuli = [one for one in files.values() if one.asset.media_type == STIMULUS_TYPE]
        needs = [self.stimulus(folder, one, files) for one in stimuli]
        only_theirs = _only_in_stimuli(version, stimuli, files)
        own = [one for one in files.values() if one not in stimuli and one.href not in only_theirs]
        given = {"a": version.irt_a, "b": version.irt_b, "c": version.irt_c}
        return self.shelf.add(
            Resource(
                f"{version.item.identifier}-v{version.number}",
                package_writing.ITEM,
                (name, *(self.file(folder, one) for one in own)),
                tuple(needs),
                version.metadata,
                {key: value for key, value in given.items() if value is not None},
            )
        )

    def stimulus(
        self,
        folder: str,
        file: models.ItemVersionAsset,
        files: dict[str, models.ItemVersionAsset],
    ) -> str:
        """Puts a stimulus with what it shows where its own addresses lead."""
        content = bytes(file.asset.content)
        name = self.shelf.put(folder, file.href, _document(content))
        inside = posixpath.dirname(name)
        shown = [files[href] for href in _shown_by(content, files) if href in files]
        root = xml.parse_xml(content)
        return self.shelf.add(
            Resource(
                str(root.get("identifier") or name),
                package_writing.STIMULUS,
                (name, *(self.file(inside, one) for one in shown)),
                (),
                file.metadata,
            )
        )

    def file(self, folder: str, file: models.ItemVersionAsset) -> str:
        content = bytes(file.asset.content)
        if _root(file.asset.media_type, content) is not None:
            content = _document(content)
        return self.shelf.put(folder, file.href, content)


def _files(
    test: models.AssessmentTestVersion | models.AssessmentTest,
) -> list[models.TestVersionAsset] | list[models.TestAsset]:
    if isinstance(test, models.AssessmentTest):
        return list(test.files.select_related("asset"))
    return list(test.files.select_related("asset"))


def _pins(
    test: models.AssessmentTestVersion | models.AssessmentTest,
) -> dict[str, models.ItemVersion]:
    """The item versions by item ref, those that publishing would pin now where it is a draft."""
    if isinstance(test, models.AssessmentTest):
        found = linting.pins(test)
        named = models.ItemRef.objects.filter(section__part__test=test)
        for ref in named.exclude(identifier__in=found)[:1]:
            raise ExportError(_("The item of %(ref)s has no version.") % {"ref": ref.identifier})
        return dict(sorted(found.items()))
    rows = test.items.select_related("item_version__item").order_by("ref")
    return {row.ref: row.item_version for row in rows}


def _document(content: bytes) -> bytes:
    """QTI 3: what was imported as QTI 2 leaves as what it was read as."""
    return upgrade.document(content)


def _root(media_type: str, content: bytes) -> etree._Element | None:
    """The root of a file that is an XML document; other files are left alone."""
    if media_type not in XML_TYPES:
        return None
    try:
        return xml.parse_xml(content)
    except ReadingError:
        return None


def _links(content: bytes) -> list[str]:
    return [href for href, _line in links.of(xml.parse_xml(content))]


def _shown_by(content: bytes, files: Mapping[str, models.ItemVersionAsset]) -> list[str]:
    """The addresses in a stimulus, and in what it includes, as seen from it."""

    def resolve(href: str) -> bytes:
        if href not in files:
            raise ReadingError(f"The file {href[:80]} is missing.", reason="missing_file")
        return bytes(files[href].asset.content)

    whole = links.of(reading.content(content, resolve=resolve))
    return list(dict.fromkeys([*_links(content), *(href for href, _line in whole)]))


def _only_in_stimuli(
    version: models.ItemVersion,
    stimuli: Sequence[models.ItemVersionAsset],
    files: Mapping[str, models.ItemVersionAsset],
) -> set[str]:
    """The addresses that stand in the item's stimuli, but not in the item."""
    theirs = {href for one in stimuli for href in _shown_by(bytes(one.asset.content), files)}
    return theirs - set(_links(version.xml.encode())) if theirs else set()


def _all_hrefs(hrefs: Sequence[str]) -> Iterator[str]:
    """The addresses, and those as seen from every folder that one of them leads into.

    A stimulus' own addresses begin where it lies: at most two steps lead up, one after the other.
    """
    yield from hrefs
    folders = {posixpath.dirname(href) for href in hrefs if href.endswith(".xml")}
    yield from (posixpath.join(folder, href) for folder in folders for href in hrefs)


def _inner_hrefs(pins: Mapping[str, models.ItemVersion], hrefs: Mapping[str, str]) -> Iterator[str]:
    """The addresses of the items' own files, as seen from the test."""
    by_version: dict[int, list[str]] = {}
    wanted = {version.pk for version in pins.values()}
    rows = models.ItemVersionAsset.objects.filter(item_version__in=wanted)
    for version_id, href in rows.values_list("item_version_id", "href"):
        by_version.setdefault(version_id, []).append(href)
    for ref, version in pins.items():
        folder = posixpath.dirname(hrefs[ref])
        for href in _all_hrefs(by_version.get(version.pk, [])):
            yield posixpath.join(folder, href)
