"""How a candidate of a given ability answers an item: right, or wrong as people are."""

import math
from collections.abc import Callable
from typing import Final

from assembly.qti import item_session, values
from assembly.qti.interactions_choice import Choice, InlineChoice, Order
from assembly.qti.interactions_pair import Match
from assembly.qti.interactions_text import ExtendedText, TextEntry
from assembly.qti.item import AssessmentItem
from assembly.qti.item_session import ItemSession
from assembly.qti.values import Raw, RawResponses
from assembly.selection import Stream
from delivery.demo import essays

STEEPNESS: Final = 1.3
MILLE: Final = 1000
NEAR_MISSES: Final = (1, -1, 2, 10)
COMMON: Final = Stream(b"the demo's items")
STRONG, WEAK = 1.0, -1.0


def respond(
    item: AssessmentItem, session: ItemSession, ability: float, stream: Stream
) -> RawResponses:
    """An answer to each interaction of the item."""
    difficulty = _difficulty(item.identifier)
    correct = item_session.correct_responses(item, session)
    answers: dict[str, Raw] = {}
    for interaction in item.interactions:
        name = interaction.response_identifier
        label = f"{item.identifier}|{name}|"
        if isinstance(interaction, ExtendedText):
            level = 0 if ability > STRONG else 1 if ability > WEAK else 2
            answers[name] = essays.text(item.identifier, level)
            continue
        right = values.raw(correct[name])
        known = _chance(ability - difficulty) > stream.below(MILLE, label + "known") / MILLE
        miss = _MISSES.get(type(interaction))
        answers[name] = right if known or miss is None else miss(interaction, right, stream, label)
    return answers


def _difficulty(item: str) -> float:
    """The same for every candidate: between -1 and 1 on the logit scale."""
    return COMMON.below(MILLE, f"difficulty|{item}") / MILLE * 2 - 1


def _chance(distance: float) -> float:
    return 1 / (1 + math.exp(-STEEPNESS * distance))


def _listed(raw: Raw) -> list[str]:
    return [raw] if isinstance(raw, str) else list(raw or ())


def _wrong_choice(
    interaction: Choice | InlineChoice, right: Raw, stream: Stream, label: str
) -> Raw:
    """Another choice; where several are asked for, one of the right ones and a wrong one."""
    keys = _listed(right)
    others = [name for name in interaction.identifiers if name not in keys]
    wrong = others[stream.below(len(others), label + "wrong")]
    return wrong if isinstance(right, str) else [*keys[:1], wrong]


def _wrong_order(interaction: Order, right: Raw, stream: Stream, label: str) -> Raw:
    """Two neighbours changed places."""
    placed = _listed(right) or list(interaction.identifiers)
    at = stream.below(len(placed) - 1, label + "swap")
    placed[at], placed[at + 1] = placed[at + 1], placed[at]
    return placed


def _wrong_match(_: Match, right: Raw, stream: Stream, label: str) -> Raw:
    """Two sources changed their targets."""
    pairs = [pair.split() for pair in _listed(right)]
    at = stream.below(len(pairs) - 1, label + "swap")
    pairs[at][1], pairs[at + 1][1] = pairs[at + 1][1], pairs[at][1]
    return [" ".join(pair) for pair in pairs]


def _wrong_entry(_: TextEntry, right: Raw, stream: Stream, label: str) -> Raw:
    """A number near the right one; of words, the first half."""
    text = str(right or "")
    miss = NEAR_MISSES[stream.below(len(NEAR_MISSES), label + "miss")]
    try:
        number = float(text)
    except ValueError:
        return text[: len(text) // 2]
    return f"{number + miss:g}"


_MISSES: Final[dict[type, Callable[..., Raw]]] = {
    Choice: _wrong_choice,
    InlineChoice: _wrong_choice,
    Order: _wrong_order,
    Match: _wrong_match,
    TextEntry: _wrong_entry,
}
