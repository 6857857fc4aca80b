"""Reads what a candidate may have beside an item (QTI companion materials)."""

from collections.abc import Iterator

from lxml import etree

from assembly.qti import reading_source
from assembly.qti.item import Companion

KINDS = {
    "qti-calculator": "calculator",
    "qti-rule": "ruler",
    "qti-protractor": "protractor",
    "qti-digital-material": "file",
    "qti-physical-material": "thing",
}


def read_companions(root: etree._Element) -> tuple[Companion, ...]:
    listed = [one for one in root if _name(one) == "qti-companion-materials-info"]
    return tuple(_companion(one) for info in listed for one in info if _name(one) in KINDS)


def _companion(element: etree._Element) -> Companion:
    words = [*_texts(element, "qti-description"), *_texts(element, "qti-label")]
    if _name(element) == "qti-physical-material":
        words = ["".join(map(str, element.itertext()))]
    description = next((" ".join(text.split()) for text in words if text.strip()), "")
    href = next(_texts(element, "qti-file-href"), "").strip()
    return Companion(KINDS[_name(element)], description or element.get("label", ""), href)


def _texts(element: etree._Element, name: str) -> Iterator[str]:
    return (one.text or "" for one in element if _name(one) == name)


def _name(element: etree._Element) -> str:
    return reading_source.local_name(element)
