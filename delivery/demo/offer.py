"""The sittings of the demo, their candidates and who may watch them."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import User

from assembly.models import AssessmentTest, AssessmentTestVersion
from delivery.demo import cast, people
from delivery.demo.cast import Role
from delivery.models import Enrolment, Sitting
from delivery.people import roster
from integrity.models import LockdownPolicy
from integrity.policy import lockdown

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
    hour = at.replace(minute=0, second=0, microsecond=0)
    return {offer.key: _sitting(offer, versions[offer.test], proctor, hour) for offer in OFFERS}


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
        offline_pages=True,
    )
    sitting.proctors.add(proctor)
    return sitting


def _policy(name: str) -> LockdownPolicy:
    """The policy of that name; ours watches what a supervised exam does, on any device."""
    watched = {} if name == OPEN else lockdown.write_rules(lockdown.SUPERVISED_EXAM.watched)
    row, _ = LockdownPolicy.objects.get_or_create(name=name, version=1, defaults={"rules": watched})
    return row


def enrol(
    roles: Iterable[Role], offered: Mapping[str, Sitting], *, by: str, at: datetime
) -> dict[tuple[int, str], Enrolment]:
    """Import the roster of every sitting; the enrolments come by person and sitting."""
    by_sitting: dict[str, list[int]] = {}
    for role in roles:
        by_sitting.setdefault(role.sitting, []).append(role.person)
    for key, persons in by_sitting.items():
        roster.import_roster(offered[key], _csv(persons), by=by, at=at, dry_run=False)
    found = Enrolment.objects.select_related("sitting", "candidate")
    places = {(row.sitting_id, row.candidate.number): row for row in found}
    return {
        (role.person, role.sitting): places[offered[role.sitting].pk, people.number(role.person)]
        for role in roles
    }


def _csv(persons: Iterable[int]) -> bytes:
    """The roster as a school would send it."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(roster.COLUMNS)
    for n in persons:
        extra = cast.MULTIPLIERS.get(n, ""), cast.FIXED_MINUTES.get(n, "")
        unlimited = "yes" if n in cast.UNLIMITED else ""
        lines.writerow((people.number(n), people.NAMES[n], "", people.room(n), *extra, unlimited))
    return text.getvalue().encode()


def exists() -> bool:
    return AssessmentTest.objects.filter(identifier=OFFERS[0].test).exists() and (
        Sitting.objects.filter(title=OFFERS[0].title).exists()
    )
