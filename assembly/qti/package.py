"""Content packages: a zip, a folder or a single file, opened without trusting any of it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import unquote, urlsplit

from lxml import etree

from assembly.qti import archive, xml
from assembly.qti.archive import MANIFEST, Files
from assembly.qti.errors import ReadingError
from assembly.qti.reading_source import line_of

EXTENSION = "urn:invigil:assembly:1"
ITEM_ROOTS = frozenset({"qti-assessment-item", "assessmentItem"})
TEST_ROOTS = frozenset({"qti-assessment-test", "assessmentTest"})
STIMULUS_ROOTS = frozenset({"qti-assessment-stimulus", "assessmentStimulus"})
LINKING = frozenset(
    [
        "src",
        "href",
        "data",
        "poster",
        "file-href",
        "primary-path",
        "fallback-path",
        "primary-configuration",
        "secondary-configuration",
    ]
)
NOT_LINKED = frozenset({"a", "qti-adaptive-engine-ref", "qti-adaptive-settings-ref"})
MANIFEST_TYPES = re.compile(r"^imsqti_(apip)?(item|test|assessment|stimulus)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Item response theory parameters as the manifest gives them."""

    a: float
    b: float
    c: float = 0.0


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """One QTI document; `identifier` is the manifest's or the file's name."""

    identifier: str
    href: str
    source: bytes
    metadata: str = ""
    parameters: Parameters | None = None


@dataclass(frozen=True, slots=True)
class PackageProblem:
    """A resource that cannot be used, and why."""

    identifier: str
    href: str
    reason: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """What a package holds, sorted by kind; `files` reads any member by its address."""

    name: str
    files: Files
    items: tuple[PackagedFile, ...] = ()
    tests: tuple[PackagedFile, ...] = ()
    stimuli: tuple[PackagedFile, ...] = ()
    problems: tuple[PackageProblem, ...] = ()
    root: str = ""

    def find(self, base: str, href: str) -> str | None:
        """The member that `href`, written in the member `base`, means; None where there is none."""
        return find(self.files, base, href)

    def read(self, name: str) -> bytes:
        return self.files.read(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.files.close()


@dataclass(slots=True)
class _Sorted:
    """Documents as they are found."""

    files: Files
    items: list[PackagedFile] = field(default_factory=list)
    tests: list[PackagedFile] = field(default_factory=list)
    stimuli: list[PackagedFile] = field(default_factory=list)
    problems: list[PackageProblem] = field(default_factory=list)

    def refuse(self, identifier: str, href: str, error: ReadingError) -> None:
        self.problems.append(
            PackageProblem(identifier, href, error.reason, error.args[0], error.line)
        )

    def add(self, document: PackagedFile, root: etree._Element) -> bool:
        name = etree.QName(root).localname
        for roots, kept in (
            (ITEM_ROOTS, self.items),
            (TEST_ROOTS, self.tests),
            (STIMULUS_ROOTS, self.stimuli),
        ):
            if name in roots:
                kept.append(document)
                return True
        return False

    def package(self, name: str, root: str) -> Package:
        return Package(
            name,
            self.files,
            tuple(self.items),
            tuple(self.tests),
            tuple(self.stimuli),
            tuple(self.problems),
            root,
        )


def open_package(source: Path | str | bytes | BinaryIO, name: str = "") -> Package:
    """Open a package, to be closed by `with`; raises ReadingError where it must not be opened."""
    files = archive.open_files(source, name)
    try:
        return _sorted(files)
    except ReadingError:
        files.close()
        raise


def _sorted(files: Files) -> Package:
    manifest = _manifest_name(files)
    if manifest is not None:
        return _from_manifest(files, manifest)
    if files.kind == "zip":
        raise ReadingError(
            f"{files.name} holds no {MANIFEST}: it is not a content package.", reason="no_manifest"
        )
    return _from_documents(files)


def packages_in(path: Path) -> Iterator[Path]:
    """What a path holds to open: itself, or each package below a folder and the rest of it."""
    if not path.is_dir() or (path / MANIFEST).is_file():
        yield path
        return
    yield from sorted(manifest.parent for manifest in path.rglob(MANIFEST))
    yield from sorted(found for found in path.rglob("*.zip") if found.is_file())
    yield path


def find(files: Files, base: str, href: str) -> str | None:
    """The member that an address means, or None; addresses with a scheme or host mean none."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    for path in dict.fromkeys((parts.path, unquote(parts.path))):
        name = posixpath.normpath(posixpath.join(posixpath.dirname(base), path.lstrip("/")))
        if not name.startswith("../") and files.holds(name):
            return name
    return None


def is_external(href: str) -> bool:
    parts = urlsplit(href)
    return bool(parts.scheme or parts.netloc)


def links(root: etree._Element) -> list[tuple[str, int | None]]:
    """Addresses that a document needs to be shown, in document order, each once, with its line."""
    found: dict[str, int | None] = {}
    for element in root.iter(etree.Element):
        if etree.QName(element).localname in NOT_LINKED:
            continue
        for key, value in element.attrib.items():
            href = str(value).strip()
            if etree.QName(str(key)).localname in LINKING and href and href[0] != "#":
                found.setdefault(href, line_of(element))
    return list(found.items())


def _manifest_name(files: Files) -> str | None:
    """The manifest at the top, or the one in a folder that some tools wrap around everything."""
    if files.kind == "file":
        return None
    found = [name for name in files.names if posixpath.basename(name) == MANIFEST]
    top = min((name.count("/") for name in found), default=0)
    highest = [name for name in found if name.count("/") == top]
    if files.kind == "folder" and top > 0:
        return None
    return highest[0] if len(highest) == 1 else None


def _from_manifest(files: Files, manifest: str) -> Package:
    root = xml.parse_xml(files.read(manifest))
    if etree.QName(root).localname != "manifest":
        raise ReadingError(
            f"{MANIFEST} does not begin with a manifest element.", reason="bad_manifest"
        )
    found = _Sorted(files)
    for resource in root.iter("{*}resource"):
        _add_resource(found, manifest, resource)
    if not (found.items or found.tests or found.problems):
        raise ReadingError("The package holds no items and no tests.", reason="empty")
    return found.package(files.name, posixpath.dirname(manifest))


def _add_resource(found: _Sorted, manifest: str, resource: etree._Element) -> None:
    kind = resource.get("type", "")
    if not MANIFEST_TYPES.match(kind):
        return
    identifier, href = resource.get("identifier", ""), resource.get("href", "")
    if not href:
        files = [str(file.get("href", "")) for file in resource.iter("{*}file")]
        href = next((name for name in files if name.endswith(".xml")), "")
    try:
        document = _document(found.files, manifest, resource, identifier, href)
        if not found.add(document, xml.parse_xml(document.source)):
            raise ReadingError(
                "The manifest calls this an item, a test or a stimulus, but it is none.",
                reason="wrong_root",
            )
    except ReadingError as error:
        found.refuse(identifier, href, error)


def _document(
    files: Files, manifest: str, resource: etree._Element, identifier: str, href: str
) -> PackagedFile:
    base = posixpath.join(posixpath.dirname(manifest), *_bases(resource), "x")
    for listed in [href, *(str(file.get("href", "")) for file in resource.iter("{*}file"))]:
        if is_external(listed):
            raise ReadingError(
                f"The manifest points outside the package: {listed}.",
                reason="external_href",
                line=line_of(resource),
            )
        if listed and find(files, base, listed) is None:
            raise ReadingError(
                f"The manifest lists {listed}, but the package does not hold it.",
                reason="missing_file",
                line=line_of(resource),
            )
    name = find(files, base, href)
    if name is None:
        raise ReadingError(
            "The manifest names no file for this resource.",
            reason="missing_file",
            line=line_of(resource),
        )
    return PackagedFile(
        identifier, name, files.read(name), _metadata(resource), _parameters(resource)
    )


def _bases(resource: etree._Element) -> Iterable[str]:
    key = "{http://www.w3.org/XML/1998/namespace}base"
    chain = [resource, *resource.iterancestors()]
    return [base for element in reversed(chain) if (base := element.get(key))]


def _metadata(resource: etree._Element) -> str:
    element = resource.find("{*}metadata")
    return "" if element is None else etree.tostring(element, encoding="unicode", with_tail=False)


def _parameters(resource: etree._Element) -> Parameters | None:
    element = resource.find(f"{{*}}metadata/{{{EXTENSION}}}irt")
    if element is None:
        return None
    try:
        a, b, c = (float(element.get(name, "0")) for name in "abc")
    except ValueError as error:
        raise ReadingError(
            f"An item parameter is not a number: {error}.",
            reason="bad_parameter",
            line=line_of(element),
        ) from error
    if not (a > 0 and 0 <= c < 1):
        raise ReadingError(
            "Item parameters need a > 0 and 0 <= c < 1.",
            reason="bad_parameter",
            line=line_of(element),
        )
    return Parameters(a, b, c)


def _from_documents(files: Files) -> Package:
    """A folder without a manifest, or one file: whatever QTI documents there are.

    Folders below that are packages themselves are left out.
    """
    found = _Sorted(files)
    inner = tuple(
        f"{posixpath.dirname(name)}/"
        for name in files.names
        if posixpath.basename(name) == MANIFEST
    )
    for name in files.documents():
        if name.startswith(inner):
            continue
        identifier = posixpath.splitext(posixpath.basename(name))[0]
        try:
            document = PackagedFile(identifier, name, files.read(name))
            known = found.add(document, xml.parse_xml(document.source))
        except ReadingError as error:
            if files.kind == "file":
                raise
            found.refuse(identifier, name, error)
            continue
        if not known and files.kind == "file":
            raise ReadingError(
                f"{files.name} is not an item, a test or a package.", reason="not_qti"
            )
    return found.package(files.name, "")


def parameters_xml(parameters: Mapping[str, float]) -> str:
    """The manifest's metadata element for item parameters."""
    element = etree.Element(f"{{{EXTENSION}}}irt", nsmap={"invigil": EXTENSION})
    for key, value in parameters.items():
        element.set(key, f"{value:g}")
    return etree.tostring(element, encoding="unicode")
