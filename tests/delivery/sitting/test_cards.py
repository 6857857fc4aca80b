import pytest

from delivery.models import Candidate
from delivery.rules.refusals import Reason
from delivery.session import sessions
from delivery.sitting import cards
from tests import factories
from tests.factories import NOON, after

pytestmark = pytest.mark.django_db


def cards_of(who: Candidate, number: int) -> None:
    for n in range(number):
        one = factories.sitting(title=f"Sitting {n}")
        factories.enrolment(one, who)


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_sittings_costs_two_statements(
    number: int, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    alice = factories.candidate()
    cards_of(alice, number)
    with django_assert_num_queries(2):  # type: ignore[operator]
        listed = cards.of(alice, NOON)
    assert len(listed) == number
    assert all(card.permission for card in listed)


def test_open_sittings_come_first_and_past_ones_last() -> None:
    alice = factories.candidate()
    past = factories.sitting(title="past", opens_at=after(-90), closes_at=after(-60))
    ahead = factories.sitting(title="ahead", opens_at=after(60), closes_at=after(90))
    ready = factories.sitting(title="ready")
    running = factories.sitting(title="running")
    for one in (past, ahead, ready, running):
        factories.enrolment(one, alice)
    sessions.start(running.enrolments.get().pk, NOON, by="candidate:1")
    titles = [card.sitting.title for card in cards.of(alice, NOON)]
    assert titles == ["running", "ready", "ahead", "past"]


def test_a_card_says_why_a_sitting_cannot_be_started() -> None:
    session = factories.session()
    sessions.complete(session.pk, after(1), by="candidate:1", confirmed=True)
    card = cards.of(session.candidate, after(2))[0]
    assert card.permission.refusal is not None
    assert (card.attempts_left, card.permission.refusal.reason) == (0, Reason.NO_ATTEMPTS_LEFT)
