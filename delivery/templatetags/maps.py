"""Draws the boxes of an item map: a box looks the same for everybody to whom the same happened."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from delivery.session.desk import MapEntry

register = template.Library()


@register.filter
def boxes(entries: Iterable[MapEntry]) -> SafeString:
    """Return the boxes as buttons that save first."""
    language = get_language()
    return SafeString("".join(_box(entry, language) for entry in entries))


@lru_cache(maxsize=20_000)
def _box(entry: MapEntry, _language: str | None) -> str:
    context = {"entry": entry, "as_buttons": True}
    return f"<li>{render_to_string('candidate/_box.html', context)}</li>"
