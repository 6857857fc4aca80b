"""Interactions answered by picking or ordering choices: choice, inline choice, hottext, order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from assembly.qti import interactions_base as base
from assembly.qti.body import Interaction, Nodes, Problem, ShuffleGroup
from assembly.qti.interactions_base import SimpleChoice
from assembly.qti.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices(Interaction):
    """Interactions over one list of simple choices that may be shuffled."""

    choices: tuple[SimpleChoice, ...]
    shuffle: bool = False

    @property
    def identifiers(self) -> tuple[str, ...]:
        return tuple(choice.identifier for choice in self.choices)

    def shuffle_groups(self) -> tuple[ShuffleGroup, ...]:
        if not self.shuffle:
            return ()
        fixed = frozenset(choice.identifier for choice in self.choices if choice.fixed)
        return (ShuffleGroup(self.response_identifier, self.identifiers, fixed),)

    def contents(self) -> tuple[Nodes, ...]:
        return (self.prompt, *(choice.content for choice in self.choices))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(_Choices):
    """``max_choices`` 0 means any number; 1 is shown as radio buttons."""

    name: ClassVar[str] = "choice_interaction"
    min_choices: int = 0
    max_choices: int = 1
    orientation: str = "vertical"

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        picked = base.lexical(value)
        return (
            *base.unknown(picked, self.identifiers),
            *base.repeated(picked),
            *base.count_problems(
                len(picked), self.min_choices, self.max_choices, "choice", self.attributes
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineChoice(_Choices):
    name: ClassVar[str] = "inline_choice_interaction"
    required: bool = False
    label: str = ""

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        picked = base.lexical(value)
        low = 1 if self.required else 0
        return (
            *base.unknown(picked, self.identifiers),
            *base.count_problems(len(picked), low, 1, "choice", self.attributes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hottext(Interaction):
    """Words of a passage to pick; the passage holds them as ``qti-hottext`` elements."""

    name: ClassVar[str] = "hottext_interaction"
    passage: Nodes
    choices: tuple[SimpleChoice, ...]
    min_choices: int = 0
    max_choices: int = 1

    def contents(self) -> tuple[Nodes, ...]:
        return (self.prompt, self.passage)

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        picked = base.lexical(value)
        return (
            *base.unknown(picked, (choice.identifier for choice in self.choices)),
            *base.repeated(picked),
            *base.count_problems(
                len(picked), self.min_choices, self.max_choices, "choice", self.attributes
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(_Choices):
    """Without bounds every choice is ordered; with them, some of the choices."""

    name: ClassVar[str] = "order_interaction"
    min_choices: int = 0
    max_choices: int = 0
    orientation: str = "vertical"

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        limits = (self.min_choices, self.max_choices)
        return order_problems(value, self.choices, limits, self.attributes)


def order_problems(
    value: Value | None,
    choices: tuple[SimpleChoice, ...],
    limits: tuple[int, int],
    attributes: Mapping[str, str],
) -> tuple[Problem, ...]:
    placed = base.lexical(value)
    always = [choice for choice in choices if choice.template_identifier is None]
    found = [
        *base.unknown(placed, (choice.identifier for choice in choices)),
        *base.repeated(placed),
    ]
    if placed and limits == (0, 0) and len(placed) < len(always):
        found.append(Problem("too_few", base._("Give every choice a place.")))
    return (*found, *base.count_problems(len(placed), *limits, "choice", attributes))
