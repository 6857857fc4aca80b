"""Names of the form controls of each interaction, and the raw responses read back from them."""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from assembly.qti import bases, interactions, interactions_portable
from assembly.qti.body import Interaction
from assembly.qti.declarations import Declaration
from assembly.qti.interactions_portable import PortableCustom
from assembly.qti.item import AssessmentItem
from assembly.qti.values import BaseType, Cardinality, Raw

PREFIX = "r."
STATE = "state"
PAIR_ROWS_LIMIT = 12
POINT_ROWS_LIMIT = 12
WRITING = (interactions.TextEntry, interactions.ExtendedText)
TEXT_ROWS_LIMIT = 12


class Fields(Protocol):
    """What a posted form offers; Django's QueryDict does."""

    def getlist(self, key: str, /) -> list[Any]: ...


class Form(Fields, Protocol):
    """The same, and the names of what was posted."""

    def __iter__(self) -> Iterator[str]: ...


class File(Protocol):
    name: str | None
    content_type: str | None

    def read(self) -> bytes: ...


def name(response: str, part: str = "") -> str:
    """Identifiers never hold a colon, so the part is told from the response without doubt."""
    return f"{PREFIX}{response}:{part}" if part else f"{PREFIX}{response}"


def raw_responses(
    item: AssessmentItem, data: Fields, files: Mapping[str, File] | None = None
) -> dict[str, Raw]:
    """A raw response for every interaction of the item; absent and empty controls give None."""
    found: dict[str, Raw] = {}
    for interaction in item.interactions:
        response = interaction.response_identifier
        declaration = item.responses.get(response)
        if declaration is None:
            continue
        if files and (upload := files.get(name(response))) is not None:
            found[response] = as_data_url(upload)
            continue
        texts = decode(interaction, data)
        if declaration.base_type in _TRIMMED:
            texts = [text.strip().replace("\N{MINUS SIGN}", "-") for text in texts]
        typed = [text for text in texts if text]
        found[response] = _shaped(
            _in_base(interaction, declaration, typed), declaration.cardinality
        )
        found |= _as_typed(interaction, item, typed)
        if isinstance(interaction, PortableCustom) and (state := _one(data, name(response, STATE))):
            found[interactions_portable.state_of(response)] = state
    return found


def _in_base(interaction: Interaction, declared: Declaration, texts: list[str]) -> list[str]:
    """A whole number is typed in the base that the interaction names."""
    if declared.base_type is not BaseType.INTEGER or not isinstance(interaction, WRITING):
        return texts
    base = interaction.number_base
    return texts if base == bases.DECIMAL else [bases.read(text, base) for text in texts]


def _as_typed(interaction: Interaction, item: AssessmentItem, texts: list[str]) -> dict[str, Raw]:
    """What was typed goes into a response of its own where the interaction names one."""
    kept = interaction.string_identifier if isinstance(interaction, WRITING) else None
    declared = item.responses.get(kept or "")
    if kept is None or declared is None or declared.base_type is not BaseType.STRING:
        return {}
    return {kept: _shaped(texts, declared.cardinality)}


def strays(item: AssessmentItem, data: Form) -> dict[str, Raw]:
    """What was posted as an answer and belongs to no control of the item; empty texts are nothing.

    By the control's name without its prefix, as texts.
    """
    names = {key for key in data if key.startswith(PREFIX)}
    names -= {name(each.response_identifier) for each in item.interactions}
    if not names:
        return {}
    asked = _Asked(data)
    for interaction in item.interactions:
        decode(interaction, asked)
        if isinstance(interaction, PortableCustom):
            asked.names.add(name(interaction.response_identifier, STATE))
    found = {key: _texts(data, key) for key in sorted(names - asked.names)}
    return {key.removeprefix(PREFIX): texts for key, texts in found.items() if texts}


class _Asked:
    """A form that remembers for which of its fields an interaction asked."""

    def __init__(self, data: Fields) -> None:
        self.data = data
        self.names: set[str] = set()

    def getlist(self, key: str, /) -> list[Any]:
        self.names.add(key)
        return self.data.getlist(key)


_TRIMMED = frozenset({BaseType.INTEGER, BaseType.FLOAT})


def decode(interaction: Interaction, data: Fields) -> list[str]:
    return _DECODERS[interaction.name](interaction, data)


def _shaped(texts: list[str], cardinality: Cardinality) -> Raw:
    if not texts:
        return None
    if cardinality in (Cardinality.SINGLE, Cardinality.RECORD) and len(texts) == 1:
        return texts[0]
    return texts


def as_data_url(upload: File) -> str:
    """A file as one text: its type, its name and its bytes."""
    kind = upload.content_type or "application/octet-stream"
    file_name = (upload.name or "file").replace(";", "_").replace(",", "_")
    content = base64.b64encode(upload.read()).decode("ascii")
    return f"data:{kind};name={file_name};base64,{content}"


def _texts(data: Fields, key: str) -> list[str]:
    """Browsers post line ends as CR LF; the candidate typed one line end."""
    posted = [str(entry).replace("\r\n", "\n") for entry in data.getlist(key)]
    return [text for text in posted if text]


def _one(data: Fields, key: str) -> str:
    return next(iter(_texts(data, key)), "")


def _plain(interaction: Interaction, data: Fields) -> list[str]:
    return _texts(data, name(interaction.response_identifier))


def _listed(interaction: Any, data: Fields) -> list[str]:
    """Picked choices in the item's own order, so that shuffling leaves no trace in the answer."""
    known = [choice.identifier for choice in interaction.choices]
    picked = _plain(interaction, data)
    strangers = [text for text in picked if text not in known]
    return [identifier for identifier in known if identifier in picked] + strangers


def _ordered(interaction: Any, data: Fields) -> list[str]:
    """By position; choices given the same position keep the item's order."""
    placed: list[tuple[int, str]] = []
    for choice in interaction.choices:
        position = _one(data, name(interaction.response_identifier, choice.identifier))
        if position.isascii() and position.isdigit() and len(position) < 6:
            placed.append((int(position), choice.identifier))
    return [identifier for _, identifier in sorted(placed, key=lambda entry: entry[0])]


def _matched(interaction: interactions.Match, data: Fields) -> list[str]:
    """Checkboxes share the response's name; radio rows have one each."""
    response = interaction.response_identifier
    rows = [name(response, source.identifier) for source in interaction.sources]
    found = _plain(interaction, data) + [text for row in rows for text in _texts(data, row)]
    order = {source.identifier: at for at, source in enumerate(interaction.sources)}
    return sorted(found, key=lambda pair: order.get(pair.split(" ", 1)[0], len(order)))


def _associated(interaction: Any, data: Fields) -> list[str]:
    response = interaction.response_identifier
    rows = [
        (_one(data, name(response, f"{row}a")), _one(data, name(response, f"{row}b")))
        for row in range(1, pair_rows(interaction) + 1)
    ]
    return [f"{first} {second}" for first, second in rows if first and second]


def _gapped(interaction: Any, data: Fields) -> list[str]:
    return [
        f"{choice} {target}"
        for target in _targets(interaction)
        for choice in _texts(data, name(interaction.response_identifier, target))
    ]


def _targets(interaction: Any) -> Iterable[str]:
    places = interaction.gaps if hasattr(interaction, "gaps") else interaction.hotspots
    return [place.identifier for place in places]


def _points(interaction: Any, data: Fields) -> list[str]:
    response = interaction.response_identifier
    rows = [
        (_one(data, name(response, f"{row}x")), _one(data, name(response, f"{row}y")))
        for row in range(1, point_rows(interaction) + 1)
    ]
    return [f"{x} {y}" for x, y in rows if x and y]


def pair_rows(interaction: interactions.Associate | interactions.GraphicAssociate) -> int:
    """As many pairs as the interaction allows, within what a page can hold."""
    count = len(interaction.choices)
    possible = count * (count - 1) // 2 + count
    uses = [choice.match_max for choice in interaction.choices]
    if all(uses):
        possible = min(possible, sum(uses) // 2)
    return max(1, min(interaction.max_associations or possible, possible, PAIR_ROWS_LIMIT))


def point_rows(interaction: interactions.SelectPoint | interactions.PositionObject) -> int:
    return min(interaction.max_choices or POINT_ROWS_LIMIT, POINT_ROWS_LIMIT)


_DECODERS: Mapping[str, Callable[[Any, Fields], list[str]]] = MappingProxyType(
    {
        "associate_interaction": _associated,
        "choice_interaction": _listed,
        "drawing_interaction": _plain,
        "end_attempt_interaction": _plain,
        "extended_text_interaction": _plain,
        "gap_match_interaction": _gapped,
        "graphic_associate_interaction": _associated,
        "graphic_gap_match_interaction": _gapped,
        "graphic_order_interaction": _ordered,
        "hotspot_interaction": _listed,
        "hottext_interaction": _listed,
        "inline_choice_interaction": _listed,
        "match_interaction": _matched,
        "media_interaction": _plain,
        "order_interaction": _ordered,
        "portable_custom_interaction": _plain,
        "position_object_interaction": _points,
        "select_point_interaction": _points,
        "slider_interaction": _plain,
        "text_entry_interaction": _plain,
        "upload_interaction": _plain,
    }
)
