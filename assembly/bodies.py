"""An item's HTML, rendered once a process for everybody to whom the item looks the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import get_language

from assembly import rendering
from assembly.qti import item_session
from assembly.qti.item import AssessmentItem, Stimulus
from assembly.qti.values import RawResponses
from assembly.rendering import RenderedItem

# Stands in addresses for whoever looks.
SOMEBODY: Final = "00000000-50ed-4b0d-8000-000000000000"
# Of a session, these alone can be seen on a page.
SEEN: Final = ("templates", "outcomes", "responses", "choice_orders")
# Nobody else wrote an answer as long as that.
LONGEST_KEY: Final = 1_000
MOST_CHARACTERS: Final = 32_000_000


@dataclass(slots=True)
class _Known:
    """What is kept; an item by its identity, held so that the identity stays its own."""

    lock: Lock = field(default_factory=Lock)
    items: dict[int, AssessmentItem] = field(default_factory=dict)
    bodies: dict[tuple[int, str], RenderedItem] = field(default_factory=dict)
    characters: int = 0


_known: Final = _Known()


def rendered(
    item: AssessmentItem,
    state: Mapping[str, Any],
    responses: RawResponses,
    *,
    who: str,
    place: str,
    asset_url: Callable[[str], str],
    stimuli: Sequence[Stimulus],
    **looks: Any,
) -> RenderedItem:
    """Render an item that has a published version, of a session as `item_session.to_json` wrote it.

    `asset_url` writes addresses of SOMEBODY, which become those of `who`; beyond that they depend
    on the `place` alone. `looks` are further options of `rendering.render_item`.
    """
    seen = [state[name] for name in SEEN]
    key = id(item), json.dumps([place, get_language(), seen, responses, looks], default=_plain)
    found = _known.bodies.get(key)
    if found is None:
        found = rendering.render_item(
            item,
            item_session.from_json(item, state),
            responses,
            asset_url=asset_url,
            style_url=asset_url,
            stimuli=stimuli,
            **looks,
        )
        if len(key[1]) <= LONGEST_KEY:
            _keep(item, key, found)
    return _of(found, who)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, Set) else str(value)


def _of(found: RenderedItem, who: str) -> RenderedItem:
    if SOMEBODY not in found.body and SOMEBODY not in found.stimulus:
        return found
    return replace(found, body=_named(found.body, who), stimulus=_named(found.stimulus, who))


def _named(html: SafeString, who: str) -> SafeString:
    return SafeString(html.replace(SOMEBODY, who))


def _keep(item: AssessmentItem, key: tuple[int, str], body: RenderedItem) -> None:
    size = len(body.body) + len(body.stimulus) + len(key[1])
    with _known.lock:
        if _known.characters + size > MOST_CHARACTERS:
            _known.bodies.clear()
            _known.items.clear()
            _known.characters = 0
        if key not in _known.bodies:
            _known.items[key[0]] = item
            _known.bodies[key] = body
            _known.characters += size
