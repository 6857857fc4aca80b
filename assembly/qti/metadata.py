"""What a manifest tells about a resource: kept whole, told apart by where QTI 3 has a place for it.

A QTI 3 manifest holds one QTI metadata, one set of curriculum standards (CASE) and one LOM; all
else lies in files of its own, which the resource depends on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from lxml import etree

from assembly.qti import xml

IMSCP = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
QTI_METADATA = "{http://www.imsglobal.org/xsd/imsqti_metadata_v3p0}qtiMetadata"
CURRICULUM = "{http://www.imsglobal.org/xsd/qti/qtiv3p0/imscsmd_v1p1}curriculumStandardsMetadataSet"
LOM = "{http://ltsc.ieee.org/xsd/LOM}lom"
PLACES = (QTI_METADATA, CURRICULUM, LOM)
EXTENSION = "urn:invigil:assembly:1"
PARAMETERS = f"{{{EXTENSION}}}irt"
FILE_TYPES = frozenset({"resourcemetadata/xml", "resourceextmetadata/xml"})
_NOT_TOLD = frozenset({"schema", "schemaversion"})


def gathered(parts: Iterable[etree._Element]) -> etree._Element:
    """One metadata element with the content of several; layout between elements is let go."""
    nsmap: Any = {None: IMSCP}
    whole = etree.Element(f"{{{IMSCP}}}metadata", nsmap=nsmap)
    for part in parts:
        own = [part] if xml.name(part) != "metadata" else list(xml.children(part))
        for child in own:
            if xml.name(child) not in _NOT_TOLD:
                whole.append(_plain(deepcopy(child)))
    whole[:] = sorted(whole, key=_place)
    etree.cleanup_namespaces(whole)
    return whole


def text(whole: etree._Element) -> str:
    """The metadata as the bank keeps it, without item parameters; empty where there is nothing."""
    kept = deepcopy(whole)
    for element in kept.findall(PARAMETERS):
        kept.remove(element)
    etree.cleanup_namespaces(kept)
    return etree.tostring(kept, encoding="unicode") if len(kept) else ""


def _place(element: etree._Element) -> int:
    return PLACES.index(element.tag) if element.tag in PLACES else len(PLACES)


def _plain(element: etree._Element) -> etree._Element:
    """The element without white space between its elements, QTI 2's metadata under QTI 3's name."""
    element.tail = None
    for part in element.iter(etree.Element):
        if len(part) and not (part.text or "").strip():
            part.text = None
        for child in part:
            if not (child.tail or "").strip():
                child.tail = None
    if xml.name(element) == "qtiMetadata":
        namespace = etree.QName(QTI_METADATA).namespace
        for part in element.iter(etree.Element):
            part.tag = f"{{{namespace}}}{xml.name(part)}"
    return element


def split(kept: str, *, of_package: bool = False) -> tuple[list[etree._Element], str]:
    """What a manifest has a place for, in its order, and the rest as a document of its own."""
    if not kept:
        return [], ""
    whole = xml.parse_xml(kept.encode())
    inline = list(_first_of_each(whole, PLACES[1:] if of_package else PLACES))
    rest = [child for child in whole if child not in inline]
    return [deepcopy(child) for child in inline], text(gathered(rest)) if rest else ""


def _first_of_each(whole: etree._Element, places: Iterable[str]) -> Iterator[etree._Element]:
    for place in places:
        found = whole.find(place)
        if found is not None:
            yield found
