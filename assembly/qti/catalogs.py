"""Catalogs: further content for pieces of the body, a glossary say, by support and language."""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from assembly.qti import body
from assembly.qti.body import Nodes

GLOSSARY = "glossary-on-screen"
GUIDANCE = "linguistic-guidance"
SIGN_LANGUAGE = "sign-language"
SPOKEN = "spoken"
TRANSLATION = "keyword-translation"


@dataclass(frozen=True, slots=True)
class Entry:
    """One content of a card; its language is empty where the card has a single one."""

    content: Nodes
    language: str = ""
    default: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    support: str
    entries: tuple[Entry, ...]

    def entry(self, language: str) -> Entry | None:
        """In the language asked for, else the default, else what has no language of its own."""
        wanted = language.lower().partition("-")[0]
        by_language = (e for e in self.entries if wanted and e.language.lower().startswith(wanted))
        fallback = (e for e in self.entries if e.default or not e.language)
        return next(by_language, None) or next(fallback, None)


@dataclass(frozen=True, slots=True)
class Catalog:
    identifier: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The catalogs of a page with the supports that its reader asked for."""

    catalogs: tuple[Catalog, ...] = ()
    supports: Set[str] = frozenset({GLOSSARY})
    language: str = ""

    def notes(self, identifier: str) -> Iterator[tuple[str, Entry]]:
        """What to show for a piece of content: the support and its entry."""
        for support, entry in self._entries(identifier):
            if support != SPOKEN and entry.content:
                yield support, entry

    def spoken(self, identifier: str) -> str:
        """What is read aloud in the place of a piece of content; "" where its own words are."""
        found = (e for support, e in self._entries(identifier) if support == SPOKEN)
        return next((" ".join(body.text_of(e.content).split()) for e in found), "")

    def _entries(self, identifier: str) -> Iterator[tuple[str, Entry]]:
        for catalog in self.catalogs:
            for card in catalog.cards if catalog.identifier == identifier else ():
                entry = card.entry(self.language) if card.support in self.supports else None
                if entry is not None:
                    yield card.support, entry
