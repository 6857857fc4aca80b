"""What each interaction's template is given: choices in the session's order, state and guides."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from django.template.loader import get_template
from django.utils.translation import gettext

from assembly import wording
from assembly.qti import bases, interactions, interactions_pair
from assembly.qti.body import Element, Interaction
from assembly.qti.values import BaseType
from assembly.rendering import aids, controls, graphics, guides, portable
from assembly.rendering import options as shared
from assembly.rendering.nodes import ID_PREFIX, Writer
from assembly.rendering.options import Facts, Option


def render(writer: Writer, interaction: Interaction) -> str:
    facts = _common(writer, interaction) | _FACTS[interaction.name](writer, interaction)
    facts["described"] = _described(interaction, facts)
    return str(get_template(f"qti/{interaction.name}.html").render(facts))


def _common(writer: Writer, interaction: Interaction) -> Facts:
    response = interaction.response_identifier
    context = writer.context
    return {
        "id": f"r-{response}",
        "response": response,
        "name": controls.name(response),
        "prompt": writer.html(interaction.prompt),
        "fallback_name": guides.fallback_name(interaction),
        "guide": "",
        "classes": " ".join(interaction.classes),
        "attributes": shared.attributes(writer, interaction.attributes),
        "problems": [
            wording.problem(p) for p in context.problems if p.response_identifier == response
        ],
        "disabled": context.disabled,
    }


def _described(interaction: Interaction, facts: Facts) -> str:
    own = interaction.attributes.get("aria-describedby", "").split()
    parts = [ID_PREFIX + part for part in own]
    parts += [f"{facts['id']}-guide"] if facts["guide"] else []
    parts += [f"{facts['id']}-problems"] if facts["problems"] else []
    return " ".join(parts)


def _choice(writer: Writer, interaction: interactions.Choice) -> Facts:
    low, high = interaction.min_choices, interaction.max_choices
    single = high == 1 or shared.is_single(writer, interaction)
    chosen = shared.held(writer, interaction)
    return {
        "choices": shared.options(writer, interaction, interaction.choices, chosen=chosen),
        "kind": "radio" if single else "checkbox",
        "min": low,
        "max": 1 if single else high,
        "limit": "" if single else guides.limit(high, shared.own_limit(interaction)),
        "guide": "" if single and interaction.prompt else guides.choose(low, 1 if single else high),
        "classes": _with_orientation(interaction),
    }


def _with_orientation(interaction: interactions.Choice | interactions.Order) -> str:
    own = f"qti-orientation-{interaction.orientation}"
    return " ".join(dict.fromkeys((*interaction.classes, own)))


def _inline_choice(writer: Writer, interaction: interactions.InlineChoice) -> Facts:
    chosen = shared.held(writer, interaction)
    return {
        "choices": shared.options(writer, interaction, interaction.choices, chosen=chosen),
        "label": interaction.label or _numbered(writer, interaction),
        "placeholder": interaction.attributes.get("data-prompt") or gettext("Choose…"),
    }


def _numbered(writer: Writer, interaction: Interaction) -> str:
    number = writer.context.numbers.get(interaction.response_identifier, 1)
    return gettext("Answer %(number)d") % {"number": number}


def _text_entry(writer: Writer, interaction: interactions.TextEntry) -> Facts:
    base_type = shared.base_type(writer, interaction)
    return {
        "value": _typed(_written(writer, interaction)),
        "label": interaction.label or _numbered(writer, interaction),
        "size": min(max(interaction.expected_length or 0, 0), 60) or 12,
        "sized": interaction.expected_length is not None
        or any(name.startswith("qti-input-width-") for name in interaction.classes),
        "mode": _mode(base_type, interaction.number_base),
        "hint": guides.number(base_type, interaction.number_base),
        "pattern": interaction.pattern_mask,
        "pattern_message": interaction.pattern_message,
        "placeholder": interaction.placeholder,
    }


def _mode(base_type: BaseType | None, base: int) -> str | None:
    """A keyboard of digits only where digits are enough."""
    if base_type is BaseType.INTEGER:
        return "numeric" if base <= bases.DECIMAL else None
    return "decimal" if base_type is BaseType.FLOAT else None


def _written(
    writer: Writer, interaction: interactions.TextEntry | interactions.ExtendedText
) -> list[str]:
    """The texts so far as they were typed: whole numbers in their base."""
    texts = shared.held(writer, interaction)
    if shared.base_type(writer, interaction) is not BaseType.INTEGER:
        return texts
    return [bases.shown(text, interaction.number_base) for text in texts]


def _typed(texts: list[str]) -> str:
    """A record written out field by field shows what was typed."""
    field = "stringValue string "
    for text in texts:
        if len(texts) > 1 and text.startswith(field):
            return text.removeprefix(field)
    return texts[0] if texts else ""


def _extended_text(writer: Writer, interaction: interactions.ExtendedText) -> Facts:
    texts = _written(writer, interaction)
    count = min(max(interaction.max_strings, 1), controls.TEXT_ROWS_LIMIT)
    if shared.is_single(writer, interaction):
        count = 1
    lines = interaction.expected_lines or _lines_for(interaction.expected_length)
    return {
        "texts": [texts[at] if at < len(texts) else "" for at in range(max(count, len(texts)))],
        "rows": min(max(lines, 2), 40),
        "guide": guides.extended_text(interaction),
        "expected": interaction.expected_length,
        "pattern": interaction.pattern_mask,
        "pattern_message": interaction.pattern_message,
        "placeholder": interaction.placeholder,
        "spelling": aids.SPELLING in writer.context.shelf.supports,
    }


def _lines_for(length: int | None) -> int:
    return 6 if length is None else length // 70 + 2


def _order(writer: Writer, interaction: interactions.Order) -> Facts:
    placed = shared.held(writer, interaction)
    listed = shared.options(writer, interaction, interaction.choices, chosen=placed)
    low, high = interaction.min_choices, interaction.max_choices
    apart = not _APART.isdisjoint(interaction.classes)
    return {
        "choices": _by_position(listed),
        "positions": range(1, min(high or len(listed), len(listed)) + 1),
        "all": not low and not high and not apart,
        "apart": apart,
        "guide": guides.order(low, high),
        "classes": _with_orientation(interaction),
    }


_APART = frozenset(f"qti-choices-{side}" for side in ("top", "bottom", "left", "right"))


def _by_position(listed: list[Option]) -> list[Option]:
    return sorted(listed, key=lambda option: option.position or len(listed) + 1)


def _hottext(writer: Writer, interaction: interactions.Hottext) -> Facts:
    chosen = shared.held(writer, interaction)
    kind = (
        "radio"
        if interaction.max_choices == 1 or shared.is_single(writer, interaction)
        else "checkbox"
    )
    facts = {"name": controls.name(interaction.response_identifier), "kind": kind}
    template = get_template("qti/_hottext.html")

    def write(element: Element) -> str:
        given = element.attributes
        name = given.get("identifier", "")
        inner = writer.html(element.children)
        template_name, show_hide = given.get("template-identifier"), given.get("show-hide", "show")
        if not writer.context.shows(template_name, show_hide, name):
            return str(inner)
        classes = given.get("class", "")
        own = {"identifier": name, "chosen": name in chosen, "content": inner, "classes": classes}
        return str(template.render(facts | own))

    low, high = interaction.min_choices, interaction.max_choices
    return {
        "passage": writer.with_special({"qti-hottext": write}).html(interaction.passage),
        "kind": kind,
        "min": low,
        "max": high,
        "limit": "" if kind == "radio" else guides.limit(high, shared.own_limit(interaction)),
        "guide": guides.choose(low, 1 if kind == "radio" else high),
    }


def _slider(writer: Writer, interaction: interactions.Slider) -> Facts:
    value = next(iter(shared.held(writer, interaction)), "")
    lower, upper = shared.digits(interaction.lower), shared.digits(interaction.upper)
    return {
        "value": value,
        "lower": lower,
        "upper": upper,
        "step": shared.digits(interaction.step),
        "step_label": interaction.step_label,
        "vertical": interaction.orientation == "vertical",
        "reverse": interaction.reverse,
        "guide": gettext("From %(lower)s to %(upper)s.") % {"lower": lower, "upper": upper},
    }


def _match(writer: Writer, interaction: interactions.Match) -> Facts:
    response = interaction.response_identifier
    chosen = set(shared.held(writer, interaction))
    sources = shared.options(writer, interaction, interaction.sources, label=f"{response}:sources")
    targets = shared.options(writer, interaction, interaction.targets, label=f"{response}:targets")
    one_a_row = _is_one_a_row(interaction)
    kind = "radio" if one_a_row else "checkbox"
    rows = [
        {
            "source": source,
            "name": source.name if one_a_row else controls.name(response),
            "cells": [
                _cell(
                    interaction,
                    source,
                    target,
                    f"{source.identifier} {target.identifier}" in chosen,
                )
                for target in targets
            ],
        }
        for source in sources
    ]
    return {
        "rows": rows,
        "targets": targets,
        "kind": kind,
        "max": interaction.max_associations,
        "limit": guides.limit(interaction.max_associations, shared.own_limit(interaction)),
        "corner": interaction.attributes.get("data-first-column-header", ""),
        "guide": guides.match(interaction, one_a_row),
    }


def _cell(
    interaction: interactions.Match, source: Option, target: Option, is_chosen: bool
) -> Facts:
    names = (source.identifier, target.identifier)
    offered = interactions_pair.fits(*names, interaction.sources, interaction.targets)
    return {"target": target, "value": " ".join(names), "chosen": is_chosen, "offered": offered}


def _is_one_a_row(interaction: interactions.Match) -> bool:
    """Radio rows where each source is used once and no bound keeps a row from being filled."""
    bound = interaction.max_associations
    enough = not bound or bound >= len(interaction.sources)
    return enough and all(source.match_max == 1 for source in interaction.sources)


def _associate(writer: Writer, interaction: interactions.Associate) -> Facts:
    listed = shared.options(writer, interaction, interaction.choices)
    return {"choices": listed, **shared.pair_rows(writer, interaction, listed)}


def _gap_match(writer: Writer, interaction: interactions.GapMatch) -> Facts:
    response = interaction.response_identifier
    filled = {gap: choice for choice, gap in shared.held_pairs(writer, interaction)}
    listed = shared.options(writer, interaction, interaction.choices)
    numbers = {gap.identifier: at for at, gap in enumerate(interaction.gaps, 1)}
    template = get_template("qti/_gap.html")

    def write(element: Element) -> str:
        given = element.attributes
        name = given.get("identifier", "")
        template_name, show_hide = given.get("template-identifier"), given.get("show-hide", "show")
        if not writer.context.shows(template_name, show_hide, name):
            return ""
        own = {
            "name": controls.name(response, name),
            "id": f"r-{response}-{name}",
            "gap": name,
            "label": gettext("Gap %(number)d") % {"number": numbers.get(name, 0)},
            "choices": [option for option in listed if _fits_gap(interaction, option, name)],
            "value": filled.get(name, ""),
            "classes": given.get("class", ""),
        }
        return str(template.render(own))

    return {
        "choices": listed,
        "passage": writer.with_special({"qti-gap": write}).html(interaction.passage),
        "max": interaction.max_associations,
        "limit": guides.limit(interaction.max_associations, shared.own_limit(interaction)),
        "guide": guides.pairs(interaction.min_associations, interaction.max_associations),
    }


def _end_attempt(writer: Writer, interaction: interactions.EndAttempt) -> Facts:
    return {"title": interaction.title}


def _fits_gap(interaction: interactions.GapMatch, option: Option, gap: str) -> bool:
    targets = [interactions_pair.as_target(each) for each in interaction.gaps]
    return interactions_pair.fits(option.identifier, gap, interaction.choices, targets)


_FACTS: Mapping[str, Callable[[Writer, Any], Facts]] = MappingProxyType(
    {
        "associate_interaction": _associate,
        "choice_interaction": _choice,
        "drawing_interaction": graphics.file,
        "end_attempt_interaction": _end_attempt,
        "extended_text_interaction": _extended_text,
        "gap_match_interaction": _gap_match,
        "graphic_associate_interaction": graphics.graphic_associate,
        "graphic_gap_match_interaction": graphics.graphic_gap_match,
        "graphic_order_interaction": graphics.graphic_order,
        "hotspot_interaction": graphics.hotspot,
        "hottext_interaction": _hottext,
        "inline_choice_interaction": _inline_choice,
        "match_interaction": _match,
        "media_interaction": graphics.media,
        "order_interaction": _order,
        "portable_custom_interaction": portable.facts,
        "position_object_interaction": graphics.points,
        "select_point_interaction": graphics.points,
        "slider_interaction": _slider,
        "text_entry_interaction": _text_entry,
        "upload_interaction": graphics.file,
    }
)
