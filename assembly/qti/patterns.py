"""XML Schema's regular expressions, matched in time linear in the text (never by backtracking)."""

import re
import sys
import unicodedata
from functools import lru_cache

from assembly.qti.automaton import NOTHING, Automaton, Builder, Piece

TEXT_LIMIT = 20_000
PATTERN_LIMIT = 20_000

_QUANTIFIERS: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_BOUNDS = re.compile(r"\{(\d{1,5})(,(\d{0,5}))?\}", re.ASCII)
_SINGLE = "dDsSwWnrtfv"

_OUTSIDE = {"i": r"[^\W\d]|:", "c": r"[\w.:·-]", "I": r"[\W\d]", "C": r"[^\w.:·-]"}
_INSIDE = {"i": "a-zA-Z_:À-ÖØ-öø-˿Ͱ-ͽͿ-῿", "c": r"\w.:·\-"}


def matches(pattern: str, text: str) -> bool:
    """The whole text must match; raises ValueError for a pattern that cannot be read.

    Authors also write ^ and $, which XML Schema would take literally; around a whole pattern or
    one of its branches they are the anchors that are meant. Looking around and back is not XML
    Schema's and is not read. A text beyond 20,000 characters matches nothing.
    """
    return len(text) <= TEXT_LIMIT and _compiled(pattern).matches(text)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Automaton:
    if len(pattern) > PATTERN_LIMIT:
        raise ValueError("the pattern is too long")
    try:
        reading = _Reading(pattern)
        return Automaton(reading.builder, reading.all())
    except (re.error, IndexError, KeyError, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error


class _Reading:
    """One pass over a pattern; character classes may nest by subtraction."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.builder = Builder()

    def all(self) -> Piece:
        found = self._either()
        if self.at < len(self.pattern):
            raise ValueError("a parenthesis is closed that was not opened")
        return found

    def _either(self) -> Piece:
        found = self._sequence()
        while self._peek() == "|":
            self.at += 1
            found = self.builder.either(found, self._sequence())
        return found

    def _sequence(self) -> Piece:
        start, pieces = self.at, NOTHING
        while self._peek() not in ("", "|", ")"):
            at_start = self.at == start
            if (self._peek() == "^" and at_start) or (self._peek() == "$" and self._at_end()):
                self.at += 1
                continue
            pieces = self.builder.sequence(pieces, self._repeated())
        return pieces

    def _at_end(self) -> bool:
        return self.pattern[self.at + 1 : self.at + 2] in ("", "|", ")")

    def _repeated(self) -> Piece:
        start = self.at
        piece = self._atom()
        bounds = self._quantifier()
        if bounds is None:
            return piece
        after = self.at
        repeated = self._copies(piece, start, *bounds)
        self.at = after
        return repeated

    def _copies(self, piece: Piece, start: int, least: int, most: int | None) -> Piece:
        """x{2,4} as x(x(x(x)?)?): each copy is read anew, and none of them counts as empty."""
        build = self.builder
        if piece.empty:
            least = 0
        count = max(least, 1) if most is None else most
        if count < least:
            raise ValueError("a quantifier ends below where it begins")
        if not count or not piece.first:
            return NOTHING
        copies = [piece, *(self._again(start) for _ in range(count - 1))]
        solid = [Piece(one.first, one.last, empty=False) for one in copies]
        tail = NOTHING
        for number in range(count, 0, -1):
            here = solid[number - 1]
            if most is None and number == count:
                build.loop(here)
            tail = build.sequence(here, tail)
            if number > least:
                tail = Piece(tail.first, tail.last, empty=True)
        return tail

    def _again(self, start: int) -> Piece:
        self.at = start
        return self._atom()

    def _quantifier(self) -> tuple[int, int | None] | None:
        symbol = self._peek()
        if symbol in _QUANTIFIERS and symbol:
            self.at += 1
            bounds: tuple[int, int | None] = _QUANTIFIERS[symbol]
        elif symbol == "{" and (found := _BOUNDS.match(self.pattern, self.at)):
            self.at = found.end()
            least = int(found[1])
            bounds = least, (least if found[2] is None else int(found[3]) if found[3] else None)
        else:
            return None
        if self._peek() == "?":
            # A reluctant quantifier matches the same whole texts.
            self.at += 1
        return bounds

    def _atom(self) -> Piece:
        symbol = self._take()
        if symbol == "(":
            return self._group()
        if symbol in "*+?":
            raise ValueError("a quantifier stands alone")
        return self.builder.symbol(self._single(symbol))

    def _group(self) -> Piece:
        if self._peek() == "?":
            self.at += 1
            if self._take() != ":":
                raise ValueError("looking around is not supported")
        found = self._either()
        if self._take() != ")":
            raise ValueError("a parenthesis is not closed")
        return found

    def _single(self, symbol: str) -> str:
        """One character of the pattern as an expression of Python's that matches one character."""
        if symbol == "\\":
            return self._escape(self._take())
        if symbol == "[":
            return self._class()
        return r"[^\n\r]" if symbol == "." else re.escape(symbol)

    def _take(self) -> str:
        symbol = self.pattern[self.at]
        self.at += 1
        return symbol

    def _escape(self, symbol: str) -> str:
        if symbol in "pP":
            return f"[{self._category(symbol)}]"
        if symbol in _OUTSIDE:
            return f"(?:{_OUTSIDE[symbol]})"
        if symbol.isalnum() and symbol not in _SINGLE:
            raise ValueError(f"\\{symbol} is not supported")
        return "\\" + symbol

    def _category(self, symbol: str) -> str:
        if self._take() != "{":
            raise ValueError("a category stands in braces")
        end = self.pattern.index("}", self.at)
        name, self.at = self.pattern[self.at : end], end + 1
        return _ranges(name, symbol == "P")

    def _class(self) -> str:
        """[a-z-[aeiou]] becomes a look at what is taken away, then the class."""
        kept: list[str] = []
        if self._peek() == "^":
            kept.append(self._take())
        while (symbol := self._take()) != "]":
            if symbol == "-" and self._peek() == "[":
                self.at += 1
                taken_away = self._class()
                if self._take() != "]":
                    raise ValueError("nothing follows a subtraction")
                return f"(?:(?!{taken_away})[{''.join(kept)}])"
            kept.append(self._member(symbol))
        return f"[{''.join(kept)}]"

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _member(self, symbol: str) -> str:
        if symbol != "\\":
            return "\\" + symbol if symbol in "[&~|" else symbol
        symbol = self._take()
        if symbol in "IC":
            raise ValueError(f"\\{symbol} inside a class is not supported")
        if symbol in "pP":
            return self._category(symbol)
        return _INSIDE.get(symbol, "\\" + symbol)


@lru_cache(maxsize=64)
def _ranges(name: str, others: bool) -> str:
    """The characters of a Unicode category ("L", "Lu") or block, or all others, in a class."""
    block = _BLOCKS.get(name.removeprefix("Is")) if name.startswith("Is") else None
    spans = sorted([block] if block else _of_category(name))
    if not spans:
        raise ValueError(f"the category {name} is not supported")
    if others:
        ends = [-1, *(end for _, end in spans)]
        starts = [*(start for start, _ in spans), sys.maxunicode + 1]
        gaps = zip(ends, starts, strict=True)
        spans = [(end + 1, start - 1) for end, start in gaps if end + 1 < start]
    return "".join(f"\\U{start:08x}-\\U{end:08x}" for start, end in spans)


def _of_category(name: str) -> list[tuple[int, int]]:
    known = _categories().items()
    return [span for category, found in known if category.startswith(name) for span in found]


# Of XML Schema's blocks those that texts of our day are written in.
_BLOCKS = {
    "BasicLatin": (0x0, 0x7F),
    "Latin-1Supplement": (0x80, 0xFF),
    "LatinExtended-A": (0x100, 0x17F),
    "LatinExtended-B": (0x180, 0x24F),
    "LatinExtendedAdditional": (0x1E00, 0x1EFF),
    "Greek": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x4FF),
    "Armenian": (0x530, 0x58F),
    "Hebrew": (0x590, 0x5FF),
    "Arabic": (0x600, 0x6FF),
    "Devanagari": (0x900, 0x97F),
    "Bengali": (0x980, 0x9FF),
    "Tamil": (0xB80, 0xBFF),
    "Thai": (0xE00, 0xE7F),
    "Georgian": (0x10A0, 0x10FF),
    "Hiragana": (0x3040, 0x309F),
    "Katakana": (0x30A0, 0x30FF),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF),
    "HangulSyllables": (0xAC00, 0xD7A3),
}


@lru_cache(maxsize=1)
def _categories() -> dict[str, list[tuple[int, int]]]:
    spans: dict[str, list[tuple[int, int]]] = {}
    start, current = 0, unicodedata.category("\x00")
    for code in range(1, sys.maxunicode + 2):
        category = unicodedata.category(chr(code)) if code <= sys.maxunicode else ""
        if category != current:
            spans.setdefault(current, []).append((start, code - 1))
            start, current = code, category
    return spans
