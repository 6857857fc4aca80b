"""A plausible answer to any interaction, as the fields that its page would send."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from assembly.qti import interactions as known
from assembly.qti import interactions_pair as pairs
from assembly.qti.interactions import AssociableChoice, Interaction
from assembly.qti.item import AssessmentItem
from assembly.qti.values import BaseType, Cardinality
from assembly.rendering import controls

SENTENCE: Final = "This is an answer of the rehearsal. "
FILE: Final = "data:text/plain;name=rehearsal.txt;base64,VGhpcyBpcyBhIGZpbGUu"
# One red pixel.
PICTURE: Final = (
    "data:image/png;name=rehearsal.png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElE"
    "QVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
STATE: Final = '{"rehearsal":true}'
ENOUGH: Final = 4
Field = list[str]

_WRITTEN: Final[Mapping[BaseType | None, str]] = MappingProxyType(
    {
        BaseType.BOOLEAN: "true",
        BaseType.DIRECTED_PAIR: "A B",
        BaseType.DURATION: "42",
        BaseType.FLOAT: "4.2",
        BaseType.FILE: FILE,
        BaseType.IDENTIFIER: "A",
        BaseType.INTEGER: "42",
        BaseType.PAIR: "A B",
        BaseType.POINT: "4 2",
        BaseType.URI: "urn:rehearsal",
    }
)


def fields(item: AssessmentItem) -> list[Field]:
    """Return an answer to every interaction of an item: names and values of its controls."""
    return [field for each in item.interactions for field in _FIELDS[each.name](item, each)]


def _name(interaction: Interaction, part: str = "") -> str:
    return controls.name(interaction.response_identifier, part)


def _count(interaction: Any, there: int) -> int:
    """As few as asked for, as many as allowed."""
    wanted = max(1, interaction.min_choices)
    return int(min(wanted, interaction.max_choices or wanted, there))


def _picked(_item: AssessmentItem, interaction: Any) -> Iterator[Field]:
    chosen = interaction.choices[: _count(interaction, len(interaction.choices))]
    return ([_name(interaction), choice.identifier] for choice in chosen)


def _first(_item: AssessmentItem, interaction: Any) -> Iterator[Field]:
    return ([_name(interaction), choice.identifier] for choice in interaction.choices[:1])


def _ordered(_item: AssessmentItem, interaction: Any) -> Iterator[Field]:
    """All of them where no fewer are asked for."""
    most = interaction.max_choices or len(interaction.choices)
    chosen = interaction.choices[: max(1, most)]
    return (
        [_name(interaction, choice.identifier), str(place)]
        for place, choice in enumerate(chosen, start=1)
    )


def _paired(
    sources: Sequence[AssociableChoice], targets: Sequence[AssociableChoice], interaction: Any
) -> Iterator[tuple[str, str]]:
    """Pairs that fit, each choice as often as it may be used, not more of them than allowed."""
    left = {one.identifier: one.match_max or ENOUGH for one in (*sources, *targets)}
    most = interaction.max_associations or max(ENOUGH, interaction.min_associations)
    for source in sources:
        for target in targets:
            one, other = source.identifier, target.identifier
            fits = one != other and pairs.fits(one, other, sources, targets)
            if most > 0 and fits and left[one] > 0 and left[other] > 0:
                left[one], left[other], most = left[one] - 1, left[other] - 1, most - 1
                yield one, other
                break


def _associated(_item: AssessmentItem, interaction: Any) -> Iterator[Field]:
    found = list(_paired(interaction.choices, interaction.choices, interaction))
    rows = min(controls.pair_rows(interaction), len(found))
    for row, (one, other) in enumerate(found[:rows], start=1):
        yield [_name(interaction, f"{row}a"), one]
        yield [_name(interaction, f"{row}b"), other]


def _matched(_item: AssessmentItem, interaction: known.Match) -> Iterator[Field]:
    found = _paired(interaction.sources, interaction.targets, interaction)
    return ([_name(interaction), f"{one} {other}"] for one, other in found)


def _gaps(_item: AssessmentItem, interaction: known.GapMatch) -> Iterator[Field]:
    targets = [pairs.as_target(gap) for gap in interaction.gaps]
    return _placed(interaction, targets)


def _spots(_item: AssessmentItem, interaction: known.GraphicGapMatch) -> Iterator[Field]:
    return _placed(interaction, interaction.hotspots)


def _placed(interaction: Any, targets: Sequence[AssociableChoice]) -> Iterator[Field]:
    found = _paired(interaction.choices, targets, interaction)
    return ([_name(interaction, target), choice] for choice, target in found)


def _points(_item: AssessmentItem, interaction: Any) -> Iterator[Field]:
    """Points in the upper left of the picture."""
    for row in range(1, _count(interaction, controls.point_rows(interaction)) + 1):
        yield [_name(interaction, f"{row}x"), str(row)]
        yield [_name(interaction, f"{row}y"), str(row)]


def _slid(item: AssessmentItem, interaction: known.Slider) -> Iterator[Field]:
    declared = item.responses.get(interaction.response_identifier)
    whole = declared is not None and declared.base_type is BaseType.INTEGER
    shown = f"{interaction.lower:.0f}" if whole else f"{interaction.lower:g}"
    yield [_name(interaction), shown]


def _written(item: AssessmentItem, interaction: Any) -> Iterator[Field]:
    declared = item.responses.get(interaction.response_identifier)
    base_type = declared.base_type if declared else None
    words = "42" if isinstance(interaction, known.TextEntry) else SENTENCE * 10
    for _ in range(max(1, getattr(interaction, "min_strings", 0))):
        yield [_name(interaction), _WRITTEN.get(base_type, words)]


def _portable(item: AssessmentItem, interaction: known.PortableCustom) -> Iterator[Field]:
    """What the module would answer, by its type; and a state that it would keep."""
    declared = item.responses.get(interaction.response_identifier)
    if declared is not None and declared.cardinality is not Cardinality.RECORD:
        yield [_name(interaction), _WRITTEN.get(declared.base_type, "42")]
    yield [_name(interaction, controls.STATE), STATE]


def _constant(value: str) -> Callable[[AssessmentItem, Any], Iterable[Field]]:
    return lambda _item, interaction: [[_name(interaction), value]]


_FIELDS: Final[Mapping[str, Callable[[AssessmentItem, Any], Iterable[Field]]]] = MappingProxyType(
    {
        known.Associate.name: _associated,
        known.Choice.name: _picked,
        known.Drawing.name: _constant(PICTURE),
        known.EndAttempt.name: _constant("true"),
        known.ExtendedText.name: _written,
        known.GapMatch.name: _gaps,
        known.GraphicAssociate.name: _associated,
        known.GraphicGapMatch.name: _spots,
        known.GraphicOrder.name: _ordered,
        known.Hotspot.name: _picked,
        known.Hottext.name: _picked,
        known.InlineChoice.name: _first,
        known.Match.name: _matched,
        known.Media.name: _constant("1"),
        known.Order.name: _ordered,
        known.PortableCustom.name: _portable,
        known.PositionObject.name: _points,
        known.SelectPoint.name: _points,
        known.Slider.name: _slid,
        known.TextEntry.name: _written,
        known.Upload.name: _constant(FILE),
    }
)
