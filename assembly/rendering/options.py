"""What the pages of several interactions share: choices with their state, shapes, pair rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from assembly.qti import body
from assembly.qti.body import Element, Interaction
from assembly.qti.interactions import AssociableChoice, SimpleChoice
from assembly.qti.values import BaseType, Cardinality
from assembly.rendering import controls, guides, markers
from assembly.rendering.nodes import Writer

Facts = dict[str, Any]
_OURS = frozenset({"class", "id", "aria-describedby", "aria-labelledby"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice on the page; ``again`` is its content for a second showing, without ids."""

    identifier: str
    id: str
    name: str
    content: SafeString
    again: SafeString
    text: str
    marker: str = ""
    chosen: bool = False
    position: int = 0
    match_max: int = 1
    classes: str = ""
    attributes: SafeString


def attributes(writer: Writer, given: Mapping[str, str]) -> SafeString:
    written = writer.attributes(Element("div", given), _OURS)
    return mark_safe(written)  # noqa: S308 - the writer escapes each value


def own_limit(interaction: Interaction) -> str | None:
    return interaction.attributes.get("data-max-selections-message")


def held(writer: Writer, interaction: Interaction) -> list[str]:
    """The response so far, as a list of lexical values."""
    raw = writer.context.responses.get(interaction.response_identifier)
    if raw is None:
        return []
    return [raw] if isinstance(raw, str) else list(raw)


def held_pairs(writer: Writer, interaction: Interaction) -> list[tuple[str, str]]:
    """The pairs or points so far; what was typed and is neither shows nothing."""
    split = [text.split() for text in held(writer, interaction)]
    return [(parts[0], parts[1]) for parts in split if len(parts) == 2]


def options(
    writer: Writer,
    interaction: Interaction,
    choices: Iterable[SimpleChoice],
    *,
    label: str = "",
    chosen: Iterable[str] = (),
) -> list[Option]:
    """The choices that templates leave, in the session's order, each with its state."""
    listed = {choice.identifier: choice for choice in choices}
    drawn = writer.context.choice_orders.get(label or interaction.response_identifier, ())
    names = [*(name for name in drawn if name in listed), *(n for n in listed if n not in drawn)]
    kept = [listed[name] for name in names if is_there(writer, listed[name])]
    style = markers.style_of(interaction.classes)
    picked = list(chosen)
    return [
        _option(writer, interaction, choice, markers.marker(at, style), picked)
        for at, choice in enumerate(kept)
    ]


def is_there(writer: Writer, choice: SimpleChoice) -> bool:
    return writer.context.shows(choice.template_identifier, choice.show_hide, choice.identifier)


def _option(
    writer: Writer, interaction: Interaction, choice: SimpleChoice, marker: str, picked: list[str]
) -> Option:
    name = choice.identifier
    response = interaction.response_identifier
    return Option(
        identifier=name,
        id=f"r-{response}-{name}",
        name=controls.name(response, name),
        content=writer.html(choice.content),
        again=writer.as_copy().html(choice.content),
        text=body.text_of(choice.content) or choice.attributes.get("aria-label", "") or name,
        marker=marker,
        chosen=name in picked,
        position=picked.index(name) + 1 if name in picked else 0,
        match_max=choice.match_max if isinstance(choice, AssociableChoice) else 1,
        classes=choice.attributes.get("class", ""),
        attributes=attributes(writer, choice.attributes),
    )


def digits(value: float) -> str:
    """A number as people write it: never as 1e+06."""
    return f"{Decimal(repr(float(value))).normalize():f}"


def is_single(writer: Writer, interaction: Interaction) -> bool:
    shape = writer.context.shapes.get(interaction.response_identifier)
    return shape is not None and shape[1] is Cardinality.SINGLE


def base_type(writer: Writer, interaction: Interaction) -> BaseType | None:
    shape = writer.context.shapes.get(interaction.response_identifier)
    return shape[0] if shape else None


def pair_rows(writer: Writer, interaction: Any, listed: list[Any]) -> Facts:
    response = interaction.response_identifier
    pairs = held_pairs(writer, interaction)
    rows = zip_longest(range(1, controls.pair_rows(interaction) + 1), pairs)
    return {
        "rows": [
            {
                "number": number,
                "sides": [
                    {
                        "name": controls.name(response, f"{number}{side}"),
                        "id": f"r-{response}-{number}{side}",
                        "value": pair[at] if pair else "",
                    }
                    for at, side in enumerate("ab")
                ],
            }
            for number, pair in rows
            if number
        ],
        "guide": guides.pairs(interaction.min_associations, interaction.max_associations),
    }
