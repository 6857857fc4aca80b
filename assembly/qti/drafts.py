"""Drafts of the item kinds that authoring forms can make, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

GAP = "[_]"


@dataclass(frozen=True, slots=True)
class Picture:
    """An image under the text; an empty `alt` says that it is decoration."""

    href: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every drafted item has; `text` is the little language of `markup`."""

    identifier: str
    title: str
    language: str = "en"
    text: str = ""
    picture: Picture | None = None
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Choice:
    identifier: str
    text: str
    correct: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceDraft(Common):
    """`partial` gives each right choice its share, takes it for each wrong one, down to 0."""

    question: str
    choices: tuple[Choice, ...]
    multiple: bool = False
    shuffle: bool = True
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An accepted text; `share` is the part of the score that it earns."""

    text: str
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEntryDraft(Common):
    """The gap stands where the question says `[_]`, else after it; a tolerance makes it numeric."""

    question: str
    answers: tuple[Answer, ...]
    case_sensitive: bool = False
    tolerance: float | None = None
    expected_length: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedTextDraft(Common):
    """Scored by a person."""

    question: str
    expected_lines: int = 8


Draft = ChoiceDraft | TextEntryDraft | ExtendedTextDraft


class DraftError(ValueError):
    """A draft that cannot be an item; the message is a full sentence."""
