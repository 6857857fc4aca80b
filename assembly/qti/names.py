"""XML names for any text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

NAME_START = re.compile(r"[^\W\d]|_")
NAME_PART = re.compile(r"[\w.-]")


def xml_name(text: str) -> str:
    """An XML name for any text: what a name cannot hold is written `_x0031_`, as SQL/XML does."""
    return "".join(_name_parts(text)) or "_x_"


def _name_parts(text: str) -> Iterator[str]:
    for place, character in enumerate(text):
        legal = (NAME_PART if place else NAME_START).fullmatch(character)
        ambiguous = text.startswith("_x", place) and re.match(r"_x[0-9A-F]{4,6}_", text[place:])
        if legal and not ambiguous and _is_name_character(character):
            yield character
        else:
            yield f"_x{ord(character):04X}_"


def _is_name_character(character: str) -> bool:
    """Python's letters and XML's differ in a few: the parser is asked."""
    if character.isascii():
        return True
    try:
        etree.Element(f"a{character}")
    except ValueError:
        return False
    return True
