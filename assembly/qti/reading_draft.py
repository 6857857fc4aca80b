"""The draft that an item was written from, so that its form can be opened again."""

from __future__ import annotations

from typing import Any

from lxml import etree

from assembly.qti import writing, xml
from assembly.qti.drafts import (
    GAP,
    Answer,
    Choice,
    ChoiceDraft,
    Draft,
    DraftError,
    ExtendedTextDraft,
    Picture,
    TextEntryDraft,
)
from assembly.qti.errors import ReadingError
from assembly.qti.markup import inline_text
from assembly.qti.writing import XML


def read_draft(source: bytes) -> Draft | None:
    """The draft of these bytes; None where writing it again would not give the same bytes."""
    try:
        draft = _read(xml.parse_xml(source))
        return draft if draft is not None and writing.item(draft) == source else None
    except (ReadingError, DraftError, ValueError, TypeError):
        return None


def _read(root: etree._Element) -> Draft | None:
    body = root.find("{*}qti-item-body")
    if body is None:
        return None
    choice = body.find("{*}qti-choice-interaction")
    if choice is not None:
        return _choice(root, body, choice)
    extended = body.find("{*}qti-extended-text-interaction")
    if extended is not None:
        return ExtendedTextDraft(
            **_common(root, body),
            question=_prompt(extended),
            expected_lines=int(extended.get("expected-lines", "8")),
        )
    entry = body.find("{*}p/{*}qti-text-entry-interaction")
    return None if entry is None else _text_entry(root, body, entry)


def _common(
    root: etree._Element, body: etree._Element, without: etree._Element | None = None
) -> dict[str, Any]:
    """What every draft has; `without` is the paragraph that belongs to the question."""
    shown = [child for child in body.findall("{*}p") if child is not without]
    images = [child.find("{*}img") for child in shown]
    image = images[-1] if images else None
    text = shown[:-1] if image is not None else shown
    return {
        "identifier": root.get("identifier", ""),
        "title": root.get("title", ""),
        "language": root.get(f"{{{XML}}}lang", ""),
        "text": "\n\n".join(inline_text(paragraph) for paragraph in text),
        "picture": None if image is None else Picture(image.get("src", ""), image.get("alt", "")),
        "score": _score(root),
    }


def _score(root: etree._Element) -> float:
    for declaration in root.findall("{*}qti-outcome-declaration"):
        if declaration.get("identifier") == "MAXSCORE":
            return float(declaration.findtext("{*}qti-default-value/{*}qti-value", "1"))
    return 1.0


def _correct(root: etree._Element) -> list[str]:
    path = "{*}qti-response-declaration/{*}qti-correct-response/{*}qti-value"
    return [value.text or "" for value in root.findall(path)]


def _prompt(interaction: etree._Element) -> str:
    prompt = interaction.find("{*}qti-prompt")
    return "" if prompt is None else inline_text(prompt)


def _choice(root: etree._Element, body: etree._Element, shown: etree._Element) -> ChoiceDraft:
    right = _correct(root)
    choices = (
        Choice(
            identifier=element.get("identifier", ""),
            text=inline_text(element),
            correct=element.get("identifier") in right,
            fixed=element.get("fixed") == "true",
        )
        for element in shown.findall("{*}qti-simple-choice")
    )
    return ChoiceDraft(
        **_common(root, body),
        question=_prompt(shown),
        choices=tuple(choices),
        multiple=shown.get("max-choices") != "1",
        shuffle=shown.get("shuffle") == "true",
        partial=root.find("{*}qti-response-declaration/{*}qti-mapping") is not None,
    )


def _text_entry(
    root: etree._Element, body: etree._Element, gap: etree._Element
) -> TextEntryDraft | None:
    paragraph = gap.getparent()
    if paragraph is None:
        return None
    score = _score(root)
    entries = root.findall("{*}qti-response-declaration/{*}qti-mapping/{*}qti-map-entry")
    answers = [
        Answer(entry.get("map-key", ""), float(entry.get("mapped-value", "0")) / score)
        for entry in entries
    ]
    equal = root.find(".//{*}qti-equal")
    return TextEntryDraft(
        **_common(root, body, without=paragraph),
        question=_with_gap(paragraph, gap),
        answers=tuple(answers or (Answer(value) for value in _correct(root))),
        case_sensitive=bool(entries) and entries[0].get("case-sensitive") == "true",
        tolerance=None if equal is None else float(equal.get("tolerance", "0")),
        expected_length=int(gap.get("expected-length", "20")),
    )


def _with_gap(paragraph: etree._Element, gap: etree._Element) -> str:
    before, after = etree.Element("p"), etree.Element("p")
    before.text, after.text = paragraph.text, gap.tail
    position = paragraph.index(gap)
    for index, child in enumerate(list(paragraph)):
        if index != position:
            (before if index < position else after).append(child)
    return f"{inline_text(before)}{GAP}{inline_text(after)}"
