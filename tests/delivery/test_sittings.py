import pytest

from delivery import sessions, sittings
from delivery.models import Candidate
from delivery.refusals import Reason, Refusal
from tests import factories
from tests.factories import NOON, after

pytestmark = pytest.mark.django_db


def test_an_access_code_finds_its_candidate_however_it_is_typed() -> None:
    alice = factories.candidate()
    code = sittings.issue_access_code(alice, by="user:1", at=NOON)
    for written in (code, code.lower(), code.replace("-", ""), f"  {code.replace('-', ' ')} "):
        assert sittings.candidate_for_code(written) == alice


def test_a_code_is_kept_as_a_digest_only() -> None:
    alice = factories.candidate()
    code = sittings.issue_access_code(alice, by="user:1", at=NOON)
    alice.refresh_from_db()
    assert alice.access_code_hmac is not None
    assert code.replace("-", "") not in alice.access_code_hmac


def test_a_new_code_replaces_the_old_one() -> None:
    alice = factories.candidate()
    old = sittings.issue_access_code(alice, by="user:1", at=NOON)
    new = sittings.issue_access_code(alice, by="user:1", at=NOON)
    assert sittings.candidate_for_code(old) is None
    assert sittings.candidate_for_code(new) == alice


def test_no_code_at_all_is_nobody() -> None:
    factories.candidate()
    assert sittings.candidate_for_code("") is None


def test_a_launch_link_works_once() -> None:
    enrolment = factories.enrolment()
    token = sittings.issue_launch_link(enrolment, after(600), by="user:1", at=NOON)
    assert sittings.redeem(token, after(1)) == enrolment
    with pytest.raises(Refusal) as refusal:
        sittings.redeem(token, after(2))
    assert refusal.value.reason == Reason.LINK_USED


@pytest.mark.parametrize("seconds", [600, 6000])
def test_a_launch_link_expires(seconds: int) -> None:
    enrolment = factories.enrolment()
    token = sittings.issue_launch_link(enrolment, after(600), by="user:1", at=NOON)
    with pytest.raises(Refusal) as refusal:
        sittings.redeem(token, after(seconds))
    assert refusal.value.reason == Reason.LINK_EXPIRED


def test_an_invented_token_opens_nothing() -> None:
    with pytest.raises(Refusal) as refusal:
        sittings.redeem("invented", NOON)
    assert refusal.value.reason == Reason.LINK_EXPIRED


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
        cards = sittings.cards(alice, NOON)
    assert len(cards) == number
    assert all(card.permission for card in cards)


def test_open_sittings_come_first_and_past_ones_last() -> None:
    alice = factories.candidate()
    past = factories.sitting(title="past", opens_at=after(-90), closes_at=after(-60))
    ahead = factories.sitting(title="ahead", opens_at=after(60), closes_at=after(90))
    ready = factories.sitting(title="ready")
    running = factories.sitting(title="running")
    for one in (past, ahead, ready, running):
        factories.enrolment(one, alice)
    sessions.start(running.enrolments.get().pk, NOON, by="candidate:1")
    titles = [card.sitting.title for card in sittings.cards(alice, NOON)]
    assert titles == ["running", "ready", "ahead", "past"]


def test_a_card_says_why_a_sitting_cannot_be_started() -> None:
    session = factories.session()
    sessions.complete(session.pk, after(1), by="candidate:1", confirmed=True)
    card = sittings.cards(session.candidate, after(2))[0]
    assert card.permission.refusal is not None
    assert (card.attempts_left, card.permission.refusal.reason) == (0, Reason.NO_ATTEMPTS_LEFT)
