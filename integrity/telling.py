"""An entry as a sentence: upper layers provide a template for each kind of theirs."""

import json
import re
from typing import Any

from django.template import TemplateSyntaxError
from django.template.loader import render_to_string, select_template
from django.utils.safestring import SafeString

from integrity import words
from integrity.chain import Entry

SAFE_KIND = re.compile(r"[a-z0-9]+([._][a-z0-9]+)*")
UNREADABLE = "auditor/kinds/_unreadable.html"
FALLBACK = "auditor/kinds/_any.html"


class Teller:
    """Tells entries of one stream in their order, looking each kind's template up once."""

    def __init__(self) -> None:
        self._templates: dict[str, str] = {}
        self._words: dict[str, dict[int, dict[str, str]]] = {}

    def sentence(self, entry: Entry) -> SafeString:
        payload = _payload(entry)
        if payload is None:
            return render_to_string(UNREADABLE, {"entry": entry})
        if entry.kind not in self._templates:
            self._templates[entry.kind] = _template(entry.kind)
        payload |= self._written(entry, payload)
        # In a template, payload.items would be the payload's own "items" where it has one.
        context = {"entry": entry, "payload": payload, "pairs": list(payload.items())}
        try:
            return render_to_string(self._templates[entry.kind], context)
        except (TypeError, ValueError, OverflowError, TemplateSyntaxError):
            # A forged payload fits no sentence.
            return render_to_string(FALLBACK, context)

    def _written(self, entry: Entry, payload: dict[str, Any]) -> dict[str, str]:
        """The words whose digests the entry has, where they were not erased."""
        if not any(name.endswith(words.DIGEST) for name in payload):
            return {}
        if entry.stream not in self._words:
            self._words |= words.of(entry.stream)
        return self._words[entry.stream].get(entry.seq, {})


def _payload(entry: Entry) -> dict[str, Any] | None:
    try:
        payload = json.loads(entry.body)
    except ValueError:  # somebody edited it, and badly
        return None
    return payload if isinstance(payload, dict) else None


def _template(kind: str) -> str:
    if not SAFE_KIND.fullmatch(kind):
        return FALLBACK
    found = select_template([f"auditor/kinds/{kind}.html", FALLBACK])
    return str(found.template.name)
