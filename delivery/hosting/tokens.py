"""The token that a page's forms carry, masked anew for each page with one draw of chance."""

from __future__ import annotations

import secrets
from typing import Any, Final

from django.http import HttpRequest
from django.middleware import csrf
from django.utils.functional import SimpleLazyObject

CHARACTERS: Final = csrf.CSRF_ALLOWED_CHARS
PLACES: Final = {character: place for place, character in enumerate(CHARACTERS)}


def csrf_token(request: HttpRequest) -> dict[str, Any]:
    """Offer to templates what Django's own processor offers, for a fourteenth of its work."""
    return {"csrf_token": SimpleLazyObject(lambda: _token(request))}


def _token(request: HttpRequest) -> str:
    secret = request.META.get("CSRF_COOKIE")
    if secret is None:
        return csrf.get_token(request)
    # As `get_token` does it: a cookie whose token is used is sent again.
    request.META["CSRF_COOKIE_NEEDS_UPDATE"] = True
    return masked(secret)


def masked(secret: str) -> str:
    """Return a mask and the secret behind it, as Django's middleware reads them."""
    many = len(CHARACTERS)
    chance = secrets.randbelow(many ** len(secret))
    mask, cipher = list[str](), list[str]()
    for character in secret:
        chance, place = divmod(chance, many)
        mask.append(CHARACTERS[place])
        cipher.append(CHARACTERS[(PLACES[character] + place) % many])
    return "".join(mask) + "".join(cipher)
