"""Draws what many pages share: the boxes of an item map, and the tags of their scripts."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from delivery.session.boxes import MapEntry

register = template.Library()


@register.filter
def boxes(entries: Iterable[MapEntry]) -> SafeString:
    """Return the boxes as buttons that save first."""
    language = get_language()
    return SafeString("".join([_box(entry, language) for entry in entries]))


@lru_cache(maxsize=20_000)
def _box(entry: MapEntry, _language: str | None) -> str:
    context = {"entry": entry, "as_buttons": True}
    return f"<li>{render_to_string('candidate/_box.html', context)}</li>"


@register.filter
@lru_cache(maxsize=64)
def deferred(scripts: tuple[str, ...]) -> SafeString:
    """Return tags of scripts that run, in their order, when the page is read."""
    tag = '<script src="{}" defer></script>\n'
    return format_html_join("", tag, ((static(name),) for name in scripts))
