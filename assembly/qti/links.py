"""The addresses that a document needs to be shown."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from lxml import etree

from assembly.qti.reading_source import line_of

LINKING = frozenset(
    [
        "src",
        "href",
        "data",
        "poster",
        "file-href",
        "primary-path",
        "fallback-path",
        "primary-configuration",
        "secondary-configuration",
    ]
)
NOT_LINKED = frozenset({"a", "qti-adaptive-engine-ref", "qti-adaptive-settings-ref"})


def split(href: str) -> SplitResult:
    """Return the parts of an address; what is none by RFC 3986 counts as somebody else's host."""
    try:
        return urlsplit(href)
    except ValueError:
        return SplitResult("", href, "", "", "")


def is_external(href: str) -> bool:
    parts = split(href)
    return bool(parts.scheme or parts.netloc)


def of(root: etree._Element) -> list[tuple[str, int | None]]:
    """Addresses that a document needs to be shown, in document order, each once, with its line."""
    found: dict[str, int | None] = {}
    for element in root.iter(etree.Element):
        if etree.QName(element).localname in NOT_LINKED:
            continue
        for key, value in element.attrib.items():
            href = str(value).strip()
            if etree.QName(str(key)).localname in LINKING and href and href[0] != "#":
                found.setdefault(href, line_of(element))
    return list(found.items())
