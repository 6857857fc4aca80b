"""Changes to a document that leave most of it well-formed: values, elements, bytes."""

from __future__ import annotations

import random
import re

TOKENS = [
    *("", "-1", "0", "NaN", "INF", "-INF", "1e999", "9" * 400, "1,5", "0.1.2", "true", "{X}", " "),
    *("single", "multiple", "ordered", "record", "point", "directedPair", "file", "duration"),
    *("RESPONSE", "SCORE", "completionStatus", "duration", "EXIT_TEST", "../../x", "http://e/x"),
    *("circle", "1,2,3", "1,1,1,1,1", "P1Y", "PT1S", "%2e%2e", "\u202e", "\U0001f600", "x" * 3000),
]
ATTRIBUTE = re.compile(rb'="[^"]*"')
NAME = re.compile(rb"(?<=[\s<])(?:qti-)?[a-z][a-zA-Z-]*(?=[\s=>/])")
ELEMENT = re.compile(rb"<([\w-]+)[^<>]*>[^<]*</\1>|<[\w-]+[^<>]*/>")
TEXT = re.compile(rb"(?<=>)[^<]+(?=<)")


def broken(source: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 6)):
        pattern = chance.choice([ATTRIBUTE, ELEMENT, NAME, TEXT, None])
        places = [found.span() for found in pattern.finditer(source)] if pattern else []
        if not places:
            source = _bytes_changed(source, chance)
            continue
        start, end = chance.choice(places)
        source = source[:start] + _new(source, places, pattern, chance) + source[end:]
    return source


def _new(
    source: bytes,
    places: list[tuple[int, int]],
    pattern: re.Pattern[bytes] | None,
    chance: random.Random,
) -> bytes:
    start, end = chance.choice(places)
    other = source[start:end]
    if pattern is ATTRIBUTE and chance.random() < 0.6:
        return f'="{chance.choice(TOKENS)}"'.encode()
    if pattern is TEXT and chance.random() < 0.6:
        return chance.choice(TOKENS).encode()
    if pattern is ELEMENT and chance.random() < 0.3:
        return other * chance.choice([0, 2, 40])
    return other


def _bytes_changed(source: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(source) + 1)
    width = chance.choice([0, 1, 8])
    return source[:at] + chance.randbytes(chance.choice([0, 1, 4])) + source[at + width :]
