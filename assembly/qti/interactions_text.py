"""Interactions answered by writing: text entry and extended text, and the slider's number."""

import math
from dataclasses import dataclass
from typing import ClassVar

from assembly.qti import bases, patterns
from assembly.qti import interactions_base as base
from assembly.qti.body import Interaction, Problem
from assembly.qti.values import BaseType, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing(Interaction):
    """``pattern_mask`` is an XML Schema regular expression over the whole answer, as typed.

    A whole number is typed in ``number_base``; ``string_identifier`` names the response that keeps
    what was typed.
    """

    expected_length: int | None = None
    pattern_mask: str | None = None
    pattern_message: str | None = None
    placeholder: str = ""
    number_base: int = 10
    string_identifier: str | None = None

    def typed(self, value: Value | None) -> tuple[str, ...]:
        texts = base.lexical(value)
        if value is None or value.base_type is not BaseType.INTEGER:
            return texts
        return tuple(bases.shown(text, self.number_base) for text in texts)

    def _pattern_problems(self, texts: tuple[str, ...]) -> list[Problem]:
        if self.pattern_mask is None or all(fits(self.pattern_mask, text) for text in texts):
            return []
        message = self.pattern_message or base._("The answer does not have the form asked for.")
        return [Problem("pattern", message)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEntry(_Writing):
    name: ClassVar[str] = "text_entry_interaction"
    format: str = "plain"
    label: str = ""

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        return tuple(self._pattern_problems(self.typed(value)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedText(_Writing):
    """``max_strings`` above 1 asks for several separate texts."""

    name: ClassVar[str] = "extended_text_interaction"
    expected_lines: int | None = None
    min_strings: int = 0
    max_strings: int = 1
    format: str = "plain"

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        texts = self.typed(value)
        limits = (self.min_strings, max(self.max_strings, 1))
        counted = base.count_problems(len(texts), *limits, "text", self.attributes)
        return (*counted, *self._pattern_problems(texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider(Interaction):
    name: ClassVar[str] = "slider_interaction"
    lower: float
    upper: float
    step: float = 1.0
    step_label: bool = False
    orientation: str = "horizontal"
    reverse: bool = False

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        for number in (float(text) for text in base.lexical(value)):
            if not self.lower <= number <= self.upper:
                message = base._("Give a value from %(lower)s to %(upper)s.")
                facts = (("lower", f"{self.lower:g}"), ("upper", f"{self.upper:g}"))
                return (Problem("out_of_bounds", message, facts=facts),)
            if not self._on_a_step(number):
                message = base._("Values go in steps of %(step)s from %(lower)s.")
                facts = (("step", f"{self.step:g}"), ("lower", f"{self.lower:g}"))
                return (Problem("off_step", message, facts=facts),)
        return ()

    def _on_a_step(self, number: float) -> bool:
        steps = (number - self.lower) / self.step if self.step > 0 else 0.0
        return number == self.upper or math.isclose(steps, round(steps), abs_tol=1e-6)


def fits(mask: str, text: str) -> bool:
    """Whether a text matches an XML Schema pattern; a pattern we cannot read refuses nothing."""
    try:
        return patterns.matches(mask, text)
    except ValueError:
        return True
