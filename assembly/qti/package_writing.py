"""Content packages as QTI 3 has them: a manifest by its schema, and the same bytes each time."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from lxml import etree

from assembly.qti import metadata, xml
from assembly.qti.archive import MANIFEST
from assembly.qti.metadata import EXTENSION, IMSCP, PARAMETERS
from assembly.qti.names import xml_name

ITEM, TEST = "imsqti_item_xmlv3p0", "imsqti_test_xmlv3p0"
STIMULUS, SECTION = "imsqti_stimulus_xmlv3p0", "imsqti_section_xmlv3p0"
CONTENT = "webcontent"
METADATA = "resourceextmetadata/xml"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMAS = "https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd"
STAMP = (1980, 1, 1, 0, 0, 0)


class CollisionError(Exception):
    """Two different files of a package that want the same name."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One entry of the manifest; the first file is the document itself."""

    identifier: str
    kind: str
    files: tuple[str, ...]
    needs: tuple[str, ...] = ()
    metadata: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Shelf:
    """Files and resources of a package as they are gathered, by the name of their document."""

    contents: dict[str, bytes] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    metadata: str = ""
    _taken: set[str] = field(default_factory=set)

    def put(self, base: str, href: str, content: bytes) -> str:
        """Keep a file where `href` leads from the folder `base`; returns its name."""
        name = posixpath.normpath(posixpath.join(base, href.lstrip("/")))
        if self.contents.setdefault(name, content) != content:
            raise CollisionError(name)
        return name

    def add(self, resource: Resource) -> str:
        """Keep a resource under an identifier that no other has; returns the identifier."""
        name = resource.files[0]
        if name not in self.resources:
            self.resources[name] = replace(resource, identifier=self._free(resource.identifier))
        return self.resources[name].identifier

    def _free(self, identifier: str) -> str:
        taken = self._taken
        number, free = 1, identifier
        while xml_name(free) in taken:
            number += 1
            free = f"{identifier}-{number}"
        taken.add(xml_name(free))
        return free

    def zipped(self) -> bytes:
        listed, apart = _with_metadata_apart(self)
        contents = {**self.contents, **apart}
        manifest = _manifest(listed, self.metadata)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
            for name, content in [(MANIFEST, manifest), *sorted(contents.items())]:
                info = zipfile.ZipInfo(name, STAMP)
                info.compress_type = zipfile.ZIP_DEFLATED
                written.writestr(info, content)
        return target.getvalue()


def climb(hrefs: Iterable[str]) -> int:
    """How many folders up the farthest of these addresses leads."""
    normal = (posixpath.normpath(href).split("/") for href in hrefs)
    return max((parts.count("..") for parts in normal), default=0)


def below(base: str, levels: int) -> str:
    """A folder from which so many folders up still lead into `base`."""
    return posixpath.join(base, *(f"level-{number}" for number in range(1, levels + 1)))


def _with_metadata_apart(shelf: Shelf) -> tuple[list[tuple[Resource, str]], dict[str, bytes]]:
    """The resources with the metadata that the manifest can hold, and the files with the rest."""
    listed: list[tuple[Resource, str]] = []
    kept: list[tuple[Resource, str]] = []
    apart: dict[str, bytes] = {}
    for resource in shelf.resources.values():
        content = _rest(resource)
        if not content:
            listed.append((resource, resource.metadata))
            continue
        name = f"metadata/{len(apart) + 1}.xml"
        apart[name] = content
        identifier = f"{resource.identifier}-metadata"
        kept.append((Resource(identifier, METADATA, (name,)), ""))
        listed.append((_needing(resource, identifier), resource.metadata))
    _inline, rest = metadata.split(shelf.metadata, of_package=True)
    if rest:
        apart["metadata/package.xml"] = _apart([xml.parse_xml(rest.encode())])
        kept.append((Resource("package-metadata", METADATA, ("metadata/package.xml",)), ""))
    return [*listed, *kept], apart


def _needing(resource: Resource, identifier: str) -> Resource:
    return replace(resource, needs=(*resource.needs, identifier), parameters={})


def _rest(resource: Resource) -> bytes:
    """What the schema of manifests has no place for: foreign metadata and item parameters."""
    _inline, rest = metadata.split(resource.metadata)
    parts = [xml.parse_xml(rest.encode())] if rest else []
    if resource.parameters:
        element = etree.Element(PARAMETERS, nsmap={"invigil": EXTENSION})
        for key, value in resource.parameters.items():
            element.set(key, repr(value))
        parts.append(element)
    if not parts:
        return b""
    return _apart(parts)


def _apart(parts: Iterable[etree._Element]) -> bytes:
    """A file of metadata, under a name of our own: QTI's schemas know none for such a file."""
    root = etree.Element(f"{{{EXTENSION}}}metadata", nsmap={"invigil": EXTENSION})
    root.extend(list(metadata.gathered(parts)))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _manifest(listed: list[tuple[Resource, str]], of_package: str) -> bytes:
    nsmap: Any = {None: IMSCP, "xsi": XSI}
    root = etree.Element(f"{{{IMSCP}}}manifest", identifier="manifest", nsmap=nsmap)
    root.set(f"{{{XSI}}}schemaLocation", f"{IMSCP} {SCHEMAS}/imsqtiv3p0_imscpv1p2_v1p0.xsd")
    about = etree.SubElement(root, f"{{{IMSCP}}}metadata")
    etree.SubElement(about, f"{{{IMSCP}}}schema").text = "QTI Package"
    etree.SubElement(about, f"{{{IMSCP}}}schemaversion").text = "3.0.0"
    about.extend(metadata.split(of_package, of_package=True)[0])
    etree.SubElement(root, f"{{{IMSCP}}}organizations")
    resources = etree.SubElement(root, f"{{{IMSCP}}}resources")
    names = _identifiers([resource for resource, _told in listed])
    for resource, told in listed:
        _add(resources, resource, told, names)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _identifiers(resources: Iterable[Resource]) -> dict[str, str]:
    """XML identifiers by the resources' own, no two the same."""
    return {one.identifier: xml_name(one.identifier) for one in resources}


def _add(
    resources: etree._Element, resource: Resource, told: str, names: Mapping[str, str]
) -> None:
    element = etree.SubElement(
        resources,
        f"{{{IMSCP}}}resource",
        identifier=names[resource.identifier],
        type=resource.kind,
        href=quote(resource.files[0]),
    )
    inline, _rest_of_it = metadata.split(told)
    if inline:
        etree.SubElement(element, f"{{{IMSCP}}}metadata").extend(inline)
    for name in dict.fromkeys(resource.files):
        etree.SubElement(element, f"{{{IMSCP}}}file", href=quote(name))
    for needed in dict.fromkeys(resource.needs):
        etree.SubElement(element, f"{{{IMSCP}}}dependency", identifierref=names[needed])
