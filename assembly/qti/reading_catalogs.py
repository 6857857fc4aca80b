"""Reads the catalogs of an item or a stimulus."""

from collections.abc import Iterable, Iterator

from lxml import etree

from assembly.qti import reading_body, reading_source
from assembly.qti.body import Nodes
from assembly.qti.catalogs import Card, Catalog, Entry
from assembly.qti.reading_body import XML_LANG


def read_catalogs(root: etree._Element) -> tuple[Catalog, ...]:
    """Every catalog below, those of rubrics and feedback included."""
    found = (e for e in root.iter() if reading_source.local_name(e) == "qti-catalog")
    return tuple(Catalog(e.get("id", ""), tuple(_cards(e))) for e in found if e.get("id"))


def _cards(catalog: etree._Element) -> Iterator[Card]:
    for card in _named(catalog, "qti-card"):
        entries = [_entry(each) for each in _named(card, "qti-card-entry")]
        own = tuple(_contents(card))
        if own:
            entries.append(Entry(own, default=True))
        yield Card(card.get("support", ""), tuple(entries))


def _entry(element: etree._Element) -> Entry:
    is_default = element.get("default") in ("true", "1")
    return Entry(tuple(_contents(element)), element.get(XML_LANG, ""), is_default)


def _contents(element: etree._Element) -> Nodes:
    parts = _named(element, "qti-html-content")
    return tuple(node for part in parts for node in reading_body.read_body(part))


def _named(element: etree._Element, name: str) -> Iterable[etree._Element]:
    return [child for child in element if reading_source.local_name(child) == name]
