"""XInclude in the content of items and stimuli: files of the same package take its place."""

from __future__ import annotations

import posixpath

from lxml import etree

from assembly.qti import links, upgrade, xml
from assembly.qti.errors import ReadingError
from assembly.qti.reading_rules import INCLUDE_LIMIT, Reading

XINCLUDE = "http://www.w3.org/2001/XInclude"
BODIES = ("qti-item-body", "qti-stimulus-body", "qti-modal-feedback")


def expand(root: etree._Element, reading: Reading) -> None:
    """Put what the content includes into it; addresses in there are made relative to the document.

    Raises ReadingError where a file is missing and the document names no fallback.
    """
    for body in xml.children(root, *BODIES):
        expand_content(body, reading)


def expand_content(body: etree._Element, reading: Reading) -> None:
    for element in list(body.iter(f"{{{XINCLUDE}}}include")):
        _replace(element, reading)


def _replace(element: etree._Element, reading: Reading) -> None:
    parent = element.getparent()
    if parent is None:
        return
    try:
        found = _included(element, reading)
    except ReadingError:
        fallback = element.find(f"{{{XINCLUDE}}}fallback")
        if fallback is None:
            raise
        found = etree.Element(f"{{{upgrade.NAMESPACE}}}div")
        found.text = fallback.text
        found.extend(list(fallback))
    found.tail = element.tail
    parent.replace(element, found)


def _included(element: etree._Element, reading: Reading) -> etree._Element:
    if element.get("xpointer"):
        raise ReadingError(
            "Only whole files can be included, not parts of them (xpointer).",
            reason="include",
            line=xml.line(element),
        )
    if element.get("parse", "xml") == "text":
        return _text(element, reading)
    if reading.resolve is None or reading.depth >= INCLUDE_LIMIT:
        raise ReadingError(
            f"The file {xml.required(element, 'href')[:80]} cannot be included here.",
            reason="include",
            line=xml.line(element),
        )
    with reading.included(element) as root:
        if root.tag == f"{{{XINCLUDE}}}include":
            raise ReadingError("A file includes itself.", reason="include", line=xml.line(element))
        _relate(root, reading.base)
        expand_content(root, reading)
    return root


def _text(element: etree._Element, reading: Reading) -> etree._Element:
    href = reading.href(element)
    span = etree.Element(f"{{{upgrade.NAMESPACE}}}span")
    try:
        span.text = xml.plain(reading.fetch(element, href).decode())
    except ValueError as error:
        raise ReadingError(f"The file {href[:80]} is not plain text.", reason="encoding") from error
    return span


def _relate(root: etree._Element, base: str) -> None:
    """Addresses of the included file as seen from the document that includes it."""
    if not base:
        return
    for element in root.iter(etree.Element):
        if element.tag == f"{{{XINCLUDE}}}include":
            continue
        for key, value in element.attrib.items():
            href = str(value).strip()
            if etree.QName(str(key)).localname not in links.LINKING or not href:
                continue
            if href[0] not in "#/" and not links.is_external(href):
                element.set(str(key), posixpath.normpath(posixpath.join(base, href)))
