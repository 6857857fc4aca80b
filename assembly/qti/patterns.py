"""XML Schema's regular expressions, by way of Python's."""

import re
import sys
import unicodedata
from functools import lru_cache

TEXT_LIMIT = 20_000

_OUTSIDE = {"i": r"[^\W\d]|:", "c": r"[\w.:·-]", "I": r"[\W\d]", "C": r"[^\w.:·-]"}
_INSIDE = {"i": "a-zA-Z_:À-ÖØ-öø-˿Ͱ-ͽͿ-῿", "c": r"\w.:·\-"}


def matches(pattern: str, text: str) -> bool:
    """The whole text must match; raises ValueError for a pattern that cannot be read.

    Authors also write ^ and $, which XML Schema would take literally; here they are the anchors
    that are meant. A text beyond 20,000 characters matches nothing.
    """
    return len(text) <= TEXT_LIMIT and _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(_Translation(pattern).all())
    except (re.error, IndexError, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from error


class _Translation:
    """One pass over a pattern; character classes may nest by subtraction."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def all(self) -> str:
        pieces: list[str] = []
        while self.at < len(self.pattern):
            pieces.append(self._piece())
        return "".join(pieces)

    def _piece(self) -> str:
        symbol = self._take()
        if symbol == "\\":
            return self._escape(self._take())
        return self._class() if symbol == "[" else symbol

    def _take(self) -> str:
        symbol = self.pattern[self.at]
        self.at += 1
        return symbol

    def _escape(self, symbol: str) -> str:
        if symbol in "pP":
            return f"[{'^' if symbol == 'P' else ''}{self._category()}]"
        return f"(?:{_OUTSIDE[symbol]})" if symbol in _OUTSIDE else "\\" + symbol

    def _category(self) -> str:
        if self._take() != "{":
            raise ValueError("a category stands in braces")
        end = self.pattern.index("}", self.at)
        name, self.at = self.pattern[self.at : end], end + 1
        return _ranges(name)

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
        if symbol in "PIC":
            raise ValueError(f"\\{symbol} inside a class is not supported")
        if symbol == "p":
            return self._category()
        return _INSIDE.get(symbol, "\\" + symbol)


@lru_cache(maxsize=64)
def _ranges(name: str) -> str:
    """The characters of a Unicode category ("L", "Lu"), as the inside of a class."""
    spans = [
        span
        for category, found in _categories().items()
        if category.startswith(name)
        for span in found
    ]
    if not spans or name.startswith("Is"):
        raise ValueError(f"the category {name} is not supported")
    return "".join(f"\\U{start:08x}-\\U{end:08x}" for start, end in sorted(spans))


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
