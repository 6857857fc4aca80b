"""The sentences by which an interaction says what it asks: how many, of what, in which form."""

from django.utils.translation import gettext, ngettext

from assembly.qti import bases, interactions
from assembly.qti.body import Interaction
from assembly.qti.values import BaseType


def choose(low: int, high: int) -> str:
    """0 as a bound means none."""
    if high == 1:
        return gettext("Choose one.")
    if low and low == high:
        return gettext("Choose exactly %(count)d.") % {"count": low}
    if low and high:
        return gettext("Choose from %(low)d to %(high)d.") % {"low": low, "high": high}
    if high:
        return gettext("Choose up to %(count)d.") % {"count": high}
    if low:
        return gettext("Choose at least %(count)d.") % {"count": low}
    return gettext("Choose all that apply.")


def limit(high: int, own: str | None = None) -> str:
    """Said when one more is picked than allowed; the item's own words win."""
    if not high or own:
        return own or ""
    message = ngettext(
        "Only %(count)d can be chosen. Take it back first to choose another.",
        "Only %(count)d can be chosen. Take one back first to choose another.",
        high,
    )
    return message % {"count": high}


def order(low: int, high: int) -> str:
    if not low and not high:
        return gettext("Give every choice a place: 1 comes first.")
    if high and low == high:
        message = gettext("Choose %(count)d and give each a place: 1 comes first.")
        return message % {"count": high}
    if high:
        message = gettext("Choose up to %(count)d and give each a place: 1 comes first.")
        return message % {"count": high}
    message = gettext("Choose at least %(count)d and give each a place: 1 comes first.")
    return message % {"count": low}


def pairs(low: int, high: int) -> str:
    if low and low == high:
        message = ngettext("Make %(count)d pair.", "Make %(count)d pairs.", low)
        return message % {"count": low}
    if high:
        message = ngettext("Make up to %(count)d pair.", "Make up to %(count)d pairs.", high)
        return message % {"count": high}
    if low:
        message = ngettext("Make at least %(count)d pair.", "Make at least %(count)d pairs.", low)
        return message % {"count": low}
    return ""


def match(interaction: interactions.Match, one_a_row: bool) -> str:
    if one_a_row:
        return gettext("Choose one in each row.")
    return pairs(interaction.min_associations, interaction.max_associations) or gettext(
        "Tick every pair that belongs together."
    )


def points(low: int, high: int) -> str:
    if high == 1:
        return gettext("Mark one point on the picture.")
    if low and low == high:
        return gettext("Mark %(count)d points on the picture.") % {"count": low}
    if high:
        return gettext("Mark up to %(count)d points on the picture.") % {"count": high}
    return gettext("Mark points on the picture.")


def placings(low: int, high: int) -> str:
    if high == 1:
        return gettext("Put this at its place on the picture.")
    if low and low == high:
        return gettext("Put this at %(count)d places on the picture.") % {"count": low}
    if high:
        return gettext("Put this at up to %(count)d places on the picture.") % {"count": high}
    return gettext("Put this at its places on the picture.")


def extended_text(interaction: interactions.ExtendedText) -> str:
    if not interaction.expected_length:
        return ""
    message = gettext("About %(count)d characters are expected.")
    return message % {"count": interaction.expected_length}


def number(base_type: BaseType | None, base: int) -> str:
    if base_type is BaseType.INTEGER:
        told = gettext("A whole number in base %(base)d") % {"base": base}
        return gettext("A whole number") if base == bases.DECIMAL else told
    return gettext("A number, with a point for decimals") if base_type is BaseType.FLOAT else ""


def fallback_name(interaction: Interaction) -> str:
    """What a group of controls is called where the author wrote no prompt."""
    names = {
        "choice_interaction": gettext("Answer choices"),
        "hottext_interaction": gettext("Words to choose in the text"),
        "order_interaction": gettext("Choices to put in order"),
        "match_interaction": gettext("Choices to match"),
        "associate_interaction": gettext("Choices to pair"),
        "gap_match_interaction": gettext("Gaps to fill"),
        "hotspot_interaction": gettext("Areas of the picture"),
    }
    return names.get(interaction.name, gettext("Your answer"))
