"""Reads the content of an item body, a stimulus or a feedback into the body tree."""

from collections.abc import Iterator

from lxml import etree

from assembly.qti import allowed_html, body, reading_interactions, reading_source
from assembly.qti.body import Element, Interaction, Node, Nodes, Text
from assembly.qti.errors import ReadingError, UnsupportedError
from assembly.qti.reading_source import Source

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
DEPTH_LIMIT = 100
_OBJECT = "object"
_STAGE = "qti-position-object-stage"
_SSML = ("http://www.w3.org/2010/10/synthesis", "http://www.w3.org/2001/10/synthesis")
# What is read aloud in the place of an element's own words.
SPOKEN = "data-spoken"
RENAMED = {"acronym": "abbr", "strike": "s", "center": "div"}


def read_body(element: etree._Element) -> Nodes:
    """The children of ``element``, in a ``div`` where it has a class, language or direction.

    UnsupportedError names an interaction that is not carried.
    """
    own = presentational(element)
    kept = {name: own[name] for name in ("class", "lang", "dir") if own.get(name)}
    inside = _flow(element, 0)
    return (Element("div", kept, inside),) if kept else inside


def interactions_in(nodes: Nodes) -> Iterator[Interaction]:
    return (node for node in body.walk(nodes) if isinstance(node, Interaction))


def presentational(element: etree._Element, name: str = "") -> dict[str, str]:
    """The attributes that pass the allow-list for an element of that name, ``lang`` included."""
    kept: dict[str, str] = {}
    for key, value in element.attrib.items():
        attribute = "lang" if key == XML_LANG else str(key)
        if not allowed_html.allows(name, attribute):
            continue
        if attribute in allowed_html.LINKS and not allowed_html.safe_link(str(value)):
            continue
        text = str(value)
        if attribute == "tabindex" and text not in ("0", "-1"):
            continue
        kept[attribute] = allowed_html.content_classes(text) if attribute == "class" else text
    return kept


def _flow(element: etree._Element, depth: int) -> Nodes:
    if depth > DEPTH_LIMIT:
        raise ReadingError(
            f"The content is nested more than {DEPTH_LIMIT} elements deep.",
            reason="too_deep",
            line=reading_source.line_of(element),
        )
    found: list[Node] = []
    _add_text(found, element.text)
    for child in element:
        if isinstance(child.tag, str):
            found.extend(_read(child, depth + 1))
        _add_text(found, child.tail)
    return tuple(found)


def _add_text(found: list[Node], text: str | None) -> None:
    if text:
        found.append(Text(text))


def _read(element: etree._Element, depth: int) -> Nodes:
    name = etree.QName(element).localname
    if etree.QName(element).namespace in _SSML:
        return _spoken(element, name, depth)
    if name.startswith("qti-") and name.endswith("-interaction"):
        return (_interaction(element, name, depth),)
    if name in allowed_html.DROPPED:
        return ()
    if name == _STAGE:
        return tuple(node for node in _flow(element, depth) if isinstance(node, Interaction))
    if name == _OBJECT:
        return _object(element, depth)
    if name in allowed_html.ELEMENTS:
        return (Element(name, presentational(element, name), _flow(element, depth)),)
    if name in RENAMED:
        renamed = RENAMED[name]
        return (Element(renamed, presentational(element, renamed), _flow(element, depth)),)
    if name.startswith("qti-") and name not in allowed_html.TRANSPARENT:
        raise UnsupportedError(
            f"“{name}” has no place in an item's content.", line=reading_source.line_of(element)
        )
    return _flow(element, depth)


def _spoken(element: etree._Element, name: str, depth: int) -> Nodes:
    """Words with what is to be said for them (SSML); what only shapes the voice is left out."""
    inside = _flow(element, depth)
    said = element.get("alias", "") if name == "sub" else ""
    if name == "say-as" and element.get("interpret-as") in ("characters", "spell-out"):
        said = " ".join("".join(body.text_of(inside).split()))
    return (Element("span", {SPOKEN: said}, inside),) if said else inside


def _interaction(element: etree._Element, name: str, depth: int) -> Interaction:
    reader = reading_interactions.READERS.get(name)
    if reader is None:
        raise UnsupportedError(
            f"The interaction “{name}” is not supported.",
            reason="unsupported_interaction",
            line=reading_source.line_of(element),
        )
    return reader(Source(element, lambda part: _flow(part, depth + 1), presentational))


def _object(element: etree._Element, depth: int) -> Nodes:
    """HTML's object becomes the native element for its kind of medium."""
    address = element.get("data", "")
    inside = _flow(element, depth)
    if not address or not allowed_html.safe_link(address):
        return inside
    name = native_element(element.get("type", ""), address)
    kept = presentational(element, name)
    if name == "a":
        label = inside if body.text_of(inside) else (Text(address.rsplit("/", 1)[-1]),)
        return (Element("a", kept | {"href": address}, label),)
    kept["src"] = address
    if name == "img":
        kept.setdefault("alt", element.get("alt") or body.text_of(inside))
        return (Element(name, kept),)
    return (Element(name, kept | {"controls": "controls"}, inside),)


def native_element(media_type: str, address: str) -> str:
    kind = media_type.partition("/")[0].lower()
    if kind in ("audio", "video"):
        return kind
    suffix = address.rpartition(".")[2].lower()
    if kind == "image" or suffix in ("png", "jpg", "jpeg", "gif", "svg", "webp", "avif"):
        return "img"
    by_suffix = {"mp3": "audio", "ogg": "audio", "wav": "audio", "mp4": "video", "webm": "video"}
    return by_suffix.get(suffix, "a")
