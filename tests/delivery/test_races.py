"""A table of races: two acts that meet, in either order and at the same moment, and what is right.

Each act carries when the server received it, so the outcome is a fact and not a matter of luck: in
one order, in the other, and, on PostgreSQL, in two threads that begin together. Where the order
may show, the table says which outcome belongs to which order, and the threads must give one of
the two, whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.db import connection

from delivery.models import (
    AssessmentSession,
    ItemSession,
    Outage,
    Quarantine,
    ResponseRevision,
    State,
    TimeAdjustment,
)
from delivery.rules.refusals import Refusal
from delivery.saving import quarantine, responses
from delivery.saving.responses import Save, Saved
from delivery.seat import leases, silence
from delivery.seat.leases import Asker
from delivery.session import desk, expiry, interventions, moves, scoring, sessions
from delivery.session.sessions import PausedBy
from delivery.sitting import outages, proctoring
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS: Final = 3
# What every story begins with, and what a second look at the same story would only repeat.
OPENING: Final = ("session.created", "session.started", "item.entered")


@dataclass
class Scene:
    """One session of an hour from noon on, its proctors, and one save that two may send."""

    session: AssessmentSession
    proctor: User
    other: User
    save: Save


Act = Callable[[Scene], object]


@dataclass(frozen=True)
class Outcome:
    """How it stands afterwards: state, end, time given, answers, kept aside, story, both replies.

    Times in seconds past noon. The story leaves its opening out.
    """

    state: str
    ends: float | None
    answers: str
    story: str
    replies: tuple[str, str]
    aside: str = ""


@dataclass(frozen=True)
class Race:
    """Two acts and what is right: with the first one first, and, if it differs, the other way."""

    name: str
    first: Act
    second: Act
    forth: Outcome
    back: Outcome | None = None
    given: Act | None = None
    sitting: tuple[tuple[str, Any], ...] = ()


def save_at(seconds: float, item: str = "Q1", value: str = "A") -> Act:
    def act(scene: Scene) -> object:
        made = factories.save(scene.session, item, value, received_at=after(seconds))
        return responses.save([made])[0]

    return act


def same_save(scene: Scene) -> object:
    return responses.save([scene.save])[0]


def submit_at(seconds: float) -> Act:
    return lambda scene: sessions.complete(
        scene.session.pk, after(seconds), by="candidate:1", confirmed=True
    )


@dataclass(frozen=True)
class Sweep:
    """The sweep leaves alone what is locked and comes again: a second later, in production."""

    seconds: float

    def __call__(self, scene: Scene) -> str:
        expiry.sweep(after(self.seconds))
        return "swept"


def pause_at(seconds: float, by: str = PausedBy.PROCTOR) -> Act:
    return lambda scene: sessions.pause(
        scene.session.pk, paused_by=by, reason="x", by="user:1", at=after(seconds)
    )


def resume_at(seconds: float) -> Act:
    return lambda scene: sessions.resume(scene.session.pk, after(seconds), by="candidate:1")


def extend_at(seconds: float, minutes: int = 10) -> Act:
    return lambda scene: interventions.extend(
        scene.session.pk, ms=minutes * 60_000, reason="x", by=scene.proctor, at=after(seconds)
    )


def terminate_at(seconds: float) -> Act:
    return lambda scene: interventions.terminate(
        scene.session.pk, reason="x", by=scene.proctor, at=after(seconds)
    )


def reopen_at(seconds: float) -> Act:
    return lambda scene: interventions.reopen(
        scene.session.pk, ms=60_000, reason="x", by=scene.proctor, at=after(seconds)
    )


def take_over_at(seconds: float, device: str) -> Act:
    return lambda scene: leases.take_over(
        scene.session.pk, Asker(device, device), by="candidate:1", at=after(seconds)
    )


def start_at(seconds: float) -> Act:
    def act(scene: Scene) -> AssessmentSession:
        enrolled = scene.session.candidate.enrolments.get()
        return sessions.start(enrolled.pk, after(seconds), by="candidate:1")

    return act


def extend_seen(scene: Scene) -> str:
    """A proctor's form that saw no time given yet."""
    pk = scene.session.pk
    act = proctoring.Extend("x", ms=600_000, seen_ms={pk: 0})
    [result] = proctoring.apply(act, [pk], scene.proctor, after(90))
    return str(result.refusal.reason) if result.refusal else "done"


def credit(scene: Scene) -> str:
    outage = Outage.objects.get()
    done = outages.credit(
        outage,
        scene.session.sitting,
        {scene.session.pk},
        reason="x",
        by=scene.proctor,
        at=after(90),
    )
    return ",".join(str(one.refusal.reason) if one.refusal else "done" for one in done)


def outage(scene: Scene) -> None:
    Outage.objects.create(began_at=after(20), ended_at=after(80))


def silenced(scene: Scene) -> str:
    return f"{silence.sweep(after(90))} paused"


def silent_page(scene: Scene) -> None:
    AssessmentSession.objects.filter(pk=scene.session.pk).update(writer="page", epoch=1)


def score_at(seconds: float) -> Act:
    def act(scene: Scene) -> str:
        scoring.score(scene.session.pk, after(seconds))
        return "scored"

    return act


def late_answer(scene: Scene) -> None:
    """An answer in quarantine that somebody proposed to admit."""
    submit_at(64)(scene)
    save_at(70)(scene)
    [kept] = Quarantine.objects.all()
    quarantine.propose(kept.pk, reason="x", by=scene.proctor, at=after(80))


def admit_answer(scene: Scene) -> str:
    [kept] = Quarantine.objects.all()
    quarantine.admit(kept.pk, by=scene.other, at=after(90))
    return "admitted"


def answered_and_submitted(scene: Scene) -> None:
    save_at(60)(scene)
    submit_at(64)(scene)


def paused(scene: Scene) -> None:
    pause_at(64, PausedBy.CANDIDATE)(scene)


def go_to(item: str, seconds: float) -> Act:
    return lambda scene: (
        moves.enter(scene.session.pk, item, after(seconds), by="candidate:1").session
    )


RUNS = "in_progress"
RACES = [
    Race(
        "time up during submit: in the grace a submission counts, after an ending it changes none",
        submit_at(3604),
        Sweep(3606),
        Outcome("completed", 3600, "", "session.completed", ("completed", "swept")),
        Outcome("expired", 3600, "", "session.expired", ("expired", "swept")),
    ),
    Race(
        "time up during a submit that came too late: expired at the deadline, whoever asks",
        submit_at(3606),
        Sweep(3606),
        Outcome("expired", 3600, "", "session.expired", ("expired", "swept")),
    ),
    Race(
        "time up during a save received in the grace: the answer counts",
        save_at(3604),
        Sweep(3606),
        Outcome("expired", 3600, "Q1=A", "response.saved session.expired", ("saved", "swept")),
        Outcome("expired", 3600, "Q1=A", "session.expired response.saved", ("saved", "swept")),
    ),
    Race(
        "time up during a save received too late: kept aside",
        save_at(3606),
        Sweep(3607),
        Outcome(
            "expired",
            3600,
            "",
            "response.quarantined session.expired",
            ("out_of_time", "swept"),
            "Q1=A out_of_time",
        ),
        Outcome(
            "expired",
            3600,
            "",
            "session.expired response.quarantined",
            ("out_of_time", "swept"),
            "Q1=A out_of_time",
        ),
    ),
    Race(
        "pause during save: what was received before it counts",
        save_at(63),
        pause_at(64),
        Outcome("paused", None, "Q1=A", "response.saved session.paused", ("saved", "paused")),
        Outcome("paused", None, "Q1=A", "session.paused response.saved", ("saved", "paused")),
    ),
    Race(
        "pause during a save that was on its way: five seconds are let through",
        save_at(68),
        pause_at(64),
        Outcome("paused", None, "Q1=A", "response.saved session.paused", ("saved", "paused")),
        Outcome("paused", None, "Q1=A", "session.paused response.saved", ("saved", "paused")),
    ),
    Race(
        "pause during submit: the first of the two is done, the other is told",
        submit_at(64),
        pause_at(64),
        Outcome("completed", 64, "", "session.completed", ("completed", "not_running")),
        Outcome("paused", None, "", "session.paused", ("paused!", "paused")),
    ),
    Race(
        "two pauses: one clock stands once",
        pause_at(64),
        pause_at(64),
        Outcome("paused", None, "", "session.paused", ("paused", "already_paused")),
        Outcome("paused", None, "", "session.paused", ("already_paused", "paused")),
    ),
    Race(
        "extension at 0:00 and the sweep: given before the end it counts, after it it is refused",
        extend_at(3603),
        Sweep(3606),
        Outcome(RUNS, 4200, "", "time.extended", (RUNS, "swept")),
        Outcome("expired", 3600, "", "session.expired", ("not_running", "swept")),
    ),
    Race(
        "extension at 0:00 and the page that asks whether it is over: it is not",
        extend_at(3602),
        lambda scene: sessions.close_due(scene.session.pk, after(3602)),
        Outcome(RUNS, 4200, "", "time.extended", (RUNS, RUNS)),
    ),
    Race(
        "extension during submit: a submitted test has no use for time",
        extend_at(64),
        submit_at(64),
        Outcome("completed", 64, "", "time.extended session.completed", (RUNS, "completed")),
        Outcome("completed", 64, "", "session.completed", ("not_running", "completed")),
    ),
    Race(
        "the same extension by two forms: the time is given once",
        extend_seen,
        extend_seen,
        Outcome(RUNS, 4200, "", "time.extended", ("done", "changed_meanwhile")),
        Outcome(RUNS, 4200, "", "time.extended", ("changed_meanwhile", "done")),
    ),
    Race(
        "the same outage credited by two proctors: the time is given once",
        credit,
        credit,
        Outcome(RUNS, 3660, "", "time.extended", ("done", "already_credited")),
        Outcome(RUNS, 3660, "", "time.extended", ("already_credited", "done")),
        given=outage,
    ),
    Race(
        "takeover during submit: the test is submitted, and nobody takes over what has ended",
        take_over_at(64, "tablet"),
        submit_at(64),
        Outcome("completed", 64, "", "lease.claimed session.completed", (RUNS, "completed")),
        Outcome("completed", 64, "", "session.completed", ("not_running", "completed")),
    ),
    Race(
        "two takeovers: both are served in turn, the later one holds the lease",
        take_over_at(64, "tablet"),
        take_over_at(64, "laptop"),
        Outcome(RUNS, 3600, "", "lease.claimed lease.claimed", (RUNS, RUNS)),
    ),
    Race(
        "terminate during save: what was received before it is kept",
        save_at(63),
        terminate_at(64),
        Outcome(
            "terminated", 64, "Q1=A", "response.saved session.terminated", ("saved", "terminated")
        ),
        Outcome(
            "terminated", 64, "Q1=A", "session.terminated response.saved", ("saved", "terminated")
        ),
    ),
    Race(
        "submit during save: what was received before it counts",
        save_at(63),
        submit_at(64),
        Outcome(
            "completed", 64, "Q1=A", "response.saved session.completed", ("saved", "completed")
        ),
        Outcome(
            "completed", 64, "Q1=A", "session.completed response.saved", ("saved", "completed")
        ),
    ),
    Race(
        "terminate during submit: the test ends once, by whoever was first",
        terminate_at(64),
        submit_at(64),
        Outcome("terminated", 64, "", "session.terminated", ("terminated", "terminated")),
        Outcome("completed", 64, "", "session.completed", ("not_running", "completed")),
    ),
    Race(
        "terminate during time up: the test ends once",
        terminate_at(3606),
        Sweep(3606),
        Outcome("terminated", 3606, "", "session.terminated", ("terminated", "swept")),
        Outcome("expired", 3600, "", "session.expired", ("not_running", "swept")),
    ),
    Race(
        "double submit: submitted once, and both are told so",
        submit_at(64),
        submit_at(65),
        Outcome("completed", 64, "", "session.completed", ("completed", "completed")),
        Outcome("completed", 65, "", "session.completed", ("completed", "completed")),
    ),
    Race(
        "two starts: one session, which both get",
        start_at(1),
        start_at(2),
        Outcome(RUNS, 3600, "", "", (RUNS, RUNS)),
    ),
    Race(
        "start and sweep: a test that runs is not begun anew",
        start_at(3606),
        Sweep(3606),
        Outcome("expired", 3600, "", "session.expired", (RUNS, "swept")),
        Outcome("expired", 3600, "", "session.expired", ("no_attempts_left", "swept")),
    ),
    Race(
        "resume and expiry: a window that does not wait ends the test at its close either way",
        resume_at(3590),
        Sweep(3606),
        Outcome(
            "expired", 3600, "", "session.paused session.resumed session.expired", (RUNS, "swept")
        ),
        Outcome("expired", 3600, "", "session.paused session.expired", ("not_paused", "swept")),
        given=paused,
        sitting=(("leaving", True), ("closes_at", after(3600))),
    ),
    Race(
        "two resumes: the clock runs once from the first",
        resume_at(70),
        resume_at(70),
        Outcome(RUNS, 3606, "", "session.paused session.resumed", (RUNS, RUNS)),
        given=paused,
        sitting=(("leaving", True),),
    ),
    Race(
        "resume and terminate: ended, whoever was first",
        resume_at(70),
        terminate_at(70),
        Outcome(
            "terminated",
            70,
            "",
            "session.paused session.resumed session.terminated",
            (RUNS, "terminated"),
        ),
        Outcome(
            "terminated", 70, "", "session.paused session.terminated", ("not_paused", "terminated")
        ),
        given=paused,
        sitting=(("leaving", True),),
    ),
    Race(
        "the same save twice: one revision, one acknowledgement",
        same_save,
        same_save,
        Outcome(RUNS, 3600, "Q1=A", "response.saved", ("saved", "saved")),
    ),
    Race(
        "two items saved at once: both are there",
        save_at(60, "Q1", "A"),
        save_at(60, "Q2", "B"),
        Outcome(RUNS, 3600, "Q1=A Q2=B", "response.saved response.saved", ("saved", "saved")),
    ),
    Race(
        "moving on during save: a free part takes the answer wherever the candidate is",
        save_at(60),
        go_to("Q2", 60),
        Outcome(RUNS, 3600, "Q1=A", "response.saved item.entered", ("saved", RUNS)),
        Outcome(RUNS, 3600, "Q1=A", "item.entered response.saved", ("saved", RUNS)),
    ),
    Race(
        "silence and a save: a page that was heard has its clock run on",
        save_at(89),
        silenced,
        Outcome(RUNS, 3600, "Q1=A", "response.saved", ("saved", "0 paused")),
        Outcome("paused", None, "Q1=A", "session.paused response.saved", ("saved", "1 paused")),
        given=silent_page,
        sitting=(("silence_seconds", 60),),
    ),
    Race(
        "two sweeps of silence: the clock stands once and counts once",
        silenced,
        silenced,
        Outcome("paused", None, "", "session.paused", ("1 paused", "0 paused")),
        Outcome("paused", None, "", "session.paused", ("0 paused", "1 paused")),
        given=silent_page,
        sitting=(("silence_seconds", 60),),
    ),
    Race(
        "score and reopen: what is open again has no result",
        score_at(70),
        reopen_at(71),
        Outcome(
            "paused",
            None,
            "Q1=A",
            "response.saved session.completed item.attempted session.scored session.reopened",
            ("scored", "paused"),
        ),
        Outcome(
            "paused",
            None,
            "Q1=A",
            "response.saved session.completed session.reopened",
            ("scored", "paused"),
        ),
        given=answered_and_submitted,
    ),
    Race(
        "admission and scoring: the answer is in, and waits to be scored or is",
        admit_answer,
        score_at(95),
        Outcome(
            "completed",
            64,
            "Q1=A",
            "session.completed response.quarantined quarantine.proposed quarantine.admitted "
            "item.attempted session.scored",
            ("admitted", "scored"),
            "Q1=A closed admitted",
        ),
        Outcome(
            "completed",
            64,
            "Q1=A",
            "session.completed response.quarantined quarantine.proposed "
            "item.attempted session.scored quarantine.admitted",
            ("admitted", "scored"),
            "Q1=A closed admitted",
        ),
        given=late_answer,
    ),
]


def scene_of(race: Race) -> Scene:
    sitting = factories.sitting(**dict(race.sitting))
    session = factories.session(sitting)
    scene = Scene(
        session,
        factories.proctor("pia", sitting),
        factories.proctor("otto", sitting),
        factories.save(session, "Q1", received_at=after(60)),
    )
    if race.given is not None:
        race.given(scene)
    return scene


def reply(act: Act, scene: Scene) -> str:
    """What the act was told: the state it left, how it was refused, or its own word."""
    try:
        told = act(scene)
    except Refusal as refusal:
        # A pause that refuses must not read like a pause that was made.
        return "paused!" if refusal.reason == "paused" else str(refusal.reason)
    if isinstance(told, Saved):
        return "saved"
    if isinstance(told, responses.Refused):
        return str(told.refusal.reason)
    if isinstance(told, AssessmentSession):
        return str(told.state)
    return str(told)


def outcome(scene: Scene, replies: tuple[str, str]) -> Outcome:
    """Read it all from the database, and demand what must hold after any race."""
    session = AssessmentSession.objects.get(pk=scene.session.pk)
    assert AssessmentSession.objects.filter(candidate=session.candidate).count() == 1
    assert ledger.verify(session.stream).broken is None
    assert (session.state == State.PAUSED) == (session.paused_at is not None)
    rows = ItemSession.objects.filter(session=session, answered=True)
    assert session.answered == rows.count()
    assert ResponseRevision.objects.count() == sum(row.revision for row in rows)
    given = sum(row.ms for row in TimeAdjustment.objects.filter(session=session))
    assert given == session.adjusted_ms or session.state == State.PAUSED
    story = [entry.kind for entry in ledger.read(session.stream)]
    assert tuple(story[: len(OPENING)]) == OPENING
    ends = session.finished_at or session.deadline
    return Outcome(
        state=session.state,
        ends=None if ends is None else (ends - after(0)).total_seconds(),
        answers=" ".join(f"{row.key}={row.response['RESPONSE']}" for row in rows),
        story=" ".join(story[len(OPENING) :]),
        replies=replies,
        aside=" ".join(
            f"{kept.item_key}={kept.value['RESPONSE']} {kept.reason}"
            + (" admitted" if kept.admitted_at else "")
            for kept in Quarantine.objects.filter(session=session)
        ),
    )


def together(race: Race, scene: Scene) -> tuple[str, str]:
    """Run both acts at the same moment, on a connection each."""
    barrier = threading.Barrier(2)

    def one(act: Act) -> str:
        barrier.wait(10)
        try:
            return reply(act, scene)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(one, (race.first, race.second))
    return first, second


NAMES = [race.name for race in RACES]


@pytest.mark.parametrize("race", RACES, ids=NAMES)
def test_the_first_act_before_the_second(race: Race) -> None:
    scene = scene_of(race)
    replies = reply(race.first, scene), reply(race.second, scene)
    assert outcome(scene, replies) == race.forth


@pytest.mark.parametrize("race", RACES, ids=NAMES)
def test_the_second_act_before_the_first(race: Race) -> None:
    scene = scene_of(race)
    second = reply(race.second, scene)
    replies = reply(race.first, scene), second
    assert outcome(scene, replies) == (race.back or race.forth)


@pytest.mark.parametrize("race", RACES, ids=NAMES)
def test_both_acts_at_the_same_moment(race: Race) -> None:
    # On SQLite there is one writer: what begins together is done in turn all the same.
    for _ in range(ROUNDS if connection.vendor == "postgresql" else 1):
        scene = scene_of(race)
        replies = together(race, scene)
        for act in (race.first, race.second):
            if isinstance(act, Sweep):
                act(scene)
        found = outcome(scene, replies)
        assert found in (race.forth, race.back or race.forth)
        forget()


def forget() -> None:
    """Make room for the next round: only one outage, one answer aside, one session at a time."""
    TimeAdjustment.objects.all().delete()
    Outage.objects.all().delete()
    Quarantine.objects.all().delete()
    ResponseRevision.objects.all().delete()
    AssessmentSession.objects.filter(state__in=(State.IN_PROGRESS, State.PAUSED)).update(
        due_at=None, writer=""
    )


def test_the_lease_after_two_takeovers_is_with_the_one_served_last() -> None:
    session = factories.session()
    scene = Scene(session, factories.proctor(), factories.proctor(), factories.save(session, "Q1"))
    race = Race("", take_over_at(64, "tablet"), take_over_at(64, "laptop"), RACES[0].forth)
    assert together(race, scene) == (RUNS, RUNS)
    found = desk.read(session.pk).session
    told = [entry.payload["device"] for entry in ledger.read(session.stream)[-2:]]
    assert (found.epoch, found.device) == (2, told[-1])
    assert sorted(map(str, told)) == ["laptop", "tablet"]
