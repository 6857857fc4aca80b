"""One statement shows a session as its rows stand, whoever changed them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.models import AssessmentSession, ItemSession, Sitting
from delivery.queries import plans, sight
from delivery.session import desk, interventions, moves
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db
NAMES = ["Q1", "Q2", "Q3"]


@pytest.fixture
def session() -> AssessmentSession:
    plans.forget()
    return factories.session(factories.sitting(factories.published(Part(items=NAMES))))


def test_session_is_seen_in_one_statement_with_the_item_it_stands_at(
    session: AssessmentSession,
) -> None:
    with CaptureQueriesContext(connection) as asked:
        found = sight.of(session.pk)
        assert found is not None
        here: ItemSession = found.here  # type: ignore[attr-defined]
        assert (here.key, here.session_id) == ("Q1", session.pk)
        assert found.candidate.user.pk == session.candidate.user_id
        assert found.sitting.test_version_id == session.sitting.test_version_id
    assert len(asked) == 1


def test_letters_tell_of_every_item(session: AssessmentSession) -> None:
    by = f"candidate:{session.candidate_id}"
    factories.answer(session, "Q1")
    moves.flag(session.pk, "Q1", True, after(2), by=by)
    moves.enter(session.pk, "Q2", after(3), by=by)
    moves.flag(session.pk, "Q3", True, after(4), by=by)
    ItemSession.objects.filter(session=session, key="Q2").update(state=ItemSession.State.CLOSED)
    found = desk.read(session.pk)
    letters = "".join(desk.letter_of(row) for row in session.item_sessions.order_by("position"))
    assert found.letters == letters
    stops = [(stop.key, stop.answered, stop.flagged, stop.closed) for stop in found.route.stops]
    assert stops == [
        ("Q1", True, True, False),
        ("Q2", False, False, True),
        ("Q3", False, True, False),
    ]


def test_mail_and_what_is_kept_aside_are_noticed(session: AssessmentSession) -> None:
    assert (desk.read(session.pk).mail, desk.read(session.pk).kept) == (False, False)
    proctor = factories.proctor("paula", session.sitting)
    interventions.message(session.pk, "Hello", by=proctor, at=after(1))
    assert (desk.read(session.pk).mail, desk.read(session.pk).kept) == (True, False)


def test_known_plan_is_not_read_again_and_changes_nothing(session: AssessmentSession) -> None:
    first = desk.read(session.pk)
    assert plans.is_known(session.pk)
    second = desk.read(session.pk)
    assert "plan" in second.session.get_deferred_fields()
    assert (second.plan, second.letters) == (first.plan, first.letters)


def test_session_without_a_place_has_no_item_here(session: AssessmentSession) -> None:
    AssessmentSession.objects.filter(pk=session.pk).update(position="")
    found = sight.of(session.pk)
    assert found is not None
    assert found.here is None  # type: ignore[attr-defined]


def test_no_session_is_nothing() -> None:
    assert sight.of(uuid4()) is None


@pytest.mark.parametrize("lock", [False, True])
def test_many_are_seen_in_two_statements_however_many(
    session: AssessmentSession, lock: bool
) -> None:
    others = [factories.session(session.sitting, factories.candidate(name)) for name in "BC"]
    for wanted in ([session], [session, *others]):
        ids = sorted(one.pk for one in wanted)
        with CaptureQueriesContext(connection) as asked:
            found = sight.of_many([*ids, uuid4()], lock=lock)
            assert sorted(one.pk for one in found) == ids
            assert {one.sitting for one in found} == {session.sitting}
        assert len(asked) == 2
        assert all("outcomes" in one.get_deferred_fields() for one in found)


def test_plans_that_are_known_are_not_read_again(session: AssessmentSession) -> None:
    plans.forget()
    (found,) = sight.of_many([session.pk])
    assert plans.of(found).items
    (again,) = sight.of_many([session.pk])
    assert "plan" in again.get_deferred_fields()


def test_nobody_is_seen_without_a_question(session: AssessmentSession) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert sight.of_many([]) == []
    assert len(asked) == 0


def test_a_stamp_changes_with_the_session_and_with_its_sitting(session: AssessmentSession) -> None:
    (seen,) = sight.of_many([session.pk])
    stamp = sight.stamp_of(seen)
    assert sight.stamps([session.pk, uuid4()]) == {session.pk: stamp}
    AssessmentSession.objects.filter(pk=session.pk).update(version=session.version + 1)
    changed = sight.stamps([session.pk])[session.pk]
    assert changed != stamp
    closes_at = timezone.now() + timedelta(hours=9)
    Sitting.objects.filter(pk=session.sitting_id).update(closes_at=closes_at)
    assert sight.stamps([session.pk])[session.pk] == (changed[0], closes_at, *changed[2:])
