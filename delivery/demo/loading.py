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
from delivery import sittings
from delivery.demo import accounts, cast, offer, people, play, signins
from delivery.demo.cast import End, Role
from delivery.demo.signins import SignIn
from delivery.models import Candidate, Enrolment, Sitting

BANK: Final = Path(__file__).parent / "bank"
TESTS: Final = ("autumn-exam", "number-sense", "open-practice")
Say = Callable[[str], None]


class DemoError(Exception):
    """The demo cannot be loaded; the message is a full sentence."""


def load(at: datetime, say: Say) -> tuple[SignIn, ...]:
    """Load the demo where it is absent; returns the sign-ins, the kept ones where it stands."""
    if offer.exists():
        say("The demo is loaded already.")
        return signins.kept() or _again()
    roles = cast.roles()
    with _step(say, "Users with new passwords"):
        doors = accounts.make()
    staff, proctor = (User.objects.get(username=name) for name in ("staff", "proctor"))
    with _step(say, "Item bank and tests"):
        versions = _publish(f"user:{staff.pk}", at)
    with _step(say, f"{len(offer.OFFERS)} sittings"), transaction.atomic():
        offered = offer.sittings(versions, proctor, at)
    with _step(say, "Candidates and rosters"), transaction.atomic():
        persons = offer.candidates()
        places = offer.enrol(roles, offered, persons)
        tries = tuple(_codes(roles, offered, persons, f"user:{staff.pk}", at))
    with _step(say, "Sessions of 60 candidates"):
        _play(roles, places, proctor, at)
    signins.keep((*tries, *doors))
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
    roles: tuple[Role, ...],
    offered: Mapping[str, Sitting],
    persons: Mapping[int, Candidate],
    by: str,
    at: datetime,
) -> Iterator[SignIn]:
    for role in roles:
        if role.code:
            candidate = persons[role.person]
            sittings.set_access_code(candidate, role.code, by=by, at=at)
            hint = f"{offered[role.sitting].title}: {role.hint}"
            yield SignIn("/", candidate.name, role.code, hint)


def _play(
    roles: tuple[Role, ...], places: Mapping[tuple[int, str], Enrolment], by: User, at: datetime
) -> None:
    """Each role in one transaction of its own: the verbs' own ones nest in it."""
    for role in roles:
        if role.end not in {End.ABSENT, End.NOT_STARTED}:
            with transaction.atomic():
                play.play(role, places[role.person, role.sitting], by, at)


def _again() -> tuple[SignIn, ...]:
    """The table was lost, the data was not: staff get new passwords, access codes stay."""
    tries = tuple(
        SignIn("/", people.NAMES[role.person], role.code, role.hint)
        for role in cast.roles()
        if role.code
    )
    doors = accounts.make()
    signins.keep((*tries, *doors))
    return (*tries, *doors)
