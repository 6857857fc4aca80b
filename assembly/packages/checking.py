"""What an import would do: every document is read, tried and judged, and nothing stored."""

from __future__ import annotations

import logging
import mimetypes
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from lxml import etree

from assembly.qti import item_session, leaving_out, links, reading, xml
from assembly.qti.assessment import AssessmentTest, item_refs, walk
from assembly.qti.errors import Loss, QtiError, ReadingError
from assembly.qti.item import AssessmentItem
from assembly.qti.package import Package, PackagedFile
from assembly.selection import Stream

logger = logging.getLogger(__name__)
Progress = Callable[[int, int, str], None]
STIMULUS_TYPE = "application/qti-stimulus+xml"
IDENTIFIER_LENGTH, NAME_LENGTH, HREF_LENGTH = 255, 110, 1000
PORTABLE = "portable_custom_interaction"
TRIAL = Stream(b"a trial run, whose choices nobody sees")


class Outcome(StrEnum):
    KEPT = "kept"
    DEGRADED = "degraded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that will be missing or is wrong, with a machine word and where it stands."""

    reason: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ItemReport:
    """One line of the report; `row_id` is the item version's or test's once it is imported."""

    identifier: str
    href: str
    outcome: Outcome
    reason: str = ""
    message: str = ""
    line: int | None = None
    title: str = ""
    interactions: str = ""
    row_id: int | None = None
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class ImportReport:
    name: str
    items: tuple[ItemReport, ...]
    tests: tuple[ItemReport, ...]
    dry_run: bool = True

    def count(self, outcome: Outcome) -> int:
        return sum(row.outcome is outcome for row in (*self.items, *self.tests))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FileUse:
    """A file that a document shows: its address as written, and the member it means."""

    href: str
    member: str
    sha256: str
    size: int
    media_type: str
    metadata: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedItem:
    source: PackagedFile
    xml: str
    item: AssessmentItem
    files: tuple[FileUse, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def interactions(self) -> str:
        names = dict.fromkeys(
            one.name.removesuffix("_interaction") for one in self.item.interactions
        )
        return " ".join(names)

    def report(self, *, row_id: int | None = None, unchanged: bool = False) -> ItemReport:
        first = self.remarks[0] if self.remarks else Remark("", "")
        return ItemReport(
            identifier=self.item.identifier,
            href=self.source.href,
            outcome=Outcome.DEGRADED if self.remarks else Outcome.KEPT,
            reason=first.reason,
            message=" ".join(dict.fromkeys(remark.message for remark in self.remarks)),
            line=first.line,
            title=self.item.title,
            interactions=self.interactions,
            row_id=row_id,
            unchanged=unchanged,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTest:
    """A readable test; `refs` leads from each item ref to the member with its item."""

    source: PackagedFile
    xml: str
    test: AssessmentTest
    refs: Mapping[str, str]
    files: tuple[FileUse, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def report(self, *, row_id: int | None = None, unchanged: bool = False) -> ItemReport:
        first = self.remarks[0] if self.remarks else Remark("", "")
        return ItemReport(
            identifier=self.test.identifier,
            href=self.source.href,
            outcome=Outcome.DEGRADED if self.remarks else Outcome.KEPT,
            reason=first.reason,
            message=" ".join(dict.fromkeys(remark.message for remark in self.remarks)),
            line=first.line,
            title=self.test.title,
            row_id=row_id,
            unchanged=unchanged,
        )


@dataclass(slots=True)
class Checked:
    """Everything that can be imported, and the refusals of the rest."""

    package: Package
    items: dict[str, CheckedItem] = field(default_factory=dict)
    tests: list[CheckedTest] = field(default_factory=list)
    refused_items: list[ItemReport] = field(default_factory=list)
    refused_tests: list[ItemReport] = field(default_factory=list)

    def report(self) -> ImportReport:
        items = [item.report() for item in self.items.values()]
        tests = [test.report() for test in self.tests]
        return ImportReport(
            self.package.name, (*items, *self.refused_items), (*tests, *self.refused_tests)
        )


def check(opened: Package, progress: Progress | None = None) -> Checked:
    """Read and try everything in a package; whatever fails is reported, and never raises."""
    checked = Checked(opened)
    checked.refused_items.extend(
        ItemReport(p.identifier, p.href, Outcome.REFUSED, p.reason, p.message, p.line)
        for p in opened.problems
    )
    total = len(opened.items) + len(opened.tests)
    for done, source in enumerate(opened.items, start=1):
        _try_item(checked, source)
        if progress:
            progress(done, total, source.href)
    for done, source in enumerate(opened.tests, start=len(opened.items) + 1):
        _try(checked, source, _check_test, checked.refused_tests)
        if progress:
            progress(done, total, source.href)
    return checked


def _try_item(checked: Checked, source: PackagedFile) -> None:
    _try(checked, source, _check_item, checked.refused_items)


def _try(
    checked: Checked,
    source: PackagedFile,
    check_one: Callable[[Checked, PackagedFile], None],
    refused: list[ItemReport],
) -> None:
    try:
        check_one(checked, source)
    except QtiError as error:
        refused.append(_refusal(source, error.reason, error.args[0], error.line))
    except Exception:
        # A fault of ours must not take the rest of the package with it; the log has the details.
        logger.exception("The engine failed on %s", source.href)
        message = "The engine failed on this document. The administrators' log says more."
        refused.append(_refusal(source, "engine_failure", message, None))


def _refusal(source: PackagedFile, reason: str, message: str, line: int | None) -> ItemReport:
    return ItemReport(source.identifier, source.href, Outcome.REFUSED, reason, message, line)


def _check_item(checked: Checked, source: PackagedFile) -> None:
    included = _Included(checked.package, source.href)
    item = reading.read_item(source.source, resolve=included)
    _refuse_length([item.identifier], IDENTIFIER_LENGTH)
    begun = item_session.begin(item, TRIAL)
    item_session.attempt(item, begun, {}, duration_seconds=0.0)
    root = reading.content(source.source, resolve=included)
    remarks = [*_losses(item.losses), *_losses(leaving_out.of(root))]
    files = included.files | _files(checked.package, source.href, root, remarks)
    if any(one.name == PORTABLE for one in item.interactions):
        files |= _listed(checked.package, source, files)
    for ref in item.stimulus_refs:
        _add_stimulus(checked.package, source.href, ref.href, files, remarks)
    checked.items[source.href] = CheckedItem(
        source=source,
        xml=text_of(source.source),
        item=item,
        files=tuple(files.values()),
        remarks=tuple(remarks),
    )


def _check_test(checked: Checked, source: PackagedFile) -> None:
    included = _Included(checked.package, source.href)
    test = reading.read_test(source.source, resolve=included)
    bases = [source.href, *(use.member for use in included.files.values())]
    refs = {
        ref.identifier: _resolve(checked, bases, ref.identifier, ref.href)
        for _, _, ref in item_refs(test)
    }
    if not refs:
        raise ReadingError("The test refers to no items.", reason="empty")
    named = (one.identifier for part in test.parts for _, one in walk(part.children))
    parts = (part.identifier for part in test.parts)
    _refuse_length([test.identifier], IDENTIFIER_LENGTH)
    _refuse_length([*parts, *named], NAME_LENGTH)
    remarks = [*_losses(test.losses)]
    files = dict(included.files)
    # Sections in files of their own show files, too, by addresses that begin where they lie.
    for base in dict.fromkeys(bases):
        root = xml.parse_xml(checked.package.read(base))
        shown = _files(checked.package, base, root, remarks, skip=set(refs.values()))
        files = shown | files
    checked.tests.append(
        CheckedTest(
            source=source,
            xml=text_of(source.source),
            test=test,
            refs=refs,
            files=tuple(files.values()),
            remarks=tuple(remarks),
        )
    )


def _resolve(checked: Checked, bases: Sequence[str], identifier: str, href: str) -> str:
    """The member with a ref's item, which is checked now where the manifest does not list it."""
    found = (checked.package.find(base, href) for base in bases)
    member = next((name for name in found if name), None)
    if member is None:
        raise ReadingError(
            f"The item ref {identifier} points to {href}, which is not in the package.",
            reason="unresolved_ref",
        )
    known = {report.href for report in checked.refused_items}
    if member not in checked.items and member not in known:
        content = checked.package.read(member)
        _try_item(checked, PackagedFile(identifier, member, content))
    if member not in checked.items:
        raise ReadingError(
            f"The item ref {identifier} points to {href}, which is refused.",
            reason="refused_item",
        )
    return member


@dataclass(slots=True)
class _Included:
    """Fetches what a document includes, and notes it to be stored with the document."""

    package: Package
    base: str
    files: dict[str, FileUse] = field(default_factory=dict)

    def __call__(self, href: str) -> bytes:
        member = self.package.find(self.base, href)
        if member is None:
            raise ReadingError(f"The file {href[:80]} is missing.", reason="missing_file")
        self.files[href] = _use(self.package, href, member, "application/xml")
        return self.package.read(member)


def _refuse_length(names: Iterable[str], most: int) -> None:
    """What no row of the bank can hold."""
    for name in names:
        if len(name) > most:
            raise ReadingError(f"{name[:40]}… is longer than {most} characters.", reason="too_long")


def _losses(losses: Iterable[Loss]) -> list[Remark]:
    return [Remark(loss.reason, loss.message, loss.line) for loss in losses]


def text_of(source: bytes) -> str:
    """The document verbatim; one in another encoding than UTF-8 is written anew as Unicode."""
    try:
        verbatim = source.decode()
    except UnicodeDecodeError:
        verbatim = "\0"
    # UTF-16 may pass for UTF-8 with NUL characters, which no database holds.
    if "\0" in verbatim:
        return etree.tostring(xml.parse_xml(source), encoding="unicode")
    return verbatim


def _files(
    opened: Package,
    base: str,
    root: etree._Element,
    remarks: list[Remark],
    skip: set[str] | None = None,
) -> dict[str, FileUse]:
    """The files that a document's addresses mean; what is missing becomes a remark."""
    found: dict[str, FileUse] = {}
    for href, line in links.of(root):
        _refuse_length([] if href.startswith("data:") else [href], HREF_LENGTH)
        if links.is_external(href):
            if not href.startswith(("data:", "urn:")):
                remarks.append(Remark("external_file", f"{href} lies on another server.", line))
            continue
        member = opened.find(base, href)
        if member is None:
            remarks.append(Remark("missing_file", f"The file {href} is missing.", line))
        elif member not in (skip or ()):
            found[href] = _use(opened, href, member)
    return found


def _listed(
    opened: Package, source: PackagedFile, known: Mapping[str, FileUse]
) -> dict[str, FileUse]:
    """The files that the manifest lists with an item: portable interactions load such by name."""
    members = {use.member for use in known.values()}
    folder = posixpath.dirname(source.href)
    found: dict[str, FileUse] = {}
    for member in source.listed:
        if member not in members and member != source.href:
            href = posixpath.relpath(member, folder or ".")
            found[href] = _use(opened, href, member)
    return found


def _use(opened: Package, href: str, member: str, media_type: str = "") -> FileUse:
    content = opened.read(member)
    kind = media_type or mimetypes.guess_type(member)[0] or "application/octet-stream"
    return FileUse(href, member, sha256(content).hexdigest(), len(content), kind)


def _add_stimulus(
    opened: Package, base: str, href: str, files: dict[str, FileUse], remarks: list[Remark]
) -> None:
    member = opened.find(base, href)
    if member is None:
        raise ReadingError(f"The stimulus {href} is missing.", reason="missing_file")
    source = opened.read(member)
    included = _Included(opened, member)
    reading.read_stimulus(source, resolve=included)
    root = reading.content(source, resolve=included)
    remarks.extend(_losses(leaving_out.of(root)))
    for inner, use in (included.files | _files(opened, member, root, remarks)).items():
        if inner in files and files[inner].sha256 != use.sha256:
            message = f"{inner} means one file in the item and another in its stimulus."
            remarks.append(Remark("ambiguous_file", message))
        files.setdefault(inner, use)
    told = next((one.metadata for one in opened.stimuli if one.href == member), "")
    files[href] = replace(_use(opened, href, member, STIMULUS_TYPE), metadata=told)
