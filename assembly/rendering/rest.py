"""A portable interaction's markup at rest: its content as of items, its controls as words."""

from collections.abc import Iterator
from typing import Final

from django.utils.safestring import SafeString
from lxml import etree, html

from assembly.qti import allowed_html
from assembly.qti.body import Element, Node, Text
from assembly.rendering.nodes import Writer

# The words of these are seen in a browser; they take input only where the module runs.
_WORDED: Final = frozenset({"button", "label", "legend", "option", "output", "text"})
_AROUND: Final = frozenset({"canvas", "fieldset", "form", "g", "optgroup", "select", "svg"})
_TYPED: Final = ("value", "placeholder", "aria-label", "alt")
CONTROL: Final = "qti-portable-control"


def markup(writer: Writer, written: str) -> SafeString:
    """Everything that runs, loads or takes input is dropped; files of the package are shown."""
    if not written.strip():
        return SafeString("")
    try:
        root = html.fragment_fromstring(written, create_parent="div")
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return writer.html((Text(written),))
    return writer.html(tuple(_inside(root)))


def _inside(parent: etree._Element) -> Iterator[Node]:
    if parent.text:
        yield Text(parent.text)
    for child in parent:
        yield from _node(child)
        if child.tail:
            yield Text(child.tail)


def _node(element: etree._Element) -> Iterator[Node]:
    name = element.tag
    if not isinstance(name, str):  # a comment or an instruction
        return
    if name in allowed_html.FLOW or name in allowed_html.MATHML:
        given = {str(key): str(value) for key, value in element.attrib.items()}
        if classes := allowed_html.content_classes(given.pop("class", "")):
            given["class"] = classes
        yield Element(name, given, tuple(_inside(element)))
    elif name in _WORDED:
        yield Element("span", {"class": CONTROL}, tuple(_inside(element)))
    elif name in ("input", "textarea"):
        yield from _typed(element)
    elif name in _AROUND or name not in allowed_html.DROPPED:
        yield from _inside(element)


def _typed(element: etree._Element) -> Iterator[Node]:
    shown = element.text or next((str(element.get(n)) for n in _TYPED if element.get(n)), "")
    if element.get("type") != "hidden":
        yield Element("span", {"class": CONTROL}, (Text(shown or "\u2003"),))
