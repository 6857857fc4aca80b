"""Safe XML: parses what is plain XML of a bearable size, refuses everything else with a reason."""

import math
import re
from collections.abc import Iterator
from typing import Any, cast

from lxml import etree

from assembly.qti import values
from assembly.qti.errors import ReadingError, ResponseError
from assembly.qti.values import BaseType

SIZE_LIMIT = 5_000_000
DEPTH_LIMIT = 120
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_DECLARATION = re.compile(
    r"\s*<\?xml\s[^>]*?(?:encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*?)?\?>"
)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PROLOG = re.compile(r"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_ENCODINGS = re.compile(
    r"utf-?8|utf-?16|(?:us-)?ascii|iso-?8859-?\d{1,2}|latin-?1|windows-125\d", re.IGNORECASE
)


def parse_xml(source: bytes, *, limit: int = SIZE_LIMIT) -> etree._Element:
    """The root element; raises ReadingError for DOCTYPE, entities, other formats and oversize."""
    if len(source) > limit:
        raise ReadingError(f"The file is larger than {limit:,} bytes.", reason="too_large")
    text = _decoded(source)
    _refuse_doctype(text)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise _syntax_refusal(error) from error
    if root is None:
        raise ReadingError("The file holds no XML element.", reason="not_xml")
    _refuse_depth(root)
    _refuse_masked(parser)
    return root


def _refuse_masked(parser: etree.XMLParser) -> None:
    """An error about namespaces is forgotten by the parser where a warning comes after it."""
    log: Any = parser.error_log
    for entry in log:
        if entry.level_name != "WARNING":
            raise ReadingError(
                f"The file is not well-formed XML: {entry.message}.",
                reason="not_xml",
                line=entry.line,
            )


def _decoded(source: bytes) -> str:
    """The text without byte order mark and XML declaration; lines stay in place."""
    for mark, encoding in _BOMS:
        if source.startswith(mark):
            return _without_declaration(_decode(source[len(mark) :], encoding))[0]
    wide = {b"<\x00": "utf-16-le", b"\x00<": "utf-16-be"}.get(source[:2])
    if wide:
        return _without_declaration(_decode(source, wide))[0]
    if source[:400].strip()[:1] not in (b"<", b""):
        raise ReadingError("The file is not XML.", reason="not_xml")
    declared = _without_declaration(source[:400].decode("latin-1"))[1] or "utf-8"
    if not _ENCODINGS.fullmatch(declared):
        raise ReadingError(f"The encoding {declared} is not supported.", reason="encoding")
    return _without_declaration(_decode(source, declared))[0]


def _decode(source: bytes, encoding: str) -> str:
    try:
        return source.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise ReadingError(
            f"The file is not the {encoding} text that it claims to be.", reason="encoding"
        ) from error


def _without_declaration(text: str) -> tuple[str, str | None]:
    found = _DECLARATION.match(text)
    if found is None:
        return text, None
    return "\n" * found.group().count("\n") + text[found.end() :], found.group(1)


def _refuse_doctype(text: str) -> None:
    """A document type can stand only before the root element, and there it is refused unread."""
    at = 0
    while found := _PROLOG.match(text, at):
        at = found.end()
    if text.startswith("<!DOCTYPE", at):
        raise ReadingError(
            "The file has a document type declaration (DOCTYPE), which is not accepted.",
            reason="doctype",
            line=text.count("\n", 0, at) + 1,
        )
    if not text.startswith("<", at):
        raise ReadingError("The file is not XML.", reason="not_xml")


def _syntax_refusal(error: etree.XMLSyntaxError) -> ReadingError:
    message = error.msg or "the text cannot be parsed"
    reason = "entity" if "ntity" in message else "not_xml"
    if "depth" in message:
        reason = "too_deep"
    elif "huge" in message or "too long" in message:
        reason = "too_large"
    return ReadingError(
        f"The file is not well-formed XML: {message}.", reason=reason, line=error.lineno
    )


def _refuse_depth(root: etree._Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEPTH_LIMIT:
            raise ReadingError(
                f"The file nests elements more than {DEPTH_LIMIT} deep.",
                reason="too_deep",
                line=line(element),
            )
        if element.tag is etree.Entity:
            raise ReadingError(
                "The file uses an entity that is not one of XML's own.",
                reason="entity",
                line=line(element),
            )


def plain(text: str) -> str:
    """The text with U+FFFD for what XML cannot hold."""
    return _ILLEGAL.sub("\ufffd", text)


def line(element: etree._Element) -> int | None:
    return cast("int | None", element.sourceline)


def name(element: etree._Element) -> str:
    """The local name; empty for what is no element."""
    tag: object = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The child elements of these names, or all of them."""
    for child in element:
        found = name(child)
        if found and (not names or found in names):
            yield child


def child(element: etree._Element, wanted: str) -> etree._Element | None:
    return next(children(element, wanted), None)


def required(element: etree._Element, attribute: str) -> str:
    found = str(element.get(attribute) or "").strip()
    if not found:
        raise ReadingError(
            f"The element {name(element)} lacks its attribute {attribute}.",
            reason="missing_attribute",
            line=line(element),
        )
    return found


def flag(element: etree._Element, attribute: str, default: bool = False) -> bool:
    found = element.get(attribute)
    return default if found is None else found.strip() in ("true", "1")


def language(element: etree._Element) -> str:
    return str(element.get("{http://www.w3.org/XML/1998/namespace}lang") or "")


def number(element: etree._Element, attribute: str, *, infinite: bool = False) -> float | None:
    """None where the attribute is missing or empty."""
    found = str(element.get(attribute) or "").strip()
    if not found:
        return None
    try:
        parsed = float(str(values.parse_scalar(found, BaseType.FLOAT)))
    except ResponseError:
        parsed = math.nan
    if math.isnan(parsed) or (math.isinf(parsed) and not infinite):
        raise ReadingError(
            f"The attribute {attribute} of {name(element)} is not a number: {found[:40]}.",
            reason="wrong_number",
            line=line(element),
        )
    return parsed
