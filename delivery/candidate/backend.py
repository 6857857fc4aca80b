"""Signs candidates in by their access code; they have no password."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from delivery.people import codes
from delivery.queries.prepared import Prepared

PATH: Final = "delivery.candidate.backend.AccessCodeBackend"


def _active(user_id: int) -> QuerySet[User]:
    return User.objects.filter(pk=user_id, is_active=True, candidate__isnull=False)


# With every request of every candidate.
_candidates_user: Final = Prepared(_active, -1)


class AccessCodeBackend(BaseBackend):
    """Knows a candidate by the access code; a launch link signs in through it, too."""

    def authenticate(
        self, request: HttpRequest | None, access_code: str | None = None, **other: Any
    ) -> User | None:
        if not access_code:
            return None
        candidate = codes.candidate_for_code(access_code)
        if candidate is None or not candidate.user.is_active:
            return None
        user: User = candidate.user
        return user

    def get_user(self, user_id: int) -> User | None:
        return _candidates_user.one(int(user_id))


def signed_in(session_key: str | None) -> HttpRequest:
    """Return a request that knows its sign-in alone, for who asks without one, as a socket does."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return request


def is_claimed(request: HttpRequest) -> bool:
    """Tell whether the request comes with a candidate's sign-in, valid or not."""
    return bool(request.session.get(BACKEND_SESSION_KEY) == PATH)


@lru_cache(maxsize=20_000)
def _auth_hash(password: str, _secret: str) -> str:
    """Return the hash that a sign-in has of its user's password."""
    return User(password=password).get_session_auth_hash()


def accepts(request: HttpRequest, candidates_user: User) -> bool:
    """Take an account that is read already as the request's user, if the sign-in is its own.

    The same questions as `django.contrib.auth.get_user` asks; without a clear yes that asks again.
    """
    session = request.session
    signed = session.get(HASH_SESSION_KEY) or ""
    own = (
        is_claimed(request)
        and candidates_user.is_active
        and session.get(SESSION_KEY) == str(candidates_user.pk)
        and constant_time_compare(signed, _auth_hash(candidates_user.password, settings.SECRET_KEY))
    )
    if own:
        request._cached_user = candidates_user  # type: ignore[attr-defined]  # noqa: SLF001  (Django's own place)
    return own
