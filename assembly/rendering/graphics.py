"""What the templates of graphic, file and media interactions are given."""

from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext

from assembly.qti import interactions, interactions_pair
from assembly.qti.body import Element
from assembly.rendering import controls, guides, held_files, markers, pictures
from assembly.rendering import options as shared
from assembly.rendering.nodes import Writer
from assembly.rendering.options import Facts

# Bytes; as text the answer stays below what one save may hold.
SMALL_FILE = 70_000


def hotspot(writer: Writer, interaction: interactions.Hotspot) -> Facts:
    low, high = interaction.min_choices, interaction.max_choices
    single = high == 1 or shared.is_single(writer, interaction)
    return {
        **_areas(writer, interaction, interaction.choices),
        "chosen": shared.held(writer, interaction),
        "kind": "radio" if single else "checkbox",
        "max": 1 if single else high,
        "limit": "" if single else guides.limit(high, shared.own_limit(interaction)),
        "guide": guides.choose(low, 1 if single else high),
    }


def _areas(
    writer: Writer,
    interaction: Any,
    hotspots: Iterable[Any],
    numbered: Callable[[int], str] = str,
) -> Facts:
    there = [spot for spot in hotspots if shared.is_there(writer, spot)]
    drawn = pictures.picture(writer, interaction.image, there)
    return {"picture": drawn, "spots": pictures.spots(there, drawn, numbered)}


def graphic_order(writer: Writer, interaction: interactions.GraphicOrder) -> Facts:
    # Letters: a number in the picture is a place in the order.
    facts = _areas(writer, interaction, interaction.choices, markers.letter)
    placed = shared.held(writer, interaction)
    low, high = interaction.min_choices, interaction.max_choices
    return facts | {
        "places": [
            {
                "spot": spot,
                "name": controls.name(interaction.response_identifier, spot.identifier),
                "position": placed.index(spot.identifier) + 1 if spot.identifier in placed else 0,
            }
            for spot in facts["spots"]
        ],
        "positions": range(1, (high or len(facts["spots"])) + 1),
        "guide": guides.order(low, high),
    }


def graphic_associate(writer: Writer, interaction: interactions.GraphicAssociate) -> Facts:
    facts = _areas(writer, interaction, interaction.choices)
    return facts | shared.pair_rows(writer, interaction, facts["spots"])


def graphic_gap_match(writer: Writer, interaction: interactions.GraphicGapMatch) -> Facts:
    facts = _areas(writer, interaction, interaction.hotspots)
    maxima = {spot.identifier: spot.match_max for spot in interaction.hotspots}
    pairs = set(shared.held_pairs(writer, interaction))
    listed = shared.options(writer, interaction, interaction.choices)
    return facts | {
        "choices": listed,
        "places": [
            {
                "spot": spot,
                "name": controls.name(interaction.response_identifier, spot.identifier),
                "several": maxima[spot.identifier] != 1,
                "options": [
                    {"choice": choice, "chosen": (choice.identifier, spot.identifier) in pairs}
                    for choice in listed
                    if interactions_pair.fits(
                        choice.identifier,
                        spot.identifier,
                        interaction.choices,
                        interaction.hotspots,
                    )
                ],
            }
            for spot in facts["spots"]
        ],
        "max": interaction.max_associations,
        "limit": guides.limit(interaction.max_associations, shared.own_limit(interaction)),
        "guide": guides.pairs(interaction.min_associations, interaction.max_associations),
    }


def points(writer: Writer, interaction: Any) -> Facts:
    response = interaction.response_identifier
    placed = shared.held_pairs(writer, interaction)
    rows = zip_longest(range(1, controls.point_rows(interaction) + 1), placed)
    movable = getattr(interaction, "movable", None)
    guide = guides.points if movable is None else guides.placings
    return {
        "picture": pictures.picture(writer, interaction.image),
        "movable": None if movable is None else pictures.picture(writer, movable),
        "held_at": getattr(interaction, "center_point", None),
        "rows": [
            {
                "number": number,
                "x_name": controls.name(response, f"{number}x"),
                "y_name": controls.name(response, f"{number}y"),
                "x": point[0] if point else "",
                "y": point[1] if point else "",
            }
            for number, point in rows
            if number
        ],
        "guide": guide(interaction.min_choices, interaction.max_choices),
    }


def file(writer: Writer, interaction: Any) -> Facts:
    value = next(iter(shared.held(writer, interaction)), "")
    image = getattr(interaction, "image", None)
    handing = writer.context.handing
    return {
        "value": value,
        "file_name": held_files.name(value),
        "file_url": held_files.address(value, handing.file_url if handing else None),
        "handing": handing,
        "limit": handing.limit if handing else SMALL_FILE,
        "accept": ",".join(getattr(interaction, "media_types", ())),
        "picture": None if image is None else pictures.picture(writer, image),
    }


def media(writer: Writer, interaction: interactions.Media) -> Facts:
    medium = interaction.medium
    return {
        "value": next(iter(shared.held(writer, interaction)), ""),
        "medium": writer.html((_playable(medium, interaction),)),
        "max": interaction.max_plays,
        "autostart": interaction.autostart,
        "guide": _plays(interaction),
    }


def _playable(medium: Element, interaction: interactions.Media) -> Element:
    if medium.name == "img":
        return medium
    loop = {"loop": "loop"} if interaction.loop else {}
    given = {**medium.attributes, "controls": "controls", "preload": "metadata", **loop}
    return Element(medium.name, given, medium.children)


def _plays(interaction: interactions.Media) -> str:
    if interaction.max_plays:
        return gettext("It can be played %(count)d times.") % {"count": interaction.max_plays}
    return ""
