"""Who does what in the demo: one part for each candidate of each sitting, in plain values."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import cycle
from typing import Final

EARLY, EXAM, PLACEMENT, PRACTICE = "early", "exam", "placement", "practice"


class End(StrEnum):
    """How a candidate's part stands when the demo opens."""

    ABSENT = "absent"
    NOT_STARTED = "not started"
    OPEN = "in progress"
    PAUSED = "paused by the proctor"
    PERMITTED = "paused, may go on"
    LEFT = "saved and left"
    COMPLETED = "completed"
    EXPIRED = "expired"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One candidate's part in one sitting; `ago` is how many minutes before now they started.

    `person` counts the names from 0; `share` is how much of the test they worked through;
    `ability` is on the logit scale; `code` is an access code that somebody may try by hand.
    """

    person: int
    sitting: str
    end: End
    ago: float = 0
    share: float = 0
    ability: float = 0
    events: tuple[str, ...] = ()
    words: str = ""
    extra_minutes: int = 0
    extra_percent: int = 0
    message: str = ""
    help: bool = False
    quiet: bool = False
    code: str = ""
    hint: str = ""


MULTIPLIERS: Final = {1: "1.25", 9: "1.5", 14: "1.25", 23: "1.5", 33: "1.25", 40: "1.25"}
FIXED_MINUTES: Final = {17: 10, 36: 15}
UNLIMITED: Final = frozenset({3, 44})
ABILITIES: Final = (1.5, 0.2, 2.2, 0.8, -0.5, 1.3, 2.6, 0.5, 1.8, -0.1, 1.0, -1.0)

_TRY: Final = (
    Role(
        person=0,
        sitting=EXAM,
        end=End.NOT_STARTED,
        code="AMBER-2026",
        hint="start the exam from its first page",
    ),
    Role(
        person=1,
        sitting=EXAM,
        end=End.NOT_STARTED,
        code="BIRCH-2026",
        hint="25 % extra time: see the reasons of the deadline",
    ),
    Role(
        person=2,
        sitting=EXAM,
        end=End.OPEN,
        ago=21,
        share=0.3,
        ability=1.2,
        code="CEDAR-2026",
        hint="come back to a running exam",
    ),
    Role(
        person=3,
        sitting=EXAM,
        end=End.NOT_STARTED,
        code="DELTA-2026",
        hint="unlimited time, closed by the window only",
    ),
    Role(
        person=4,
        sitting=EXAM,
        end=End.PAUSED,
        ago=34,
        share=0.4,
        ability=0.3,
        words="Fire drill in Hall A: everybody left the room.",
        code="EMBER-2026",
        hint="a pause, seen by the candidate; let them go on from the board",
    ),
    Role(
        person=5,
        sitting=EARLY,
        end=End.COMPLETED,
        share=1,
        ability=1.4,
        code="FJORD-2026",
        hint="a receipt and a released result",
    ),
    Role(
        person=6,
        sitting=PLACEMENT,
        end=End.NOT_STARTED,
        code="GROVE-2026",
        hint="the adaptive placement, and the practice",
    ),
    Role(
        person=7,
        sitting=PRACTICE,
        end=End.NOT_STARTED,
        code="HAZEL-2026",
        hint="practice with feedback, two attempts, no clock",
    ),
)
_TRY_MORE: Final = (Role(person=6, sitting=PRACTICE, end=End.NOT_STARTED),)


def roles() -> tuple[Role, ...]:
    """Every part of the demo, in the order in which they are played."""
    return (*_TRY, *_TRY_MORE, *_with_ability((*_today(), *_early(), *_other())))


def _with_ability(cast: tuple[Role, ...]) -> Iterator[Role]:
    for role, ability in zip(cast, cycle(ABILITIES), strict=False):
        yield replace(role, ability=ability)


def _today() -> Iterator[Role]:
    """The rest of today's exam: names 8 to 37."""
    waiting = (Role(person=n, sitting=EXAM, end=End.NOT_STARTED) for n in range(8, 13))
    paces = ((4, 0.05), (9, 0.12), (16, 0.25), (25, 0.28), (38, 0.5), (44, 0.45), (52, 0.7))
    working = (
        Role(person=13 + n, sitting=EXAM, end=End.OPEN, ago=ago, share=share)
        for n, (ago, share) in enumerate(paces)
    )
    yield from (*waiting, *working, *_incidents(), *_helped(), *_ended())


def _incidents() -> Iterator[Role]:
    """In progress, each with something that a proctor should see: names 20 to 23 and 26."""
    running = Role(person=20, sitting=EXAM, end=End.OPEN, ago=30, share=0.4)
    yield replace(running, person=20, ago=71, share=0.75, help=True)
    yield replace(running, person=21, events=("tab_hidden", "tab_visible") * 3)
    yield replace(running, person=22, ago=18, share=0.2, events=("copy_attempt",))
    yield replace(running, person=23, quiet=True, ago=41, share=0.5)
    yield replace(
        running,
        person=26,
        ago=27,
        share=0.3,
        message="Please keep the page of the exam in front; the calculator is built in.",
        events=("fullscreen_exit", "fullscreen_enter", "keyboard_shortcut"),
    )


def _helped() -> Iterator[Role]:
    """Given time, or held up by a pause: names 24, 25, 27 and 28."""
    running = Role(person=24, sitting=EXAM, end=End.OPEN, ago=30, share=0.4)
    yield replace(
        running,
        person=24,
        ago=55,
        share=0.6,
        extra_minutes=10,
        words="The computer had to be restarted.",
        events=("network_disconnect", "network_reconnect"),
    )
    yield replace(
        running,
        person=25,
        ago=12,
        share=0.15,
        extra_percent=10,
        words="Noise from the street in the first quarter of an hour.",
    )
    yield Role(
        person=27,
        sitting=EXAM,
        end=End.PERMITTED,
        ago=48,
        share=0.55,
        words="A nosebleed; looked after by the first-aid team.",
    )
    yield Role(
        person=28, sitting=EXAM, end=End.PAUSED, ago=63, share=0.65, words="The screen went dark."
    )


def _ended() -> Iterator[Role]:
    """Today's exam, already over: names 29 to 37."""
    for n, ago in enumerate((120, 135, 128, 150, 118)):
        yield Role(person=29 + n, sitting=EXAM, end=End.COMPLETED, ago=ago, share=1)
    for n, share in enumerate((0.8, 0.55)):
        yield Role(person=34 + n, sitting=EXAM, end=End.EXPIRED, ago=140 + n, share=share)
    yield Role(
        person=36,
        sitting=EXAM,
        end=End.TERMINATED,
        ago=110,
        share=0.45,
        events=("tab_hidden", "tab_visible", "tab_hidden", "tab_visible"),
        words="A phone was in use on the desk, after two warnings.",
    )
    yield Role(
        person=37,
        sitting=EXAM,
        end=End.TERMINATED,
        ago=100,
        share=0.3,
        words="Taken ill; will sit the exam again in spring.",
    )


def _early() -> Iterator[Role]:
    """The group whose window is over: names 38 to 57."""
    for n in range(38, 51):
        yield Role(person=n, sitting=EARLY, end=End.COMPLETED, share=1)
    for n, share in ((51, 0.7), (52, 0.85)):
        yield Role(person=n, sitting=EARLY, end=End.EXPIRED, share=share)
    yield Role(
        person=53,
        sitting=EARLY,
        end=End.TERMINATED,
        share=0.4,
        words="Notes were found under the desk.",
    )
    for n in range(54, 58):
        yield Role(person=n, sitting=EARLY, end=End.ABSENT)


def _other() -> Iterator[Role]:
    """Placement and practice, by people who also sit the exam and by the last two names."""
    for n, ago in ((38, 90), (39, 75), (40, 200), (41, 160), (58, 40)):
        yield Role(person=n, sitting=PLACEMENT, end=End.COMPLETED, ago=ago, share=1)
    for n, ago, share in ((42, 6, 0.3), (43, 3, 0.2)):
        yield Role(person=n, sitting=PLACEMENT, end=End.OPEN, ago=ago, share=share)
    for n in (59, 8):
        yield Role(person=n, sitting=PLACEMENT, end=End.NOT_STARTED)
    for n, ago in ((44, 300), (45, 240)):
        yield Role(person=n, sitting=PRACTICE, end=End.COMPLETED, ago=ago, share=1)
    for n, ago, share in ((46, 90, 0.6), (58, 30, 0.4)):
        yield Role(person=n, sitting=PRACTICE, end=End.LEFT, ago=ago, share=share)
    for n in (59, 9):
        yield Role(person=n, sitting=PRACTICE, end=End.NOT_STARTED)
