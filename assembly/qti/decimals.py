"""Numbers as people type them: in many languages the decimal mark is a comma."""

from __future__ import annotations

import re

from assembly.qti.values import BaseType, Raw

WITH_COMMA = re.compile(r"\s*([+-]?[0-9]+),([0-9]+)\s*")
LANGUAGES = frozenset(
    """
af be bg bs ca cs da de el es et eu fi fo fr fy gl hr hu hy id is it ka kk lb lt lv mk nb nl nn no
pl pt ro ru sk sl sq sr sv tr uk uz vi
""".split()  # noqa: SIM905 - forty quoted words would say no more
)
WITH_POINT = frozenset({"de-ch", "de-li", "es-mx", "es-us", "es-gt", "es-pr", "it-ch"})


def read(raw: Raw, base_type: BaseType | None, language: str) -> Raw:
    """A typed number with QTI's decimal point.

    Three digits after a comma are thousands in one language and thousandths in another: there the
    item's own language decides, and without it the text stays as it is.
    """
    if base_type is not BaseType.FLOAT:
        return raw
    if isinstance(raw, list):
        return [_point(text, language) for text in raw]
    return None if raw is None else _point(raw, language)


def _point(text: str, language: str) -> str:
    found = WITH_COMMA.fullmatch(text)
    if found is None or not (len(found[2]) != 3 or uses_comma(language)):
        return text
    return f"{found[1]}.{found[2]}"


def uses_comma(language: str) -> bool:
    tag = language.lower().replace("_", "-")
    return tag not in WITH_POINT and tag.partition("-")[0] in LANGUAGES
