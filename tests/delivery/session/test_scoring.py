import pytest

from delivery.models import AssessmentSession, ItemSession, Sitting
from delivery.rules.refusals import Reason
from delivery.session import expiry, interventions, moves, release, scoring, sessions
from integrity import ledger
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db
ME = "candidate:1"


def test_an_ended_session_waits_for_its_score() -> None:
    session = factories.session()
    assert scoring.pending() == []
    sessions.complete(session.pk, after(64), by=ME, confirmed=True)
    assert scoring.pending() == [session.pk]
    scoring.score(session.pk, after(65))
    assert scoring.pending() == []


def test_the_score_is_the_sum_of_what_was_saved() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A")
    factories.answer(session, "Q2", "B")
    expiry.sweep(after(4000))
    scored = scoring.score(session.pk, after(4001))
    assert (scored.score, scored.max_score) == (1.0, 3.0)
    assert [(item["key"], item["score"]) for item in scored.outcomes["items"]] == [
        ("Q1", 1.0),
        ("Q2", 0.0),
        ("Q3", None),
    ]
    assert scored.outcomes["sections"] == [
        {"id": "S-P1", "title": "Section P1", "score": 1.0, "max": 3.0}
    ]
    assert ledger.read(session.stream)[-1].kind == "session.scored"
    assert ledger.verify(session.stream).is_whole


def test_scoring_twice_is_scoring_once() -> None:
    session = factories.session()
    sessions.complete(session.pk, after(64), by=ME, confirmed=True)
    first = scoring.score(session.pk, after(65))
    second = scoring.score(session.pk, after(66))
    assert first.scored_at == second.scored_at == after(65)


def test_an_open_session_is_not_scored() -> None:
    session = factories.session()
    assert scoring.score(session.pk, after(1)).scored_at is None


def test_an_answer_changed_after_a_check_counts_while_attempts_are_left() -> None:
    control = '<qti-item-session-control max-attempts="3"/>'
    version = factories.published(Part("P1", ("A",), control=control))
    session = factories.session(factories.sitting(version))
    factories.answer(session, "A", "B", writer="p", client_seq=1)
    moves.check(session.pk, "A", after(2), by=ME)
    factories.answer(session, "A", "A", writer="p", client_seq=2, received_at=after(3))
    sessions.complete(session.pk, after(4), by=ME, confirmed=True)
    assert scoring.score(session.pk, after(5)).score == 1.0
    assert ItemSession.objects.get().num_attempts == 2


@pytest.mark.parametrize(
    ("policy", "seconds", "reason"),
    [
        (Sitting.Release.SUBMISSION, 100, None),
        (Sitting.Release.CLOSING, 100, Reason.NOT_RELEASED),
        (Sitting.Release.CLOSING, 6 * 3600, None),
        (Sitting.Release.MANUAL, 6 * 3600, Reason.NOT_RELEASED),
        (Sitting.Release.NEVER, 6 * 3600, Reason.NOT_RELEASED),
    ],
)
def test_results_are_shown_by_the_sittings_release(
    policy: str, seconds: int, reason: Reason | None
) -> None:
    session = factories.session(factories.sitting(release=policy))
    sessions.complete(session.pk, after(64), by=ME, confirmed=True)
    scored = scoring.score(session.pk, after(65))
    refusal = release.may_see_result(scored, after(seconds)).refusal
    assert (refusal.reason if refusal else None) == reason


def test_staff_release_results_once_and_it_is_told() -> None:
    sitting = factories.sitting(release=Sitting.Release.MANUAL)
    for second in (1, 2):
        release.release_results(sitting, by="user:1", at=after(second))
    sitting.refresh_from_db()
    assert sitting.released_at == after(1)
    told = [entry.kind for entry in ledger.read(f"sitting:{sitting.pk}")]
    assert told == ["results.released"]


def test_a_terminated_sessions_result_is_withheld() -> None:
    session = factories.session(factories.sitting(release=Sitting.Release.SUBMISSION))
    factories.answer(session, "Q1", "A")
    interventions.terminate(session.pk, reason="x", by=factories.proctor(), at=after(8))
    scored = scoring.score(session.pk, after(9))
    refusal = release.may_see_result(scored, after(10)).refusal
    assert (scored.score, refusal and refusal.reason) == (1.0, Reason.RESULT_WITHHELD)


def test_a_session_without_a_score_says_that_it_waits() -> None:
    session = factories.session(factories.sitting(release=Sitting.Release.SUBMISSION))
    sessions.complete(session.pk, after(64), by=ME, confirmed=True)
    ended = AssessmentSession.objects.get()
    refusal = release.may_see_result(ended, after(65)).refusal
    assert refusal is not None
    assert refusal.reason == Reason.NOT_SCORED
