"""Interactions answered by a file, by playing or by a button."""

import re
from dataclasses import dataclass
from typing import ClassVar

from assembly.qti import interactions_base as base
from assembly.qti.body import Element, Interaction, Nodes, Problem
from assembly.qti.interactions_graphic import Image
from assembly.qti.values import Value

REFERENCE = "urn:invigil:file:"
# A small file travels as text; a larger one is handed in beforehand and named by its hash.
_FILE = re.compile(
    r"data:[^,]{0,400};base64,[A-Za-z0-9+/=]*"
    rf"|{REFERENCE}(?P<sha256>[0-9a-f]{{64}});type=[^;]{{0,100}};size=\d{{1,12}};name=.{{0,200}}"
)


def is_file(text: str) -> bool:
    return _FILE.fullmatch(text) is not None


def referred(text: str) -> str:
    """The hash of the file that an answer names; "" where it names none."""
    found = _FILE.fullmatch(text) if text.startswith(REFERENCE) else None
    return found["sha256"] if found else ""


def reference(sha256: str, media_type: str, size: int, name: str) -> str:
    kind, plain = media_type.replace(";", " ")[:100], " ".join(name.split())[:200]
    return f"{REFERENCE}{sha256};type={kind};size={size};name={plain}"


PLAYS = base.ngettext("Play it at least %(count)d time.", "Play it at least %(count)d times.")


def _file_problems(value: Value | None) -> tuple[Problem, ...]:
    if all(map(is_file, base.lexical(value))):
        return ()
    return (Problem("wrong_type", base._("The answer is not a file.")),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing(Interaction):
    name: ClassVar[str] = "drawing_interaction"
    image: Image

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        return _file_problems(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload(Interaction):
    """``media_types`` are those asked for; the browser is told, an empty list accepts any."""

    name: ClassVar[str] = "upload_interaction"
    media_types: tuple[str, ...] = ()

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        return _file_problems(value)


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
            return (base.counted("too_few", PLAYS, self.min_plays),)
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAttempt(Interaction):
    """A button that ends the attempt; its boolean response tells that it was pressed."""

    name: ClassVar[str] = "end_attempt_interaction"
    title: str
    count_attempt: bool = True
