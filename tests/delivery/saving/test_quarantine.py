import pytest

from delivery.models import AssessmentSession, ItemSession, Quarantine
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import quarantine
from delivery.session import expiry, scoring
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db
ME = "candidate:1"


def late_answer() -> Quarantine:
    """Return a right answer that came after the close of a session scored without it."""
    session = factories.session()
    factories.answer(session, "Q1", "B", writer="page", client_seq=1)
    expiry.sweep(after(4000))
    scoring.score(session.pk, after(4001))
    factories.answer(session, "Q1", "A", received_at=after(4002), writer="page", client_seq=2)
    return Quarantine.objects.get()


def test_an_answer_is_admitted_by_two_people_and_scored_anew() -> None:
    kept = late_answer()
    first, second = factories.proctor("a"), factories.proctor("b")
    quarantine.propose(kept.pk, reason="Wi-Fi outage", by=first, at=after(5000))
    quarantine.admit(kept.pk, by=second, at=after(5001))
    assert scoring.pending() == [kept.session_id]
    scored = scoring.score(kept.session_id, after(5002))
    row = ItemSession.objects.get(session=scored, key="Q1")
    assert (scored.score, row.response, row.revision) == (1.0, {"RESPONSE": "A"}, 2)
    told = [entry.kind for entry in ledger.read(scored.stream)]
    assert told[-4:] == [
        "quarantine.proposed",
        "quarantine.admitted",
        "item.attempted",
        "session.scored",
    ]
    assert ledger.verify(scored.stream).is_whole


def test_nobody_admits_what_they_proposed_themselves() -> None:
    kept, alone = late_answer(), factories.proctor()
    quarantine.propose(kept.pk, reason="x", by=alone, at=after(5000))
    with pytest.raises(Refusal) as refusal:
        quarantine.admit(kept.pk, by=alone, at=after(5001))
    assert refusal.value.reason == Reason.SECOND_PERSON
    assert AssessmentSession.objects.get().score == 0.0


def test_what_nobody_proposed_is_not_admitted() -> None:
    kept = late_answer()
    with pytest.raises(Refusal) as refusal:
        quarantine.admit(kept.pk, by=factories.proctor(), at=after(5001))
    assert refusal.value.reason == Reason.NOT_PROPOSED


def test_a_proposal_needs_a_reason() -> None:
    kept = late_answer()
    with pytest.raises(Refusal) as refusal:
        quarantine.propose(kept.pk, reason=" ", by=factories.proctor(), at=after(5000))
    assert refusal.value.reason == Reason.REASON_REQUIRED


def test_an_answer_is_admitted_once() -> None:
    kept = late_answer()
    first, second = factories.proctor("a"), factories.proctor("b")
    quarantine.propose(kept.pk, reason="x", by=first, at=after(5000))
    quarantine.admit(kept.pk, by=second, at=after(5001))
    with pytest.raises(Refusal) as refusal:
        quarantine.admit(kept.pk, by=second, at=after(5002))
    assert refusal.value.reason == Reason.ALREADY_ADMITTED_ANSWER
