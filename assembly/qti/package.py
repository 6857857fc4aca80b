"""Content packages: a zip, a folder or a single file, opened without trusting any of it."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import unquote

from lxml import etree

from assembly.qti import archive, links, metadata, xml
from assembly.qti.archive import MANIFEST, Files
from assembly.qti.errors import ReadingError
from assembly.qti.reading_source import line_of

ITEM_ROOTS = frozenset({"qti-assessment-item", "assessmentItem"})
TEST_ROOTS = frozenset({"qti-assessment-test", "assessmentTest"})
STIMULUS_ROOTS = frozenset({"qti-assessment-stimulus", "assessmentStimulus"})
MAX_DOCUMENTS = 256 * 1024 * 1024
MANIFEST_TYPES = re.compile(r"^imsqti_(apip)?(item|test|assessment|stimulus)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Item response theory parameters as the manifest gives them."""

    a: float
    b: float
    c: float = 0.0


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """One QTI document; `identifier` is the manifest's or the file's name.

    `listed` are the members that the manifest lists with it.
    """

    identifier: str
    href: str
    source: bytes
    metadata: str = ""
    parameters: Parameters | None = None
    listed: tuple[str, ...] = ()


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
    metadata: str = ""

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
    held: set[str] = field(default_factory=set)
    size: int = 0

    @property
    def is_full(self) -> bool:
        return self.size > MAX_DOCUMENTS

    def hold(self, document: PackagedFile) -> bool:
        """False for a file that is listed once more; raises ReadingError where it gets too much."""
        if document.href in self.held:
            return False
        self.held.add(document.href)
        self.size += len(document.source) + len(document.metadata)
        if self.is_full:
            raise ReadingError(
                f"The documents of the package pass {MAX_DOCUMENTS // 2**20} MB.",
                reason="too_large",
            )
        return True

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

    def package(self, name: str, root: str = "", metadata: str = "") -> Package:
        return Package(
            name,
            self.files,
            tuple(self.items),
            tuple(self.tests),
            tuple(self.stimuli),
            tuple(self.problems),
            root,
            metadata,
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
    parts = links.split(href)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    for path in dict.fromkeys((parts.path, unquote(parts.path))):
        name = posixpath.normpath(posixpath.join(posixpath.dirname(base), path.lstrip("/")))
        if not name.startswith("../") and files.holds(name):
            return name
    return None


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
    listed = _Listed(files, manifest, root)
    found = _Sorted(files)
    for resource in _resources(root):
        _add_resource(found, listed, resource)
    if not (found.items or found.tests or found.problems):
        kinds = sorted({str(one.get("type", ""))[:40] for one in listed.resources.values()} - {""})
        only = f", only {', '.join(kinds[:5])}" if kinds else ""
        raise ReadingError(f"The package holds no items and no tests{only}.", reason="empty")
    return found.package(files.name, posixpath.dirname(manifest), listed.of_package())


@dataclass(slots=True)
class _Listed:
    """A manifest with its resources by identifier, and the metadata that lies in their files."""

    files: Files
    name: str
    root: etree._Element
    resources: dict[str, etree._Element] = field(init=False)

    def __post_init__(self) -> None:
        self.resources = {str(one.get("identifier")): one for one in _resources(self.root)}

    def metadata_of(self, resource: etree._Element) -> etree._Element:
        """Raises ReadingError where a file with metadata cannot be read."""
        own = resource.findall("{*}metadata")
        needed = (str(one.get("identifierref")) for one in resource.findall("{*}dependency"))
        return metadata.gathered([*own, *self._kept_apart(needed)])

    def of_package(self) -> str:
        """The manifest's own metadata, and that of files which no resource depends on."""
        listed = self.resources.values()
        depends = (one for resource in listed for one in resource.findall("{*}dependency"))
        needed = {str(one.get("identifierref")) for one in depends}
        own = self.root.findall("{*}metadata")
        try:
            alone = list(self._kept_apart(set(self.resources) - needed))
        except ReadingError:
            alone = []
        return metadata.text(metadata.gathered([*own, *alone]))

    def _kept_apart(self, identifiers: Iterable[str]) -> Iterator[etree._Element]:
        for identifier in sorted(identifiers):
            resource = self.resources.get(identifier)
            if resource is not None and resource.get("type") in metadata.FILE_TYPES:
                address = resource.find("{*}file")
                href = "" if address is None else str(address.get("href", ""))
                name = find(self.files, self.base_of(resource), resource.get("href") or href)
                if name is not None:
                    yield xml.parse_xml(self.files.read(name))

    def base_of(self, resource: etree._Element) -> str:
        return posixpath.join(posixpath.dirname(self.name), *_bases(resource), "x")


def _resources(root: etree._Element) -> Iterator[etree._Element]:
    """Those of the manifest: metadata may tell of resources, too (LOM's relations do)."""
    for resource in root.iter("{*}resource"):
        if next(resource.iterancestors("{*}metadata"), None) is None:
            yield resource


def _add_resource(found: _Sorted, listed: _Listed, resource: etree._Element) -> None:
    kind = resource.get("type", "")
    if not MANIFEST_TYPES.match(kind):
        return
    identifier, href = resource.get("identifier", ""), resource.get("href", "")
    if not href:
        files = [str(file.get("href", "")) for file in resource.findall("{*}file")]
        href = next((name for name in files if name.endswith(".xml")), "")
    try:
        document = _document(listed, resource, identifier, href)
        if not found.hold(document):
            return
        if not found.add(document, xml.parse_xml(document.source)):
            raise ReadingError(
                "The manifest calls this an item, a test or a stimulus, but it is none.",
                reason="wrong_root",
            )
    except ReadingError as error:
        found.refuse(identifier, href, error)
        if found.is_full:
            raise


def _document(
    manifest: _Listed, resource: etree._Element, identifier: str, href: str
) -> PackagedFile:
    files, base = manifest.files, manifest.base_of(resource)
    members: list[str] = []
    for listed in [href, *(str(file.get("href", "")) for file in resource.findall("{*}file"))]:
        if links.is_external(listed):
            raise ReadingError(
                f"The manifest points outside the package: {listed}.",
                reason="external_href",
                line=line_of(resource),
            )
        member = find(files, base, listed)
        if listed and member is None:
            raise ReadingError(
                f"The manifest lists {listed}, but the package does not hold it.",
                reason="missing_file",
                line=line_of(resource),
            )
        members += [member] if member else []
    name = find(files, base, href)
    if name is None:
        raise ReadingError(
            "The manifest names no file for this resource.",
            reason="missing_file",
            line=line_of(resource),
        )
    told = manifest.metadata_of(resource)
    return PackagedFile(
        identifier,
        name,
        files.read(name),
        metadata.text(told),
        _parameters(told),
        tuple(dict.fromkeys(members)),
    )


def _bases(resource: etree._Element) -> Iterable[str]:
    key = "{http://www.w3.org/XML/1998/namespace}base"
    chain = [resource, *resource.iterancestors()]
    return [base for element in reversed(chain) if (base := element.get(key))]


def _parameters(told: etree._Element) -> Parameters | None:
    element = told.find(metadata.PARAMETERS)
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
    if not (0 < a < math.inf and math.isfinite(b) and 0 <= c < 1):
        raise ReadingError(
            "Item parameters need a > 0 and 0 <= c < 1, none of them without end.",
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
            found.hold(document)
            known = found.add(document, xml.parse_xml(document.source))
        except ReadingError as error:
            if files.kind == "file" or found.is_full:
                raise
            found.refuse(identifier, name, error)
            continue
        if not known and files.kind == "file":
            raise ReadingError(
                f"{files.name} is not an item, a test or a package.", reason="not_qti"
            )
    return found.package(files.name)
