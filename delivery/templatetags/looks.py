"""Gives a candidate's pages the look of the candidate's own profile."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from delivery.models import Candidate
from delivery.people import needs

register = template.Library()


@register.simple_tag
def look_attributes(person: Any) -> SafeString:
    """Return what the root element says: whose look it is, and the theme it begins with.

    What the candidate then picks is remembered for this candidate, not for the device.
    """
    if not isinstance(person, Candidate) or not person.preferences:
        return SafeString("")
    theme = needs.look(person).theme
    said = format_html(' data-look-of="{}"', person.pk)
    return said + format_html(' data-theme="{}"', theme) if theme else said


@register.simple_tag
def look_sheet(person: Any) -> SafeString:
    """Return the link to the profile's stylesheet; nothing where it has none."""
    if not isinstance(person, Candidate) or not person.preferences:
        return SafeString("")
    look = needs.look(person)
    address = reverse("candidate:appearance", args=[look.version])
    return (
        format_html('<link rel="stylesheet" href="{}">', address) if look.sheet else SafeString("")
    )
