import pytest
from django.db import connection

from delivery.models import AssessmentSession, ItemSession, State
from delivery.session import desk, expiry, scoring
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db


def kinds(session: AssessmentSession) -> list[str]:
    return [entry.kind for entry in ledger.read(session.stream)]


@pytest.mark.parametrize(("seconds", "closed"), [(3605, 0), (3605.5, 1)])
def test_the_sweep_closes_what_is_due_and_nothing_else(seconds: float, closed: int) -> None:
    session = factories.session()
    assert expiry.sweep(after(seconds)) == closed
    session = AssessmentSession.objects.get()
    assert session.is_ended == bool(closed)


def test_the_sweep_ends_at_the_deadline_however_late_it_comes() -> None:
    session = factories.session()
    expiry.sweep(after(4096))
    session = AssessmentSession.objects.get(pk=session.pk)
    assert (session.state, session.finished_at) == (State.EXPIRED, after(3600))
    assert expiry.sweep(after(4097)) == 0
    assert kinds(session).count("session.expired") == 1


def test_the_items_of_a_session_that_time_ended_close_with_its_score() -> None:
    session = factories.session()
    expiry.sweep(after(4096))
    scoring.score(session.pk, after(4097))
    assert set(ItemSession.objects.values_list("state", flat=True)) == {"closed"}


def test_the_sweep_takes_many_at_once() -> None:
    one = factories.sitting()
    for number in range(3):
        factories.session(one, factories.candidate(f"Candidate {number}"))
    assert expiry.sweep(after(4000)) == 3
    assert set(one.sessions.values_list("state", flat=True)) == {State.EXPIRED}


def expiring(number: int) -> None:
    one = factories.sitting()
    for each in range(number):
        factories.session(one, factories.candidate(f"Candidate {each}"))


def test_the_sweep_ends_any_number_in_as_many_statements_as_one(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    # What an end writes is one statement of PostgreSQL's.
    count = 8 if connection.vendor == "postgresql" else 10
    for number in (1, 3):
        expiring(number)
        with django_assert_num_queries(count):  # type: ignore[operator]
            assert expiry.sweep(after(4000)) == number


def test_the_sweep_tells_when_and_how_long_to_the_moment() -> None:
    session = factories.session()
    factories.answer(session, "Q1")
    expiry.sweep(after(4000))
    ended = desk.read(session.pk).session
    assert (ended.finished_at, ended.answered) == (after(3600), 1)
    assert ended.timing["spent"]["item:Q1"] == 3_600_000
    told = ledger.read(session.stream)[-1].payload
    assert (told["answered"], told["total"], told["receipt"]) == (1, 3, ended.receipt_code)


def test_a_session_that_was_looked_at_in_vain_is_not_looked_at_again_at_once() -> None:
    session = factories.session()
    AssessmentSession.objects.filter(pk=session.pk).update(due_at=after(8))
    assert expiry.sweep(after(16)) == 1
    assert AssessmentSession.objects.get().due_at == after(3605)
    assert expiry.sweep(after(17)) == 0


def test_what_ended_elsewhere_meanwhile_is_only_told() -> None:
    session = factories.session()
    expiry.sweep(after(4000))
    entries = kinds(session)
    (found,) = expiry.close([session.pk], after(4001))
    assert (found.state, found.finished_at) == (State.EXPIRED, after(3600))
    assert kinds(session) == entries
