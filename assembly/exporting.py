"""A published test as a content package that any QTI 3 system can import, this one without loss."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from assembly import models, stored
from assembly.qti import assessment, xml
from assembly.qti.package import EXTENSION, parameters_xml

IMSCP = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
NAMESPACES: Any = {None: IMSCP}
STAMP = (1980, 1, 1, 0, 0, 0)  # the same test gives the same bytes


class ExportError(Exception):
    """A test whose files cannot lie side by side; the message is a full sentence."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One entry of the manifest; the first file is the document itself."""

    identifier: str
    kind: str
    files: tuple[str, ...]
    needs: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    metadata: str = ""


def package(version: models.AssessmentTestVersion) -> bytes:
    """The zip of a published test, its items, stimuli, images and parameters."""
    pins = list(version.items.select_related("item_version__item").order_by("ref"))
    hrefs = {
        ref.identifier: ref.href for *_path, ref in assessment.item_refs(stored.read_test(version))
    }
    shelf = _Shelf()
    own = list(version.files.select_related("asset"))
    linked = [posixpath.dirname(hrefs[pin.ref]) for pin in pins]
    deepest = _climb([*hrefs.values(), *(file.href for file in own), *_below(pins, linked)])
    base = "/".join(f"level-{n}" for n in range(1, deepest + 1))
    main = posixpath.join(base, "test.xml")
    used = {pin.ref: shelf.item(base, hrefs[pin.ref], pin.item_version) for pin in pins}
    files = [shelf.put(base, file.href, bytes(file.asset.content)) for file in own]
    shelf.put("", main, version.xml.encode())
    test = Resource(
        version.test.identifier,
        "imsqti_test_xmlv3p0",
        (main, *files),
        tuple(dict.fromkeys(used.values())),
    )
    return _zip(shelf.contents, [test, *shelf.resources.values()])


def _below(pins: list[models.TestVersionItem], folders: list[str]) -> Iterator[str]:
    """The addresses of the items' own files, as seen from the test."""
    by_version: dict[int, list[str]] = {}
    wanted = [pin.item_version_id for pin in pins]
    rows = models.ItemVersionAsset.objects.filter(item_version__in=wanted)
    for version_id, href in rows.values_list("item_version_id", "href"):
        by_version.setdefault(version_id, []).append(href)
    for pin, folder in zip(pins, folders, strict=True):
        yield from (
            posixpath.join(folder, href) for href in by_version.get(pin.item_version_id, ())
        )


def _climb(hrefs: Iterable[str]) -> int:
    """How many folders up the farthest of these addresses leads."""
    normal = (posixpath.normpath(href).split("/") for href in hrefs)
    return max((parts.count("..") for parts in normal), default=0)


@dataclass(slots=True)
class _Shelf:
    """Files of the package as they are gathered."""

    contents: dict[str, bytes] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)

    def put(self, base: str, href: str, content: bytes) -> str:
        name = posixpath.normpath(posixpath.join(base, href.lstrip("/")))
        if self.contents.setdefault(name, content) != content:
            raise ExportError(f"Two different files of this test want to be {name}.")
        return name

    def item(self, base: str, href: str, version: models.ItemVersion) -> str:
        """Puts an item with its files; returns the identifier of its resource."""
        name = self.put(base, href, version.xml.encode())
        folder = posixpath.dirname(name)
        shown = version.files.select_related("asset").order_by("href")
        files = [self.put(folder, file.href, bytes(file.asset.content)) for file in shown]
        given = {"a": version.irt_a, "b": version.irt_b, "c": version.irt_c}
        known = {key: value for key, value in given.items() if value is not None}
        identifier = f"{version.item.identifier}-v{version.number}"
        self.resources[name] = Resource(
            identifier, "imsqti_item_xmlv3p0", (name, *files), (), known, version.metadata
        )
        return identifier


def _zip(contents: Mapping[str, bytes], resources: list[Resource]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in [("imsmanifest.xml", _manifest(resources)), *sorted(contents.items())]:
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(info, content)
    return target.getvalue()


def _manifest(resources: list[Resource]) -> bytes:
    root = etree.Element(f"{{{IMSCP}}}manifest", identifier="manifest", nsmap=NAMESPACES)
    metadata = etree.SubElement(root, f"{{{IMSCP}}}metadata")
    etree.SubElement(metadata, f"{{{IMSCP}}}schema").text = "QTI Package"
    etree.SubElement(metadata, f"{{{IMSCP}}}schemaversion").text = "3.0.0"
    etree.SubElement(root, f"{{{IMSCP}}}organizations")
    listed = etree.SubElement(root, f"{{{IMSCP}}}resources")
    for resource in resources:
        _add(listed, resource)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _add(listed: etree._Element, resource: Resource) -> None:
    element = etree.SubElement(
        listed,
        f"{{{IMSCP}}}resource",
        identifier=resource.identifier,
        type=resource.kind,
        href=resource.files[0],
    )
    metadata = _metadata(resource)
    if len(metadata):
        element.append(metadata)
    for name in dict.fromkeys(resource.files):
        etree.SubElement(element, f"{{{IMSCP}}}file", href=name)
    for needed in resource.needs:
        etree.SubElement(element, f"{{{IMSCP}}}dependency", identifierref=needed)


def _metadata(resource: Resource) -> etree._Element:
    """What came with the item when it was imported, with its parameters as they are now."""
    element = etree.Element(f"{{{IMSCP}}}metadata")
    if resource.metadata:
        for child in xml.parse_xml(resource.metadata.encode()):
            if child.tag != f"{{{EXTENSION}}}irt":
                element.append(child)
    if resource.parameters:
        element.append(etree.fromstring(parameters_xml(resource.parameters)))
    return element
