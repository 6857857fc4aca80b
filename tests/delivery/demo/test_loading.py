"""The demo, loaded once through the real verbs: every state stands, and the ledger proves it."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from delivery.demo import cast, living, loading, offer, people, signins
from delivery.demo.cast import End
from delivery.demo.signins import SignIn
from delivery.models import AssessmentSession, Candidate, Enrolment, Sitting, State
from delivery.people import codes
from delivery.session import interventions, sessions
from delivery.sitting import proctoring
from integrity import ledger

# The mark makes the test's database; each test then stands in a savepoint of the loaded one.
pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
STATES = {
    End.OPEN: State.IN_PROGRESS,
    End.PAUSED: State.PAUSED,
    End.PERMITTED: State.PAUSED,
    End.LEFT: State.PAUSED,
    End.COMPLETED: State.COMPLETED,
    End.EXPIRED: State.EXPIRED,
    End.TERMINATED: State.TERMINATED,
}


@pytest.fixture(scope="module")
def loaded(
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SignIn, ...]]:
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        patch.setattr(settings, "VAR_DIR", tmp_path_factory.mktemp("var"))
        yield loading.load(AT, lambda _: None)
        transaction.set_rollback(True)


def session_of(role: cast.Role) -> AssessmentSession:
    title = next(one.title for one in offer.OFFERS if one.key == role.sitting)
    number = people.number(role.person)
    return AssessmentSession.objects.get(sitting__title=title, candidate__number=number)


@pytest.mark.usefixtures("loaded")
def test_every_session_stands_as_its_role_says() -> None:
    played = [role for role in cast.roles() if role.end in STATES]
    assert {role: session_of(role).state for role in played} == {
        role: STATES[role.end] for role in played
    }
    assert AssessmentSession.objects.count() == len(played)
    assert Enrolment.objects.count() == len(cast.roles())


@pytest.mark.usefixtures("loaded")
def test_everybody_answered_about_as_much_as_their_role_says() -> None:
    for role in cast.roles():
        if role.end in STATES and role.sitting != cast.PLACEMENT:
            session = session_of(role)
            assert session.answered <= session.total
            assert session.answered / session.total > role.share * 0.85 - 0.05, role


@pytest.mark.usefixtures("loaded")
def test_what_ended_is_scored_and_scores_differ() -> None:
    ended = AssessmentSession.objects.filter(
        state__in=(State.COMPLETED, State.EXPIRED, State.TERMINATED)
    )
    assert not ended.filter(score__isnull=True).exists()
    assert len(Counter(ended.values_list("score", flat=True))) > 10


@pytest.mark.usefixtures("loaded")
def test_every_stream_of_the_ledger_verifies() -> None:
    for session in AssessmentSession.objects.all():
        verdict = ledger.verify(session.stream)
        assert verdict.broken is None
        assert verdict.entries > 2


@pytest.mark.usefixtures("loaded")
def test_the_board_shows_help_pauses_incidents_and_absence() -> None:
    proctor = User.objects.get(username="proctor")
    rows = proctoring.board(proctor, AT)
    assert len(rows) >= 60
    assert sum(row.absent for row in rows) == 4
    assert sum(row.session is not None and row.session.incidents > 0 for row in rows) >= 4
    assert sum(row.help for row in rows) == 1


def test_the_access_codes_open_the_named_candidates(loaded: tuple[SignIn, ...]) -> None:
    doors = [door for door in loaded if door.page == "/"]
    found = [codes.candidate_for_code(door.secret) for door in doors]
    assert [candidate and candidate.name for candidate in found] == [door.name for door in doors]


def test_the_passwords_are_kept_and_open_the_three_desks(loaded: tuple[SignIn, ...]) -> None:
    assert signins.kept() == loaded
    desks = {door.name: door.secret for door in loaded if door.page != "/"}
    assert set(desks) == {"staff", "proctor", "auditor"}
    for name, password in desks.items():
        assert User.objects.get(username=name).check_password(password)


def test_loading_again_changes_nothing(loaded: tuple[SignIn, ...]) -> None:
    before = (Candidate.objects.count(), Sitting.objects.count(), AssessmentSession.objects.count())
    assert loading.load(AT, lambda _: None) == loaded
    after = (Candidate.objects.count(), Sitting.objects.count(), AssessmentSession.objects.count())
    assert after == before


def test_a_lost_table_is_made_again_with_new_passwords(loaded: tuple[SignIn, ...]) -> None:
    Path(signins.path()).unlink()
    again = loading.load(AT, lambda _: None)
    assert [door.name for door in again] == [door.name for door in loaded]
    assert [door for door in again if door.page == "/"] == [
        door for door in loaded if door.page == "/"
    ]


@pytest.mark.usefixtures("loaded")
def test_the_cast_goes_on_while_the_demo_is_served() -> None:
    before = {one.pk: one.answered for one in living.at_work(cast.roles())}
    later = AT + timedelta(minutes=4)
    living.breathe(later)
    after = living.at_work(cast.roles())
    assert sum(one.answered > before[one.pk] for one in after) > 5
    assert {one.last_seen_at for one in after} == {later}
    assert all(ledger.verify(one.stream).broken is None for one in after)


@pytest.mark.usefixtures("loaded")
def test_a_living_candidate_goes_on_after_a_pause_and_reads_a_message() -> None:
    proctor, later = User.objects.get(username="proctor"), AT + timedelta(minutes=5)
    session = next(iter(living.at_work(cast.roles())))
    sessions.pause(
        session.pk, paused_by="proctor", reason="A test", by=f"user:{proctor.pk}", at=later
    )
    message = interventions.message(session.pk, "Go on, please.", by=proctor, at=later)
    living.breathe(later + timedelta(seconds=30))
    session.refresh_from_db()
    message.refresh_from_db()
    assert session.state == State.PAUSED
    assert message.acknowledged_at is not None
    interventions.permit_resume(session.pk, by=proctor, reason="Over", at=later)
    living.breathe(later + timedelta(seconds=60))
    session.refresh_from_db()
    assert session.state == State.IN_PROGRESS
