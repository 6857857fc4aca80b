from collections.abc import Mapping
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.models import AssessmentSession, ItemSession, Quarantine, ResponseRevision
from delivery.rules.refusals import Reason
from delivery.saving import responses
from delivery.saving.responses import Refused, Saved
from delivery.seat import presence
from delivery.session import expiry, interventions, moves, scoring, sessions
from integrity import ledger
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db


def why(outcome: object) -> Reason | None:
    return outcome.refusal.reason if isinstance(outcome, Refused) else None


def stored(session: AssessmentSession, item: str) -> object:
    return ItemSession.objects.get(session=session, key=item).response.get("RESPONSE")


def test_an_acknowledgement_names_revision_and_ledger_head() -> None:
    session = factories.session()
    saved = factories.answer(session, "Q1", "B")
    assert isinstance(saved, Saved)
    head = ledger.head(session.stream)
    assert head is not None
    assert (saved.revision, saved.ledger_seq, saved.head) == (1, head.seq, head.head)
    assert stored(session, "Q1") == "B"
    assert ledger.verify(session.stream).is_whole


def test_the_answer_itself_is_in_no_ledger_entry() -> None:
    session = factories.session()
    one = replace(factories.save(session, "Q1"), raw={"RESPONSE": "A"})
    responses.save([one])
    revision = ResponseRevision.objects.get()
    entry = ledger.read(session.stream)[-1]
    assert isinstance(entry.payload, Mapping)
    assert entry.payload["digest"] == revision.digest
    assert "A" not in entry.payload.values()


def test_the_same_save_twice_is_acknowledged_as_the_first() -> None:
    session = factories.session()
    one = factories.save(session, "Q1", "B")
    first, second = responses.save([one])[0], responses.save([one])[0]
    assert first == second
    assert ResponseRevision.objects.count() == 1


def test_the_same_save_twice_in_one_batch_is_one_revision() -> None:
    session = factories.session()
    one = factories.save(session, "Q1", "B")
    first, second = responses.save([one, one])
    assert first == second
    assert ResponseRevision.objects.count() == 1


def test_the_same_key_with_another_value_is_a_new_save() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A", key="k", writer="page", client_seq=1)
    later = factories.answer(session, "Q1", "B", key="k", writer="page", client_seq=2)
    assert isinstance(later, Saved)
    assert (later.revision, stored(session, "Q1")) == (2, "B")


def test_within_a_writer_the_sequence_decides_after_a_lost_acknowledgement() -> None:
    session = factories.session()
    page = {"writer": "page", "base_revision": 0}
    factories.answer(session, "Q1", "A", client_seq=1, **page)
    newest = factories.answer(session, "Q1", "B", client_seq=3, **page)
    late = factories.answer(session, "Q1", "C", client_seq=2, **page)
    assert isinstance(newest, Saved)
    assert (why(late), stored(session, "Q1")) == (Reason.STALE, "B")


def test_a_writer_may_blank_its_own_answer() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A", writer="page", client_seq=1)
    blank = factories.answer(session, "Q1", None, writer="page", client_seq=2)
    assert isinstance(blank, Saved)
    assert not blank.answered
    assert AssessmentSession.objects.get().answered == 0


def test_a_blank_from_a_stale_page_never_wins() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A", writer="page", client_seq=1)
    stale = factories.answer(session, "Q1", None, writer="other", client_seq=9)
    assert (why(stale), stored(session, "Q1")) == (Reason.STALE_BLANK, "A")


def test_another_writer_must_have_seen_the_newest_revision() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A", writer="page", client_seq=1)
    stale = factories.answer(session, "Q1", "B", writer="other", client_seq=1)
    fresh = factories.answer(session, "Q1", "C", writer="other", client_seq=2, base_revision=1)
    assert (why(stale), why(fresh), stored(session, "Q1")) == (Reason.STALE, None, "C")


def test_a_refused_answer_is_kept_in_quarantine_and_told_by_its_number() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A", writer="page", client_seq=1)
    stale = factories.answer(session, "Q1", "B", writer="other")
    kept = Quarantine.objects.get()
    assert isinstance(stale, Refused)
    assert (stale.kept_as, kept.value, kept.reason) == (kept.pk, {"RESPONSE": "B"}, "stale")
    assert ledger.read(session.stream)[-1].kind == "response.quarantined"


def test_a_refused_answer_sent_again_is_kept_once() -> None:
    session = factories.session()
    late = factories.save(session, "Q1", "B", received_at=after(4000))
    first, second = responses.save([late])[0], responses.save([late])[0]
    assert isinstance(first, Refused)
    assert isinstance(second, Refused)
    assert first.kept_as == second.kept_as
    assert Quarantine.objects.count() == 1


def test_what_a_page_sent_before_its_claim_was_answered_is_its_own() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A", writer="page", client_seq=1)
    lease = presence.claim(session.pk, writer="page", device="x", by="candidate:1", at=after(2))
    # Its first acknowledgement is still under way: the page does not know the revision yet.
    newer = factories.answer(session, "Q1", "B", writer="page", client_seq=2, epoch=lease.epoch)
    assert isinstance(newer, Saved)
    late = factories.answer(session, "Q1", "C", writer="page", client_seq=1)
    assert isinstance(late, Refused)
    other = factories.answer(session, "Q1", "D", writer="other", client_seq=9, epoch=lease.epoch)
    assert isinstance(other, Refused)


def test_an_older_page_loses_the_right_to_write() -> None:
    session = factories.session()
    first = presence.claim(session.pk, writer="a", device="x", by="candidate:1", at=after(1))
    second = presence.claim(session.pk, writer="b", device="y", by="candidate:1", at=after(2))
    old = factories.answer(session, "Q1", "A", writer="a", epoch=first.epoch, client_seq=1)
    new = factories.answer(session, "Q1", "B", writer="b", epoch=second.epoch, client_seq=1)
    assert (first.taken_over, second.taken_over) == (False, True)
    assert (why(old), why(new)) == (Reason.LEASE_LOST, None)


@pytest.mark.parametrize(
    ("seconds", "reason", "in_grace"),
    [
        (3600, None, False),
        (3601, None, True),
        (3605, None, True),
        (3605.5, Reason.OUT_OF_TIME, False),
    ],
)
def test_the_time_of_receipt_decides(seconds: float, reason: Reason | None, in_grace: bool) -> None:
    session = factories.session()
    outcome = factories.answer(session, "Q1", received_at=after(seconds))
    assert why(outcome) == reason
    assert ResponseRevision.objects.filter(in_grace=True).exists() == in_grace


def test_a_save_received_in_time_counts_though_the_session_was_closed_meanwhile() -> None:
    session = factories.session()
    expiry.sweep(after(3700))
    outcome = factories.answer(session, "Q1", received_at=after(3604))
    assert isinstance(outcome, Saved)
    assert outcome.in_grace


def test_a_submitted_session_takes_no_more_answers() -> None:
    session = factories.session()
    sessions.complete(session.pk, after(64), by="candidate:1", confirmed=True)
    assert why(factories.answer(session, "Q1", received_at=after(65))) == Reason.CLOSED


def test_an_answer_that_was_received_before_the_ending_counts_whoever_commits_first() -> None:
    for end in ("complete", "terminate"):
        session = factories.session()
        if end == "complete":
            sessions.complete(session.pk, after(64), by="candidate:1", confirmed=True)
        else:
            interventions.end(session.pk, reason="x", by="user:1", at=after(64))
        assert why(factories.answer(session, "Q1", received_at=after(64))) is None
        scoring.score(session.pk, after(65))
        assert why(factories.answer(session, "Q2", received_at=after(64))) is not None


@pytest.mark.parametrize(("seconds", "reason"), [(64, None), (69, None), (70, Reason.PAUSED)])
def test_what_was_on_its_way_at_a_pause_still_counts(seconds: float, reason: Reason | None) -> None:
    session = factories.session()
    sessions.pause(session.pk, paused_by="proctor", reason="x", by="user:1", at=after(64))
    assert why(factories.answer(session, "Q1", received_at=after(seconds))) == reason


def test_a_terminated_session_keeps_late_answers_aside() -> None:
    session = factories.session()
    interventions.terminate(session.pk, reason="x", by=factories.proctor(), at=after(64))
    outcome = factories.answer(session, "Q1", received_at=after(65))
    assert why(outcome) == Reason.TERMINATED
    assert Quarantine.objects.count() == 1


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"OTHER": "A"}, Reason.MALFORMED),
        ({"RESPONSE": ["A", "B"]}, Reason.MALFORMED),
        ({"RESPONSE": "A" * 100_001}, Reason.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_refused_and_forgotten(
    raw: dict[str, str | list[str] | None], reason: Reason
) -> None:
    session = factories.session()
    outcome = responses.save([replace(factories.save(session, "Q1"), raw=raw)])[0]
    assert isinstance(outcome, Refused)
    assert (why(outcome), outcome.kept_as) == (reason, None)
    assert not Quarantine.objects.exists()


def test_a_choice_that_is_not_offered_is_kept_aside() -> None:
    session = factories.session()
    outcome = factories.answer(session, "Q1", "D")
    assert isinstance(outcome, Refused)
    assert (why(outcome), outcome.kept_as) == (Reason.NOT_OFFERED, Quarantine.objects.get().pk)
    assert stored(session, "Q1") is None


def test_an_item_of_another_part_takes_no_answer() -> None:
    version = factories.published(Part("P1", ("A",)), Part("P2", ("B",)))
    session = factories.session(factories.sitting(version))
    assert why(factories.answer(session, "B")) == Reason.ITEM_NOT_REACHED
    moves.end_part(session.pk, after(8), by="candidate:1", confirmed=True)
    assert why(factories.answer(session, "A", received_at=after(9))) == Reason.PART_ENDED
    assert why(factories.answer(session, "B", received_at=after(9))) is None


def test_an_unknown_item_is_refused() -> None:
    session = factories.session()
    assert why(factories.answer(session, "Z")) == Reason.NO_SUCH_ITEM


def test_the_session_counts_its_answers() -> None:
    session = factories.session()
    for item in ("Q1", "Q2", "Q1"):
        factories.answer(session, item, writer="page", client_seq=len(item), base_revision=0)
    assert AssessmentSession.objects.get().answered == 2


def batch_of(number: int) -> list[responses.Save]:
    one = factories.sitting()
    made = [factories.session(one, factories.candidate(f"C {n}")) for n in range(number)]
    return [factories.save(session, "Q1") for session in made]


def test_a_batch_costs_as_many_statements_as_one_save(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    one, three = batch_of(1), batch_of(3)
    responses.save(batch_of(1))
    # PostgreSQL gets all that is written in one.
    number = 7 if connection.vendor == "postgresql" else 11
    with django_assert_num_queries(number):  # type: ignore[operator]
        responses.save(one)
    with django_assert_num_queries(number):  # type: ignore[operator]
        responses.save(three)


def test_a_batch_of_late_answers_costs_as_many_statements_as_one() -> None:
    late = [replace(one, received_at=after(4000)) for one in batch_of(5)]
    responses.save(late[:1])
    with CaptureQueriesContext(connection) as alone:
        responses.save(late[1:2])
    with CaptureQueriesContext(connection) as together:
        outcomes = responses.save(late[2:])
    assert len(together) == len(alone)
    assert [one.kept_as is not None for one in outcomes if isinstance(one, Refused)] == [True] * 3
    assert Quarantine.objects.count() == 5


def test_the_same_late_answer_twice_in_a_batch_is_kept_once() -> None:
    late = factories.save(factories.session(), "Q1", received_at=after(4000))
    first, second = responses.save([late, late])
    assert first == second
    assert Quarantine.objects.count() == 1
