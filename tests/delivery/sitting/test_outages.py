"""What an outage took is offered as a credit: exactly, to exactly those whom it hit, once."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User

from delivery.models import AssessmentSession, Outage, Sitting, TimeAdjustment
from delivery.rules.refusals import Reason
from delivery.session import desk, expiry, sessions
from delivery.sitting import outages
from delivery.vitals import pulse
from integrity import ledger
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db
AT = after(1300)


@pytest.fixture
def sitting() -> Sitting:
    return factories.sitting()


@pytest.fixture
def proctor(sitting: Sitting) -> User:
    return factories.proctor("pia", sitting)


@pytest.fixture
def outage() -> Outage:
    """From 12:10 to 12:20."""
    return Outage.objects.create(began_at=after(600), ended_at=after(1200))


def losses(outage: Outage, sitting: Sitting, user: User) -> dict[UUID, int]:
    found = outages.preview(outage, sitting, user, AT)
    return {one.row.session.pk: one.lost_ms for one in found if one.row.session}


def give(outage: Outage, sitting: Sitting, user: User, *chosen: AssessmentSession) -> list[object]:
    ids = {one.pk for one in chosen}
    given = outages.credit(outage, sitting, ids, reason="The server was away.", by=user, at=AT)
    return [one.refusal.reason if one.refusal else "done" for one in given]


def test_exactly_those_whose_clock_ran_lost_exactly_what_ran(
    sitting: Sitting, proctor: User, outage: Outage
) -> None:
    all_of_it = factories.session(sitting)
    late = factories.session(sitting, at=after(900))
    stood = factories.session(sitting)
    paused = factories.session(sitting)
    over = factories.session(sitting)
    factories.session(sitting, at=after(1250))
    for one, paused_at in ((stood, 500), (paused, 590)):
        sessions.pause(one.pk, paused_by="proctor", reason="x", by="user:1", at=after(paused_at))
    AssessmentSession.objects.filter(pk=paused.pk).update(resume_permitted=True)
    sessions.resume(paused.pk, after(1000), by="candidate:1")
    sessions.complete(over.pk, after(300), by="candidate:1", confirmed=True)
    assert losses(outage, sitting, proctor) == {
        all_of_it.pk: 600_000,
        late.pk: 300_000,
        paused.pk: 200_000,
    }


def test_the_preview_changes_nothing_and_says_what_the_credit_does(
    sitting: Sitting, proctor: User, outage: Outage
) -> None:
    session = factories.session(sitting)
    [loss] = outages.preview(outage, sitting, proctor, AT)
    assert (loss.before_ms, loss.after_ms) == (2_300_000, 2_900_000)
    assert desk.read(session.pk).session.deadline == after(3600)
    assert give(outage, sitting, proctor, session) == ["done"]
    assert desk.read(session.pk).session.deadline == after(4200)
    told = ledger.read(session.stream)[-1]
    assert (told.kind, told.payload["ms"], told.payload["outage"]) == (
        "time.extended",
        600_000,
        outage.pk,
    )


def test_a_credit_is_given_once(sitting: Sitting, proctor: User, outage: Outage) -> None:
    session = factories.session(sitting)
    assert give(outage, sitting, proctor, session) == ["done"]
    assert give(outage, sitting, proctor, session) == [Reason.ALREADY_CREDITED]
    assert desk.read(session.pk).session.adjusted_ms == 600_000
    assert outages.recent(sitting, AT) == []


def test_a_section_that_ran_during_the_outage_gets_its_time_back_too(
    proctor: User, outage: Outage
) -> None:
    version = factories.published(Part("P1", ("A", "B"), seconds=1800))
    sitting = factories.sitting(version)
    sitting.proctors.add(proctor)
    session = factories.session(sitting)
    give(outage, sitting, proctor, session)
    rows = TimeAdjustment.objects.filter(session=session).order_by("scope")
    assert [(row.scope, row.ms) for row in rows] == [("section:S-P1", 600_000), ("test", 600_000)]


def test_a_session_that_the_outage_let_expire_is_reopened_by_a_chief_with_what_it_lost(
    proctor: User, outage: Outage
) -> None:
    sitting = factories.sitting(factories.published(seconds=900))
    sitting.proctors.add(proctor)
    session = factories.session(sitting)
    expiry.sweep(after(1205))
    assert losses(outage, sitting, proctor) == {session.pk: 300_000}
    assert give(outage, sitting, proctor, session) == [Reason.CHIEF_ONLY]
    proctor.user_permissions.add(Permission.objects.get(codename="change_assessmentsession"))
    chief = User.objects.get(pk=proctor.pk)
    assert give(outage, sitting, chief, session) == ["done"]
    found = desk.read(session.pk)
    assert (found.session.state, found.reading(AT).remaining_ms) == ("paused", 300_000)
    assert give(outage, sitting, chief, session) == [Reason.ALREADY_CREDITED]


def test_only_a_sitting_that_was_hit_is_offered_the_credit(sitting: Sitting) -> None:
    factories.session(sitting)
    pulse.beat("web", "web@a:1", after(100))
    pulse.beat("web", "web@a:2", after(200))
    [outage] = outages.recent(sitting, AT)
    assert (outage.began_at, outage.ended_at) == (after(100), after(200))
    assert outages.recent(factories.sitting(), AT) == []
    assert outages.find(factories.sitting(), outage.pk) is None
