"""Answers in words, for people who compare them: what was chosen, paired, placed or written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from django.utils.translation import gettext, ngettext

from assembly.qti import body
from assembly.qti.body import Interaction, Problem
from assembly.qti.item import AssessmentItem
from assembly.qti.values import Raw, RawResponses

LONGEST: Final = 4_000
# Places that hold what can be chosen, in any interaction.
CHOICES: Final = ("choices", "sources", "targets", "gaps", "hotspots")


def answer(item: AssessmentItem, raw: RawResponses) -> list[str]:
    """Return each part of an answer in words; an empty list is no answer."""
    known = {part.response_identifier: _labels(part) for part in item.interactions}
    return [
        words
        for name, value in raw.items()
        for words in _words(value, known.get(name, {}))
        if words
    ]


def problem(found: Problem) -> str:
    """Say an unmet constraint in the reader's language; an item's own words stay as they are."""
    if found.plural:
        return found.filled(ngettext(found.sentence, found.plural, found.count))
    return found.filled(gettext(found.sentence))


def _labels(interaction: Interaction) -> dict[str, str]:
    """Return the words of what an interaction offers, by identifier."""
    found = {}
    for choice in _offered(interaction):
        text = body.text_of(getattr(choice, "content", ())) or getattr(choice, "label", "")
        found[str(getattr(choice, "identifier", ""))] = text
    return found


def _offered(interaction: Interaction) -> Iterator[object]:
    for field in fields(interaction):
        if field.name in CHOICES:
            yield from getattr(interaction, field.name)


def _words(value: Raw, labels: dict[str, str]) -> Iterator[str]:
    if value is None:
        return
    for one in [value] if isinstance(value, str) else value:
        yield _one(str(one), labels)[:LONGEST]


def _one(value: str, labels: dict[str, str]) -> str:
    """Name a choice by its words; a pair of choices by both, in their order."""
    if value in labels:
        return labels[value] or value
    first, space, second = value.partition(" ")
    if space and first in labels and second in labels:
        return f"{labels[first] or first} → {labels[second] or second}"
    return value
