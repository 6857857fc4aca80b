"""The authoring forms' little language: paragraphs, *emphasis*, **importance**, x^2^, H~2~O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

QTI = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"

MARKS = {"**": "strong", "*": "em", "^": "sup", "~": "sub"}
NAMES = {name: mark for mark, name in MARKS.items()}
TOKEN = re.compile(r"\\([*^~\\])|(\*\*|\*|\^|~)|([^\\*^~]+|\\)")


def append_inline(parent: etree._Element, text: str) -> None:
    """Put a line's text and marks into an element; a mark that is never closed stays as it is."""
    stack: list[tuple[str, etree._Element]] = [("", parent)]
    tokens = list(TOKEN.finditer(text))
    for index, token in enumerate(tokens):
        mark = token[2]
        if not mark:
            _add_text(stack[-1][1], token[1] or token[3])
        elif stack[-1][0] == mark:
            stack.pop()
        elif mark not in {open_mark for open_mark, _ in stack} and _closes(
            tokens[index + 1 :], mark
        ):
            stack.append((mark, etree.SubElement(stack[-1][1], f"{{{QTI}}}{MARKS[mark]}")))
        else:
            _add_text(stack[-1][1], mark)


def _closes(tokens: Iterable[re.Match[str]], mark: str) -> bool:
    return any(token[2] == mark for token in tokens)


def _add_text(element: etree._Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def append_paragraphs(parent: etree._Element, text: str) -> None:
    for paragraph in paragraphs(text):
        append_inline(etree.SubElement(parent, f"{{{QTI}}}p"), paragraph)


def paragraphs(text: str) -> list[str]:
    """What blank lines divide; single line breaks are spaces."""
    found = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return [" ".join(part.split()) for part in found if part.strip()]


def inline_text(element: etree._Element) -> str:
    """The text that `append_inline` would make this element's content from."""
    return "".join(_pieces(element))


def _pieces(element: etree._Element) -> Iterator[str]:
    yield _escaped(element.text)
    for child in element:
        mark = NAMES.get(etree.QName(child).localname, "")
        yield mark
        yield from _pieces(child)
        yield mark
        yield _escaped(child.tail)


def _escaped(text: str | None) -> str:
    return re.sub(r"([*^~\\])", r"\\\1", text or "")
