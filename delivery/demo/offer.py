"""The sittings of the demo, their candidates and who may watch them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.contrib.auth.models import User

from assembly.models import AssessmentTest, AssessmentTestVersion
from delivery.demo import cast, people
from delivery.demo.cast import Role
from delivery.models import Candidate, Enrolment, Sitting
from integrity import lockdown
from integrity.models import LockdownPolicy

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
WATCHED, OPEN = "Watched, nothing required", "Open practice"


@dataclass(frozen=True, slots=True)
class Offer:
    """One sitting to be: when it opens and closes is counted from now."""

    key: str
    title: str
    test: str
    opens: timedelta | None
    closes: timedelta | None
    policy: str
    release: str
    attempts: int = 1
    leaving: bool = False


OFFERS: Final = (
    Offer(
        cast.EARLY,
        "Autumn examination: early group",
        "autumn-exam",
        -28 * HOUR,
        -23 * HOUR,
        WATCHED,
        Sitting.Release.CLOSING,
    ),
    Offer(
        cast.EXAM,
        "Autumn examination: Earth science and mathematics",
        "autumn-exam",
        -4 * HOUR,
        7 * DAY,
        WATCHED,
        Sitting.Release.MANUAL,
    ),
    Offer(
        cast.PLACEMENT,
        "Number sense: adaptive placement",
        "number-sense",
        -1 * DAY,
        14 * DAY,
        OPEN,
        Sitting.Release.SUBMISSION,
    ),
    Offer(
        cast.PRACTICE,
        "Open practice: a bit of everything",
        "open-practice",
        None,
        None,
        OPEN,
        Sitting.Release.SUBMISSION,
        attempts=2,
        leaving=True,
    ),
)


def sittings(
    versions: Mapping[str, AssessmentTestVersion], proctor: User, at: datetime
) -> dict[str, Sitting]:
    """Make the sittings; the proctor watches all of them."""
    return {offer.key: _sitting(offer, versions[offer.test], proctor, at) for offer in OFFERS}


def _sitting(offer: Offer, version: AssessmentTestVersion, proctor: User, at: datetime) -> Sitting:
    sitting = Sitting.objects.create(
        title=offer.title,
        test_version=version,
        opens_at=None if offer.opens is None else at + offer.opens,
        closes_at=None if offer.closes is None else at + offer.closes,
        lockdown=_policy(offer.policy),
        release=offer.release,
        attempt_limit=offer.attempts,
        leaving=offer.leaving,
    )
    sitting.proctors.add(proctor)
    return sitting


def _policy(name: str) -> LockdownPolicy:
    """The policy of that name; ours watches what a supervised exam does, on any device."""
    watched = {} if name == OPEN else lockdown.write_rules(lockdown.SUPERVISED_EXAM.watched)
    row, _ = LockdownPolicy.objects.get_or_create(name=name, version=1, defaults={"rules": watched})
    return row


def candidates() -> dict[int, Candidate]:
    """Make everybody, with their accommodations."""
    made = {}
    for n, name in enumerate(people.NAMES):
        user = User.objects.create_user(username=f"candidate-{people.number(n)}")
        made[n] = Candidate.objects.create(
            user=user,
            number=people.number(n),
            name=name,
            time_multiplier=Decimal(cast.MULTIPLIERS.get(n, "1")),
            fixed_minutes=cast.FIXED_MINUTES.get(n, 0),
            unlimited=n in cast.UNLIMITED,
        )
    return made


def enrol(
    roles: Iterable[Role],
    offered: Mapping[str, Sitting],
    persons: Mapping[int, Candidate],
) -> dict[tuple[int, str], Enrolment]:
    """Give every role its place, named by person and sitting."""
    return {
        (role.person, role.sitting): Enrolment.objects.create(
            sitting=offered[role.sitting],
            candidate=persons[role.person],
            room=people.room(role.person),
        )
        for role in roles
    }


def exists() -> bool:
    return AssessmentTest.objects.filter(identifier=OFFERS[0].test).exists() and (
        Sitting.objects.filter(title=OFFERS[0].title).exists()
    )
