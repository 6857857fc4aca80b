"""Who may try an access code: failures are counted per origin and per beginning of the code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from delivery.models import SignInFailure
from delivery.rules import clock, refusals
from delivery.rules.refusals import GRANTED, Permission, Reason

SPAN: Final = timedelta(minutes=10)
# A whole examination room may share one address; one code's beginning belongs to one person.
MOST_PER_ADDRESS: Final = 60
MOST_PER_PREFIX: Final = 8
PREFIX: Final = 4


def keys(address: str, code: str) -> Mapping[str, int]:
    """Return what a try is counted under, each with its limit; nothing readable is kept."""
    beginning = "".join(filter(str.isalnum, code)).upper()[:PREFIX]
    return {
        _digest("address", address): MOST_PER_ADDRESS,
        _digest("prefix", beginning): MOST_PER_PREFIX,
    }


def may_try(address: str, code: str, at: datetime) -> Permission:
    """Ask whether another access code may be tried from here now."""
    return _may_try(keys(address, code), at)


def may_try_room(enrolment: int, at: datetime) -> Permission:
    """Ask whether a candidate may try another code of a room now."""
    return _may_try({_digest("room", str(enrolment)): MOST_PER_PREFIX}, at)


def failed_room(enrolment: int, at: datetime) -> None:
    """Count a wrong code of a room."""
    SignInFailure.objects.create(key=_digest("room", str(enrolment)), at=at)


def may_look_up(address: str, at: datetime) -> Permission:
    """Ask whether another receipt may be looked up from here now."""
    return _may_try({_digest("receipt", address): MOST_PER_ADDRESS}, at)


def failed_look_up(address: str, at: datetime) -> None:
    """Count a receipt that nobody has."""
    SignInFailure.objects.create(key=_digest("receipt", address), at=at)


def _may_try(limits: Mapping[str, int], at: datetime) -> Permission:
    for key, most in limits.items():
        recent = SignInFailure.objects.filter(key=key, at__gt=at - SPAN).order_by("-at")
        times = list(recent.values_list("at", flat=True)[:most])
        if len(times) >= most:
            again = times[-1] + SPAN
            words = clock.time_of(again, timezone.get_current_timezone())
            return refusals.refuse(Reason.TOO_MANY_TRIES, at=words)
    return GRANTED


def failed(address: str, code: str, at: datetime) -> None:
    """Count a wrong access code, and forget those that no longer matter."""
    with transaction.atomic():
        SignInFailure.objects.filter(at__lte=at - SPAN).delete()
        SignInFailure.objects.bulk_create(
            SignInFailure(key=key, at=at) for key in keys(address, code)
        )


def _digest(kind: str, value: str) -> str:
    return salted_hmac(
        f"delivery.people.throttle.{kind}", value, settings.SECRET_KEY, algorithm="sha256"
    ).hexdigest()
