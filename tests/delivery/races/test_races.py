"""A table of races: two acts that meet, in either order and at the same moment, and what is right.

Each act carries when the server received it, so the outcome is a fact and not a matter of luck: in
one order, in the other, and, on PostgreSQL, in two threads that begin together. Where the order
may show, the table says which outcome belongs to which order, and the threads must give one of
the two, whole.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
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
from delivery.saving import responses
from delivery.saving.responses import Saved
from delivery.session import desk
from integrity import ledger
from tests import factories
from tests.delivery.races import acts
from tests.delivery.races.acts import Act, Outcome, Race, Scene, Sweep
from tests.delivery.races.table import RACES, RUNS
from tests.factories import after

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS: Final = 3
# What every story begins with, and what a second look at the same story would only repeat.
OPENING: Final = ("session.created", "session.started", "item.entered")


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
    race = Race(
        "", acts.take_over_at(64, "tablet"), acts.take_over_at(64, "laptop"), RACES[0].forth
    )
    assert together(race, scene) == (RUNS, RUNS)
    found = desk.read(session.pk).session
    told = [entry.payload["device"] for entry in ledger.read(session.stream)[-2:]]
    assert (found.epoch, found.device) == (2, told[-1])
    assert sorted(map(str, told)) == ["laptop", "tablet"]
