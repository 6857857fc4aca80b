"""Loads the demo step by step: the bank, the tests, the people, the sittings, what they did."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction

from assembly import bank
from assembly.models import AssessmentTest, AssessmentTestVersion
from delivery.demo import accounts, cast, offer, people, play, signins
from delivery.demo.cast import Role
from delivery.demo.signins import SignIn
from delivery.models import Enrolment
from delivery.people import codes

BANK: Final = Path(__file__).parent / "bank"
TESTS: Final = ("autumn-exam", "number-sense", "open-practice")
Say = Callable[[str], None]


class DemoError(Exception):
    """The demo cannot be loaded; the message is a full sentence."""


def load(at: datetime, say: Say) -> tuple[SignIn, ...]:
    """Load the demo where it is absent; returns the sign-ins, the kept ones where it stands."""
    if offer.exists():
        say("loaded already; its data is kept")
        return signins.kept() or _again()
    with transaction.atomic():
        doors = _load(at, say)
    signins.keep(doors)
    return doors


def _load(at: datetime, say: Say) -> tuple[SignIn, ...]:
    roles = cast.roles()
    with _step(say, "Users with new passwords"):
        doors = accounts.make()
    staff, proctor = (User.objects.get(username=name) for name in ("staff", "proctor"))
    by = f"user:{staff.pk}"
    with _step(say, "Item bank and tests"):
        versions = _publish(by, at)
    with _step(say, f"{len(offer.OFFERS)} sittings"):
        offered = offer.sittings(versions, proctor, at)
    with _step(say, "Candidates by their rosters"):
        places = offer.enrol(roles, offered, by=by, at=at)
        tries = tuple(_codes(roles, places, by, at))
    with _step(say, "Their sessions, played by the real verbs"):
        play.play(roles, places, proctor, at)
    return (*tries, *doors)


@contextmanager
def _step(say: Say, name: str) -> Iterator[None]:
    began = monotonic()
    yield
    say(f"{name} ({monotonic() - began:.1f} s)")


def _publish(by: str, at: datetime) -> dict[str, AssessmentTestVersion]:
    report = bank.import_package(BANK, by=by, at=at)
    refused = [row for row in (*report.items, *report.tests) if row.outcome == "refused"]
    if refused:
        raise DemoError(
            f"The demo's bank was refused: {refused[0].identifier}: {refused[0].message}"
        )
    tests = AssessmentTest.objects.filter(identifier__in=TESTS)
    return {test.identifier: bank.publish(test, by=by, at=at) for test in tests}


def _codes(
    roles: tuple[Role, ...], places: Mapping[tuple[int, str], Enrolment], by: str, at: datetime
) -> Iterator[SignIn]:
    for role in roles:
        if role.code:
            place = places[role.person, role.sitting]
            codes.issue_access_code(place.candidate, by=by, at=at, code=role.code)
            yield _door(role)


def _again() -> tuple[SignIn, ...]:
    """The table was lost, the data was not: staff get new passwords, access codes stay."""
    tries = tuple(_door(role) for role in cast.roles() if role.code)
    doors = accounts.make()
    signins.keep((*tries, *doors))
    return (*tries, *doors)


def _door(role: Role) -> SignIn:
    title = next(one.title for one in offer.OFFERS if one.key == role.sitting)
    return SignIn("/", people.NAMES[role.person], role.code, f"{title} - {role.hint}")
