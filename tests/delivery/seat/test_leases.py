"""One writer at a time: who is silent, who is asked, and what the sitting's policy says."""

from typing import Any

import pytest

from delivery.models import AssessmentSession, Quarantine
from delivery.rules.refusals import Reason, Refusal
from delivery.rules.watch import Concern
from delivery.seat import leases, presence
from delivery.seat.leases import Asker
from delivery.session import sessions
from delivery.sitting import proctoring
from delivery.sitting.proctoring import KeepHere, LetElsewhere
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db
ME = "candidate:1"
HOME, PHONE = Asker("home", "Laptop", "a"), Asker("phone", "Phone", "b")


def held(**sitting: Any) -> AssessmentSession:
    """A session whose lease the laptop's page took at noon, and keeps."""
    session = factories.session(factories.sitting(**sitting))
    leases.claim(session.pk, HOME, by=ME, at=after(1))
    return AssessmentSession.objects.select_related("sitting").get()


def kinds(session: AssessmentSession) -> list[str]:
    return [entry.kind for entry in ledger.read(session.stream)]


def refused(act: Any) -> Reason:
    with pytest.raises(Refusal) as refusal:
        act()
    return refusal.value.reason


def test_a_page_that_claims_again_writes_nothing(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    session = held()
    version = AssessmentSession.objects.get().version
    # Both ends of the transaction's own, and the session.
    with django_assert_num_queries(3):  # type: ignore[operator]
        lease = leases.claim(session.pk, HOME, by=ME, at=after(2))
    assert (lease.epoch, lease.taken_over) == (1, False)
    assert AssessmentSession.objects.get().version == version


def test_a_page_that_names_itself_on_its_device_keeps_the_lease_of_a_form() -> None:
    session = held()
    leases.take_over(session.pk, Asker("phone", "Phone"), by=ME, at=after(2))
    before = AssessmentSession.objects.get()
    lease = leases.claim(session.pk, Asker("phone", "Phone", "c"), by=ME, at=after(3))
    now = AssessmentSession.objects.get()
    assert (before.writer, now.writer, now.lease_device) == ("", "c", "phone")
    assert lease.epoch == now.epoch == before.epoch
    assert now.version == before.version


def test_a_page_that_reloads_in_its_tab_is_not_asked() -> None:
    session = held()
    again = Asker("home", "Laptop", "a2", known=("a",))
    assert leases.claim(session.pk, again, by=ME, at=after(2)).epoch == 2


def test_a_second_tab_is_asked_while_the_first_is_there() -> None:
    session = held()
    tab = Asker("home", "Laptop", "tab")
    assert refused(lambda: leases.claim(session.pk, tab, by=ME, at=after(5))) == Reason.ELSEWHERE
    leases.take_over(session.pk, tab, by=ME, at=after(6))
    assert leases.claim(session.pk, tab, by=ME, at=after(7)).epoch == 2
    assert AssessmentSession.objects.get().writer == "tab"


@pytest.mark.parametrize(("left", "second", "silent"), [(10, 11, True), (None, 40, False)])
def test_the_same_browser_returns_silently_once_the_page_was_left(
    left: float | None, second: float, silent: bool
) -> None:
    session = held()
    if left is not None:
        leases.left(session.pk, "a", after(left))
    session.refresh_from_db()
    assert leases.is_silent(session, Asker("home", "Laptop", "new"), after(second)) is silent


def test_a_page_that_was_silent_for_long_is_gone() -> None:
    session = held(takeover="deny")
    new = Asker("home", "Laptop", "new")
    assert leases.is_silent(session, new, after(45)) is False
    assert leases.is_silent(session, new, after(47)) is True


def test_a_page_that_is_heard_again_was_not_left() -> None:
    session = held()
    leases.left(session.pk, "somebody else", after(5))
    assert AssessmentSession.objects.get().writer_left_at is None
    leases.left(session.pk, "a", after(5))
    session.refresh_from_db()
    leases.here(session, "a")
    assert AssessmentSession.objects.get().writer_left_at is None


@pytest.mark.parametrize(
    ("policy", "reason"),
    [("allow", None), ("ask", Reason.TAKEOVER_ASKS), ("deny", Reason.TAKEOVER_DENIED)],
)
def test_another_device_goes_by_the_sitting_s_policy(policy: str, reason: Reason | None) -> None:
    session = held(takeover=policy)
    assert refused(lambda: leases.claim(session.pk, PHONE, by=ME, at=after(5))) == Reason.ELSEWHERE
    asked = leases.may_take_over(session, PHONE, after(5)).refusal
    assert (asked and asked.reason) == reason


@pytest.mark.parametrize(("policy", "silent"), [("allow", True), ("ask", False), ("deny", False)])
def test_another_device_is_silent_only_where_the_first_has_clearly_left(
    policy: str, silent: bool
) -> None:
    session = held(takeover=policy)
    leases.left(session.pk, "a", after(10))
    session.refresh_from_db()
    assert leases.is_silent(session, PHONE, after(12)) is False
    assert leases.is_silent(session, PHONE, after(14)) is silent


def test_taking_over_ends_the_first_page_s_right_at_its_next_save() -> None:
    session = held()
    before = factories.answer(
        session, "Q1", "A", epoch=1, writer="a", client_seq=1, device="home", received_at=after(2)
    )
    assert getattr(before, "revision", None) == 1
    leases.take_over(session.pk, PHONE, by=ME, at=after(3))
    for number, fields in enumerate(({"epoch": 1, "writer": "a"}, {})):
        factories.answer(
            session, "Q1", "B", client_seq=2, device="home", received_at=after(4 + number), **fields
        )
    assert set(Quarantine.objects.values_list("reason", flat=True)) == {"lease_lost"}
    assert Quarantine.objects.count() == 2
    assert ledger.verify(session.stream).is_whole


def test_a_silent_return_on_another_device_keeps_the_writer_s_name() -> None:
    session = held()
    leases.left(session.pk, "a", after(10))
    leases.take_over(session.pk, PHONE, by=ME, at=after(20))
    row = AssessmentSession.objects.get()
    assert (row.writer, row.lease_device, row.epoch) == ("a", "phone", 2)
    assert leases.claim(session.pk, PHONE, by=ME, at=after(21)).epoch == 3


def test_the_proctor_is_asked_once_and_lets_the_device_go_on() -> None:
    session = held(takeover="ask")
    proctor = factories.proctor("p", session.sitting)
    for second in (5, 6):
        leases.ask(session.pk, PHONE, by=ME, at=after(second))
    [row] = proctoring.board(proctor, after(7), sitting=session.sitting)
    assert Concern.WAITING in row.concern
    assert kinds(session).count("takeover.asked") == 1
    [done] = proctoring.apply(LetElsewhere("Broken"), [session.pk], proctor, after(8))
    assert done.done
    [row] = proctoring.board(proctor, after(9), sitting=session.sitting)
    assert Concern.WAITING not in row.concern
    assert leases.claim(session.pk, PHONE, by=ME, at=after(10)).epoch == 2
    assert refused(lambda: leases.claim(session.pk, HOME, by=ME, at=after(11))) == Reason.ELSEWHERE
    assert kinds(session)[-2:] == ["takeover.allowed", "lease.claimed"]


def test_the_proctor_keeps_the_test_where_it_is_and_the_page_says_why() -> None:
    session = held(takeover="ask")
    proctor = factories.proctor("p", session.sitting)
    leases.ask(session.pk, PHONE, by=ME, at=after(5))
    [done] = proctoring.apply(KeepHere("Stay seated"), [session.pk], proctor, after(6))
    assert done.done
    row = AssessmentSession.objects.get()
    assert leases.answer_of(row, "phone")["refused"] == "Stay seated"
    assert leases.answer_of(row, "home") == {}
    [again] = proctoring.apply(KeepHere("x"), [session.pk], proctor, after(7))
    assert again.refusal is not None
    assert again.refusal.reason == Reason.NO_TAKEOVER
    leases.ask(session.pk, PHONE, by=ME, at=after(8))
    assert leases.is_asked(AssessmentSession.objects.get())


def test_where_taking_over_is_denied_the_proctor_can_still_let_the_next_device_in() -> None:
    session = held(takeover="deny")
    proctor = factories.proctor("p", session.sitting)
    assert refused(lambda: leases.take_over(session.pk, PHONE, by=ME, at=after(5))) == (
        Reason.TAKEOVER_DENIED
    )
    assert refused(lambda: leases.ask(session.pk, PHONE, by=ME, at=after(5))) == (
        Reason.TAKEOVER_DENIED
    )
    leases.allow(session.pk, reason="Its battery is empty", by=proctor, at=after(6))
    assert leases.claim(session.pk, PHONE, by=ME, at=after(7)).epoch == 3


@pytest.mark.parametrize("verb", [leases.allow, leases.refuse])
def test_an_answer_of_the_proctor_has_a_reason(verb: Any) -> None:
    session = held(takeover="ask")
    leases.ask(session.pk, PHONE, by=ME, at=after(5))
    act = lambda: verb(session.pk, reason=" ", by=factories.proctor(), at=after(6))  # noqa: E731
    assert refused(act) == Reason.REASON_REQUIRED


def test_an_ended_session_has_no_lease_to_take() -> None:
    session = held()
    sessions.complete(session.pk, after(5), by=ME, confirmed=True)
    assert refused(lambda: leases.take_over(session.pk, PHONE, by=ME, at=after(6))) == (
        Reason.NOT_RUNNING
    )


def test_a_claim_under_another_device_s_page_name_moves_nothing() -> None:
    session = held()
    thief = Asker("phone", "Phone", "a")
    assert refused(lambda: leases.claim(session.pk, thief, by=ME, at=after(5))) == Reason.ELSEWHERE


def test_a_late_claim_of_an_earlier_page_takes_nothing_from_the_one_after_it() -> None:
    session = factories.session()
    first, second = Asker("home", "Laptop", "line.1.a"), Asker("home", "Laptop", "line.2.b")
    leases.claim(session.pk, first, by=ME, at=after(1))
    leases.claim(session.pk, Asker("home", "Laptop", "line.2.b", ("line.1.a",)), by=ME, at=after(2))
    # The second page's socket broke off: whoever returns is not asked, but nobody returns here.
    leases.left(session.pk, second.writer, after(3))
    assert refused(lambda: leases.claim(session.pk, first, by=ME, at=after(4))) == Reason.ELSEWHERE
    assert leases.claim(session.pk, second, by=ME, at=after(5)).epoch == 2


def test_presence_still_gives_the_lease_to_whom_a_verb_names() -> None:
    session = held()
    assert presence.claim(session.pk, writer="x", device="", by=ME, at=after(5)).taken_over
