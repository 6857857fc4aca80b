"""What of a document's content never reaches a page, told one by one."""

from collections.abc import Iterator

from lxml import etree

from assembly.qti import allowed_html, reading_body, xml
from assembly.qti.errors import Loss

_BODIES = ("qti-item-body", "qti-stimulus-body", "qti-modal-feedback")
# Attributes that never did a thing where they stand, or that a reader of ours looks at.
_IDLE = frozenset({"axis", "label", "name", "type"})
_READ = frozenset({"include", "object", "param", *reading_body.RENAMED})
_HTML = ("", "http://www.w3.org/1999/xhtml")


def of(root: etree._Element) -> Iterator[Loss]:
    """The losses in the content of an item or a stimulus, in document order."""
    space = etree.QName(root).namespace
    for body in root.iter(*(f"{{*}}{name}" for name in _BODIES)):
        for element in body.iter(etree.Element):
            name = xml.name(element)
            if name in allowed_html.DROPPED:
                yield from _dropped(element, name)
            elif (etree.QName(element).namespace or "") in (space, *_HTML):
                yield from _of_element(element, name)


def _dropped(element: etree._Element, name: str) -> Iterator[Loss]:
    if "-" not in name and name not in _READ:
        message = f"The element <{name}> and what is in it are left out."
        yield Loss("dropped_element", message, xml.line(element))


def _of_element(element: etree._Element, name: str) -> Iterator[Loss]:
    if name in allowed_html.FLOW:
        for key in map(str, element.attrib):
            if not (key.startswith("{") or key in _IDLE or allowed_html.allows(name, key)):
                message = f"The attribute {key[:40]} of <{name}> is left out."
                yield Loss("dropped_attribute", message, xml.line(element))
    elif not _is_known(element, name):
        message = f"The element <{name[:40]}> is not known here; its content stays."
        yield Loss("unknown_element", message, xml.line(element))


def _is_known(element: etree._Element, name: str) -> bool:
    """Parts of interactions are told of by their readers."""
    known = name in allowed_html.ELEMENTS | allowed_html.TRANSPARENT | _READ
    portable = ("{*}qti-portable-custom-interaction", "{*}qti-custom-interaction")
    return known or name.startswith("qti-") or any(element.iterancestors(*portable))
