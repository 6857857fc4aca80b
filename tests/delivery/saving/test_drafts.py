"""What was not saved: offered to its candidate beside what is saved, never merged by itself."""

from typing import Any

import pytest

from delivery.models import AssessmentSession, ItemSession, Quarantine
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import drafts
from delivery.seat import presence
from delivery.session import desk, sessions
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db
ME = "candidate:1"


def lost(*values: tuple[str, str]) -> AssessmentSession:
    """A session whose second page took over before the first had sent these answers."""
    session = factories.session()
    presence.claim(session.pk, writer="a", device="", by=ME, at=after(1))
    factories.answer(session, "Q1", "A", epoch=1, writer="a", client_seq=1, received_at=after(2))
    presence.claim(session.pk, writer="b", device="", by=ME, at=after(3))
    for number, (item, value) in enumerate(values):
        page = {"epoch": 1, "writer": "a", "client_seq": 2 + number}
        factories.answer(session, item, value, received_at=after(4 + number), **page)
    return session


def waiting(session: AssessmentSession) -> list[tuple[int, list[str], list[str]]]:
    found = drafts.waiting(desk.read(session.pk))
    return [(draft.number, draft.said, draft.saved) for draft in found]


def settle(session: AssessmentSession, **fields: Any) -> None:
    pk = Quarantine.objects.order_by("-pk").values_list("pk", flat=True)[0]
    made = {"use": True, "device": "", "by": ME, "at": after(20), **fields}
    drafts.settle(pk, session.pk, **made)


def test_the_newest_of_each_item_is_offered_beside_what_is_saved() -> None:
    session = lost(("Q1", "B"), ("Q1", "C"), ("Q2", "A"))
    assert waiting(session) == [
        (1, ["Choice C of Q1"], ["Choice A of Q1"]),
        (2, ["Choice A of Q2"], []),
    ]
    assert drafts.count(session) == 2


def test_what_says_the_same_as_what_is_saved_or_nothing_is_no_loss() -> None:
    session = lost(("Q1", "A"))
    factories.answer(session, "Q2", None, epoch=1, writer="a", client_seq=9, received_at=after(9))
    assert (waiting(session), drafts.count(session)) == ([], 0)


def test_an_own_older_answer_that_was_overtaken_is_no_loss() -> None:
    session = factories.session()
    for seq, value in ((2, "B"), (1, "A")):
        factories.answer(session, "Q1", value, writer="a", client_seq=seq, epoch=0)
    assert Quarantine.objects.get().reason == "stale"
    assert waiting(session) == []


def test_a_draft_that_is_used_is_a_new_answer() -> None:
    session = lost(("Q1", "C"))
    settle(session)
    row = ItemSession.objects.get(session=session, key="Q1")
    assert (row.response, row.revision) == ({"RESPONSE": "C"}, 2)
    assert waiting(session) == []
    told = [entry.kind for entry in ledger.read(session.stream)][-2:]
    assert sorted(told) == ["draft.settled", "response.saved"]
    with pytest.raises(Refusal) as refusal:
        settle(session)
    assert refusal.value.reason == Reason.DRAFT_SETTLED


def test_a_draft_that_is_left_stays_in_quarantine() -> None:
    session = lost(("Q1", "B"), ("Q1", "C"))
    settle(session, use=False)
    assert ItemSession.objects.get(session=session, key="Q1").response == {"RESPONSE": "A"}
    assert (waiting(session), Quarantine.objects.count()) == ([], 2)


def test_a_draft_that_comes_too_late_is_not_settled() -> None:
    session = lost(("Q1", "C"))
    with pytest.raises(Refusal) as refusal:
        settle(session, at=after(4000))
    assert refusal.value.reason == Reason.OUT_OF_TIME
    assert Quarantine.objects.get(reason="lease_lost").settled_at is None


def test_what_was_written_while_the_clock_stood_is_offered_afterwards() -> None:
    session = factories.session(factories.sitting(leaving=True))
    sessions.pause(session.pk, paused_by="candidate", reason="", by=ME, at=after(10))
    factories.answer(session, "Q1", "B", received_at=after(30))
    sessions.resume(session.pk, after(60), by=ME)
    assert waiting(session) == [(1, ["Choice B of Q1"], [])]
