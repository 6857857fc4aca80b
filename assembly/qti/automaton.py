"""Regular expressions as position automata: matching takes time linear in the text, whatever it is.

Glushkov's construction: each symbol of the expression is a position, and sets of positions are the
bits of one number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_POSITIONS = 10_000
MOST_REMEMBERED = 2_000
# About a second: so many positions are followed before a text is given up.
MOST_WORK = 1_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an expression: where it may begin and end, and whether it may be empty."""

    first: int = 0
    last: int = 0
    empty: bool = True


NOTHING = Piece()


@dataclass(slots=True)
class Builder:
    """Collects positions while an expression is read; raises ValueError for one that is too large.

    A copy of a piece is made by reading it again: positions are never shared.
    """

    symbols: list[str] = field(default_factory=list)
    follow: list[int] = field(default_factory=list)

    def symbol(self, pattern: str) -> Piece:
        """One character, as a regular expression that matches single characters."""
        if len(self.symbols) >= MOST_POSITIONS:
            raise ValueError("the pattern is too large")
        self.symbols.append(pattern)
        self.follow.append(0)
        bit = 1 << (len(self.symbols) - 1)
        return Piece(bit, bit, empty=False)

    def sequence(self, left: Piece, right: Piece) -> Piece:
        for place in places(left.last):
            self.follow[place] |= right.first
        return Piece(
            left.first | (right.first if left.empty else 0),
            right.last | (left.last if right.empty else 0),
            empty=left.empty and right.empty,
        )

    def either(self, left: Piece, right: Piece) -> Piece:
        return Piece(left.first | right.first, left.last | right.last, left.empty or right.empty)

    def loop(self, piece: Piece) -> Piece:
        for place in places(piece.last):
            self.follow[place] |= piece.first
        return Piece(piece.first, piece.last, empty=True)


def places(bits: int) -> Sequence[int]:
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found


class Automaton:
    """Reads a text once; what was met before is looked up, up to a bound."""

    def __init__(self, builder: Builder, whole: Piece) -> None:
        self._follow = builder.follow
        self._whole = whole
        self._masks: dict[str, int] = {}
        self._steps: dict[tuple[int, str], int] = {}
        self._work = 0
        self._kinds = [
            (re.compile(symbol, re.DOTALL), mask) for symbol, mask in _by_symbol(builder).items()
        ]

    def matches(self, text: str) -> bool:
        """Raises ValueError where a large pattern would take too long with this text."""
        self._work = 0
        if not text:
            return self._whole.empty
        state = self._whole.first & self._mask(text[0])
        for character in text[1:]:
            if not state:
                return False
            state = self._step(state, character)
        return bool(state & self._whole.last)

    def _step(self, state: int, character: str) -> int:
        known = self._steps.get((state, character))
        if known is not None:
            return known
        reached = 0
        self._work += state.bit_count()
        if self._work > MOST_WORK:
            raise ValueError("the pattern takes too long")
        for place in places(state):
            reached |= self._follow[place]
        after = reached & self._mask(character)
        if len(self._steps) < MOST_REMEMBERED:
            self._steps[state, character] = after
        return after

    def _mask(self, character: str) -> int:
        known = self._masks.get(character)
        if known is None:
            known = 0
            for kind, mask in self._kinds:
                if kind.fullmatch(character):
                    known |= mask
            if len(self._masks) < MOST_REMEMBERED:
                self._masks[character] = known
        return known


def _by_symbol(builder: Builder) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, symbol in enumerate(builder.symbols):
        found[symbol] = found.get(symbol, 0) | 1 << place
    return found
