"""What a test, a part and a section say to the candidate (QTI rubric blocks), above the item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString

from assembly.qti.assessment import RubricBlock
from assembly.rendering.nodes import RenderContext, Writer
from delivery.session.desk import Desk

READER: Final = "candidate"


@dataclass(frozen=True, slots=True)
class Instructions:
    """One run of blocks under the title of what they belong to; `fresh` at its first item."""

    title: str
    content: SafeString
    fresh: bool


def at(at_desk: Desk, key: str, asset_url: Callable[[str], str]) -> list[Instructions]:
    """Return what is said to the candidate at an item, from the test down to the inmost section."""
    item, test = at_desk.planned(key), at_desk.outline.test
    part = at_desk.outline.parts[item.part]
    holders = [("", "", test.rubric_blocks), (part.identifier, part.title, part.rubric_blocks)]
    for name in item.sections:
        section = at_desk.outline.sections[name]
        holders.append((name, section.title if section.visible else "", section.rubric_blocks))
    told = [(name, title, blocks) for name, title, blocks in holders if _told(blocks)]
    if not told:
        return []
    first, writer = _first_keys(at_desk), Writer(RenderContext(asset_url=asset_url))
    return [
        Instructions(title, _content(writer, blocks), fresh=first[name] == key)
        for name, title, blocks in told
    ]


def _first_keys(at_desk: Desk) -> dict[str, str]:
    """Return the first item of the test (""), of each part and of each section."""
    first = {"": at_desk.plan.items[0].key}
    for item in at_desk.plan.items:
        for name in (item.part, *item.sections):
            first.setdefault(name, item.key)
    return first


def _told(blocks: tuple[RubricBlock, ...]) -> list[RubricBlock]:
    return [block for block in blocks if READER in block.view]


def _content(writer: Writer, blocks: tuple[RubricBlock, ...]) -> SafeString:
    return SafeString("".join(writer.html(block.content) for block in _told(blocks)))
