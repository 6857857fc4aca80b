"""Reads each interaction element into its dataclass; one small function each, in one table."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from assembly.qti import bases, interactions, reading_portable, reading_source
from assembly.qti.body import Element, Interaction
from assembly.qti.interactions_pair import AssociableHotspot, Gap
from assembly.qti.reading_source import Source

C = TypeVar("C", bound=interactions.SimpleChoice)


def _common(source: Source) -> dict[str, Any]:
    return {
        "response_identifier": source.required("response-identifier"),
        "prompt": source.prompt(),
        "attributes": MappingProxyType(dict(source.attributes)),
        "line": source.line,
    }


def _choices(source: Source, name: str) -> tuple[interactions.SimpleChoice, ...]:
    found = tuple(reading_source.simple_choice(part) for part in source.parts(name))
    return _distinct(source, found)


def _associables(source: Source, *names: str) -> tuple[interactions.AssociableChoice, ...]:
    found = tuple(reading_source.associable_choice(part) for part in source.parts(*names))
    return _distinct(source, found)


def _distinct(source: Source, found: tuple[C, ...]) -> tuple[C, ...]:
    if not found:
        raise source.refusal("offers no choices", "no_choices")
    if len({choice.identifier for choice in found}) < len(found):
        raise source.refusal("has two choices of the same identifier", "duplicate_identifier")
    return found


def _choice(source: Source) -> Interaction:
    return interactions.Choice(
        **_common(source),
        choices=_choices(source, "qti-simple-choice"),
        shuffle=source.flag("shuffle"),
        min_choices=source.count("min-choices"),
        max_choices=source.count("max-choices", 1),
        orientation=source.text("orientation", "vertical"),
    )


def _inline_choice(source: Source) -> Interaction:
    return interactions.InlineChoice(
        **_common(source),
        choices=_choices(source, "qti-inline-choice"),
        shuffle=source.flag("shuffle"),
        required=source.flag("required") or source.count("min-choices") > 0,
        label=_label(source),
    )


def _label(source: Source) -> str:
    inner = next(source.parts("qti-label"), None)
    written = "" if inner is None else reading_source.inner_text(inner.element)
    return written or source.text("label") or source.text("aria-label")


def _order(source: Source) -> Interaction:
    return interactions.Order(
        **_common(source),
        choices=_choices(source, "qti-simple-choice"),
        shuffle=source.flag("shuffle"),
        min_choices=source.count("min-choices"),
        max_choices=source.count("max-choices"),
        orientation=source.text("orientation", "vertical"),
    )


def _hottext(source: Source) -> Interaction:
    found = tuple(reading_source.simple_choice(part) for part in source.below("qti-hottext"))
    return interactions.Hottext(
        **_common(source),
        passage=source.content(),
        choices=_distinct(source, found),
        min_choices=source.count("min-choices"),
        max_choices=source.count("max-choices", 1),
    )


def _text_entry(source: Source) -> Interaction:
    return interactions.TextEntry(
        **_common(source),
        **_writing(source),
        format=source.text("format", "plain"),
        label=source.text("label") or source.text("aria-label"),
    )


def _writing(source: Source) -> dict[str, Any]:
    return {
        "expected_length": source.count("expected-length") or None,
        "pattern_mask": source.text("pattern-mask") or None,
        "pattern_message": source.text("data-patternmask-message") or None,
        "placeholder": source.text("placeholder-text"),
        "number_base": bases.known(source.count("base", bases.DECIMAL)),
        "string_identifier": source.text("string-identifier") or None,
    }


def _extended_text(source: Source) -> Interaction:
    return interactions.ExtendedText(
        **_common(source),
        **_writing(source),
        expected_lines=source.count("expected-lines") or None,
        min_strings=source.count("min-strings"),
        max_strings=source.count("max-strings", 1),
        format=source.text("format", "plain"),
    )


def _slider(source: Source) -> Interaction:
    lower, upper = source.number("lower-bound"), source.number("upper-bound")
    if not lower < upper:
        raise source.refusal("needs a lower bound below its upper bound", "invalid_number")
    return interactions.Slider(
        **_common(source),
        lower=lower,
        upper=upper,
        step=source.number("step", 1.0),
        step_label=source.flag("step-label"),
        orientation=source.text("orientation", "horizontal"),
        reverse=source.flag("reverse"),
    )


def _association_bounds(source: Source, default: int) -> dict[str, Any]:
    return {
        "min_associations": source.count("min-associations"),
        "max_associations": source.count("max-associations", default),
    }


def _associate(source: Source) -> Interaction:
    return interactions.Associate(
        **_common(source),
        **_association_bounds(source, 1),
        choices=_associables(source, "qti-simple-associable-choice"),
        shuffle=source.flag("shuffle"),
    )


def _match(source: Source) -> Interaction:
    sets = tuple(source.parts("qti-simple-match-set"))
    if len(sets) != 2:
        raise source.refusal("needs two match sets", "match_sets")
    return interactions.Match(
        **_common(source),
        **_association_bounds(source, 1),
        sources=_associables(sets[0], "qti-simple-associable-choice"),
        targets=_associables(sets[1], "qti-simple-associable-choice"),
        shuffle=source.flag("shuffle"),
    )


def _gap_match(source: Source) -> Interaction:
    return interactions.GapMatch(
        **_common(source),
        **_association_bounds(source, 0),
        choices=_associables(source, "qti-gap-text", "qti-gap-img"),
        passage=source.content(),
        gaps=tuple(_gap(part) for part in source.below("qti-gap")),
        shuffle=source.flag("shuffle"),
    )


def _gap(part: Source) -> Gap:
    return Gap(
        identifier=part.required("identifier"),
        match_group=part.names("match-group"),
        required=part.flag("required"),
        template_identifier=part.text("template-identifier") or None,
        show_hide=part.text("show-hide", "show"),
        attributes=part.attributes,
    )


def _hotspot_choices(source: Source) -> tuple[interactions.HotspotChoice, ...]:
    found = tuple(
        interactions.HotspotChoice(
            identifier=part.required("identifier"),
            template_identifier=part.text("template-identifier") or None,
            show_hide=part.text("show-hide", "show"),
            attributes=part.attributes,
            area=reading_source.area(part),
            label=_area_label(part),
        )
        for part in source.parts("qti-hotspot-choice")
    )
    return _distinct(source, found)


def _area_label(part: Source) -> str:
    return part.text("hotspot-label") or part.text("aria-label") or part.text("label")


def _associable_hotspots(source: Source) -> tuple[AssociableHotspot, ...]:
    found = tuple(
        AssociableHotspot(
            identifier=part.required("identifier"),
            template_identifier=part.text("template-identifier") or None,
            show_hide=part.text("show-hide", "show"),
            match_max=part.count("match-max", 1),
            match_min=part.count("match-min"),
            match_group=part.names("match-group"),
            attributes=part.attributes,
            area=reading_source.area(part),
            label=_area_label(part),
        )
        for part in source.parts("qti-associable-hotspot")
    )
    return _distinct(source, found)


def _hotspot(source: Source) -> Interaction:
    return interactions.Hotspot(
        **_common(source),
        image=reading_source.image(source),
        choices=_hotspot_choices(source),
        min_choices=source.count("min-choices"),
        max_choices=source.count("max-choices", 1),
    )


def _graphic_order(source: Source) -> Interaction:
    return interactions.GraphicOrder(
        **_common(source),
        image=reading_source.image(source),
        choices=_hotspot_choices(source),
        min_choices=source.count("min-choices"),
        max_choices=source.count("max-choices"),
    )


def _graphic_associate(source: Source) -> Interaction:
    return interactions.GraphicAssociate(
        **_common(source),
        **_association_bounds(source, 1),
        image=reading_source.image(source),
        choices=_associable_hotspots(source),
    )


def _graphic_gap_match(source: Source) -> Interaction:
    return interactions.GraphicGapMatch(
        **_common(source),
        **_association_bounds(source, 0),
        image=reading_source.image(source),
        choices=_associables(source, "qti-gap-img", "qti-gap-text"),
        hotspots=_associable_hotspots(source),
    )


def _select_point(source: Source) -> Interaction:
    return interactions.SelectPoint(
        **_common(source),
        image=reading_source.image(source),
        min_choices=source.count("min-choices"),
        max_choices=source.count("max-choices", 0),
    )


def _position_object(source: Source) -> Interaction:
    """The stage's image lies beside the interaction, inside the stage element."""
    parent = source.element.getparent()
    stage = source if parent is None else source.at(parent)
    center = tuple(int(part) for part in source.names("center-point") if part.isdigit())
    return interactions.PositionObject(
        **_common(source),
        image=reading_source.image(stage),
        movable=reading_source.image(source),
        center_point=(center[0], center[1]) if len(center) == 2 else None,
        min_choices=source.count("min-choices"),
        max_choices=source.count("max-choices", 1),
    )


def _drawing(source: Source) -> Interaction:
    return interactions.Drawing(**_common(source), image=reading_source.image(source))


def _upload(source: Source) -> Interaction:
    return interactions.Upload(**_common(source), media_types=source.names("type"))


def _media(source: Source) -> Interaction:
    media = [node for node in source.content() if isinstance(node, Element)]
    playable = [node for node in media if node.name in ("audio", "video", "img")]
    if not playable:
        raise source.refusal("has no medium to play", "missing_medium")
    return interactions.Media(
        **_common(source),
        medium=playable[0],
        autostart=source.flag("autostart"),
        loop=source.flag("loop"),
        min_plays=source.count("min-plays"),
        max_plays=source.count("max-plays"),
    )


def _end_attempt(source: Source) -> Interaction:
    return interactions.EndAttempt(
        **_common(source),
        title=source.text("title") or "End attempt",
        count_attempt=source.flag("count-attempt", True),
    )


def _portable_custom(source: Source) -> Interaction:
    return reading_portable.portable_custom(source, _common(source))


READERS: Mapping[str, Callable[[Source], Interaction]] = MappingProxyType(
    {
        "qti-associate-interaction": _associate,
        "qti-choice-interaction": _choice,
        "qti-drawing-interaction": _drawing,
        "qti-end-attempt-interaction": _end_attempt,
        "qti-extended-text-interaction": _extended_text,
        "qti-gap-match-interaction": _gap_match,
        "qti-graphic-associate-interaction": _graphic_associate,
        "qti-graphic-gap-match-interaction": _graphic_gap_match,
        "qti-graphic-order-interaction": _graphic_order,
        "qti-hotspot-interaction": _hotspot,
        "qti-hottext-interaction": _hottext,
        "qti-inline-choice-interaction": _inline_choice,
        "qti-match-interaction": _match,
        "qti-media-interaction": _media,
        "qti-order-interaction": _order,
        "qti-portable-custom-interaction": _portable_custom,
        "qti-position-object-interaction": _position_object,
        "qti-select-point-interaction": _select_point,
        "qti-slider-interaction": _slider,
        "qti-text-entry-interaction": _text_entry,
        "qti-upload-interaction": _upload,
    }
)
