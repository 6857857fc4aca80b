"""Interactions answered by a file, by playing or by a button."""

from dataclasses import dataclass
from typing import ClassVar

from assembly.qti import interactions_base as base
from assembly.qti.body import Element, Interaction, Nodes, Problem
from assembly.qti.interactions_graphic import Image
from assembly.qti.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing(Interaction):
    name: ClassVar[str] = "drawing_interaction"
    image: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload(Interaction):
    """``media_types`` are those asked for; the browser is told, an empty list accepts any."""

    name: ClassVar[str] = "upload_interaction"
    media_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Media(Interaction):
    """The response counts how often the medium was played; ``max_plays`` 0 means no limit."""

    name: ClassVar[str] = "media_interaction"
    medium: Element
    autostart: bool = False
    loop: bool = False
    min_plays: int = 0
    max_plays: int = 0

    def contents(self) -> tuple[Nodes, ...]:
        return (self.prompt, (self.medium,))

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        plays = sum(int(text) for text in base.lexical(value))
        if plays < self.min_plays:
            message = f"Play it at least {base.things(self.min_plays, 'time')}."
            return (Problem("too_few", message),)
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAttempt(Interaction):
    """A button that ends the attempt; its boolean response tells that it was pressed."""

    name: ClassVar[str] = "end_attempt_interaction"
    title: str
    count_attempt: bool = True
