"""Item session control: attempts, feedback, review, solution, comments, skipping, validation."""

from datetime import datetime

import pytest

from delivery.facts import events
from delivery.models import AssessmentSession, ItemSession, Sitting
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import comments
from delivery.session import desk, lookback, moves, scoring, sessions
from delivery.session.desk import Desk
from integrity import ledger
from tests import factories
from tests.factories import QTI, Part, after

pytestmark = pytest.mark.django_db
ME = "candidate:1"
HINTED = f"""<qti-assessment-item {QTI} identifier="H" title="Hinted" adaptive="true"
  time-dependent="false">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="identifier"/>
  <qti-response-declaration identifier="HINT" cardinality="single" base-type="boolean"/>
  <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
  <qti-outcome-declaration identifier="ASKED" cardinality="single" base-type="boolean"/>
  <qti-outcome-declaration identifier="completionStatus" cardinality="single"
    base-type="identifier"/>
  <qti-item-body><p>
    <qti-end-attempt-interaction response-identifier="HINT" title="Give me a hint"/></p>
  </qti-item-body>
  <qti-response-processing><qti-set-outcome-value identifier="ASKED">
    <qti-variable identifier="HINT"/></qti-set-outcome-value></qti-response-processing>
</qti-assessment-item>"""


def control(**settings: str) -> str:
    written = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in settings.items())
    return f"<qti-item-session-control {written}/>"


def begun(*parts: Part, **sitting: object) -> AssessmentSession:
    return factories.session(factories.sitting(factories.published(*parts), **sitting))


def read(session: AssessmentSession) -> Desk:
    return desk.read(session.pk)


def reason(permission: object) -> Reason | None:
    refusal = getattr(permission, "refusal", None)
    return refusal.reason if refusal else None


def checked(session: AssessmentSession, key: str, value: str, at: datetime) -> Desk:
    factories.answer(session, key, value, base_revision=read(session).item(key).revision)
    return moves.check(session.pk, key, at, by=ME)


def ended(session: AssessmentSession, at: datetime) -> AssessmentSession:
    sessions.complete(session.pk, at, by=ME, confirmed=True)
    return scoring.score(session.pk, at)


def test_feedback_is_told_between_attempts_and_after_the_last_only_where_asked_for() -> None:
    quiet = begun(Part(items=("A",), control=control(max_attempts="2")))
    told = begun(Part(items=("A",), control=control(max_attempts="2", show_feedback="true")))
    for session, last in ((quiet, False), (told, True)):
        assert not lookback.shows_feedback(read(session), "A")
        assert lookback.shows_feedback(checked(session, "A", "B", after(2)), "A")
        assert lookback.shows_feedback(checked(session, "A", "A", after(3)), "A") is last
        assert read(session).item("A").state == "closed"


def test_a_check_is_offered_where_something_comes_of_it() -> None:
    plain = begun(Part(items=("A",)))
    several = begun(Part(items=("A",), control=control(max_attempts="0")))
    whole = begun(Part(items=("A",), submission="simultaneous", control=control(max_attempts="3")))
    offered = [moves.offers_check(read(session), "A") for session in (plain, several, whole)]
    assert offered == [False, True, False]


def test_a_closed_item_is_looked_at_again_unless_the_test_says_no() -> None:
    open_one = begun(Part(items=("A", "B"), control=control(show_feedback="true")))
    assert reason(lookback.may_look(read(open_one), "A", after(1))) is Reason.STILL_OPEN
    assert lookback.may_look(checked(open_one, "A", "A", after(2)), "A", after(3))
    shut = begun(
        Part(items=("A",), control=control(show_feedback="true", allow_review="false")),
    )
    after_it = checked(shut, "A", "A", after(2))
    assert reason(lookback.may_look(after_it, "A", after(3))) is Reason.NO_REVIEW


def test_a_solution_is_shown_when_the_item_is_closed_and_only_where_the_test_wants_it() -> None:
    shown = begun(Part(items=("A",), control=control(max_attempts="2", show_solution="true")))
    once = checked(shown, "A", "B", after(2))
    assert reason(lookback.may_see_solution(once, "A", after(2))) is Reason.STILL_OPEN
    assert lookback.may_see_solution(checked(shown, "A", "B", after(3)), "A", after(3))
    kept = begun(Part(items=("A",), control=control(show_feedback="true")))
    closed = checked(kept, "A", "A", after(2))
    assert reason(lookback.may_see_solution(closed, "A", after(3))) is Reason.NO_SOLUTION


def test_an_unfinished_linear_item_shows_no_solution_behind_the_candidate() -> None:
    part = Part(items=("A", "B"), mode="linear", control=control(show_solution="true"))
    session = begun(part)
    moves.advance(session.pk, after(2), by=ME, from_key="A", confirmed=True)
    asked = lookback.may_see_solution(read(session), "A", after(3))
    assert reason(asked) is Reason.ITEM_CLOSED


def test_after_its_end_a_part_is_looked_at_where_its_author_shows_feedback() -> None:
    told = Part("P1", ("A",), submission="simultaneous", control=control(show_solution="true"))
    session = begun(told, Part("P2", ("B",)))
    factories.answer(session, "A", "A")
    found = moves.end_part(session.pk, after(4), by=ME, confirmed=True)
    assert lookback.keys_of_part(found, "P1", after(5)) == ["A"]
    assert lookback.may_see_solution(found, "A", after(5))
    plain = begun(Part("P1", ("A",)), Part("P2", ("B",)))
    found = moves.end_part(plain.pk, after(4), by=ME, confirmed=True)
    assert lookback.keys_of_part(found, "P1", after(5)) == []


def test_the_test_is_looked_at_with_its_released_result() -> None:
    part = Part(items=("A",), control=control(show_solution="true"))
    session = begun(part, release=Sitting.Release.MANUAL)
    done = ended(session, after(9))
    found = read(done)
    assert reason(lookback.may_look(found, "A", after(10))) is Reason.NOT_RELEASED
    Sitting.objects.update(released_at=after(11))
    found = read(done)
    assert lookback.may_look(found, "A", after(12))
    assert lookback.may_see_solution(found, "A", after(12))
    Sitting.objects.update(looking_back=False)
    found = read(done)
    assert reason(lookback.may_look(found, "A", after(12))) is Reason.NO_REVIEW
    assert reason(lookback.may_see_solution(found, "A", after(12))) is Reason.NO_REVIEW


def test_a_comment_is_kept_changed_and_told_as_a_digest_each_time() -> None:
    session = begun(Part(items=("A", "B"), control=control(allow_comment="true")))
    for text, changes in (("Two are right\0.", True), ("Two are right\0.", False), ("", True)):
        assert comments.save(session.pk, "A", text, after(2), by=ME) is changes
    facts = [one for one in ledger.read(session.stream) if one.kind == events.ItemCommented.kind]
    assert [one.payload["revision"] for one in facts] == [1, 2]
    assert "right" not in str([one.payload for one in facts])
    comments.save(session.pk, "B", " second thoughts\r\nhere ", after(3), by=ME)
    assert comments.of(session.pk) == {"B": "second thoughts\nhere"}


def test_a_comment_is_refused_where_the_item_takes_none_or_is_closed_or_it_is_too_long() -> None:
    plain = begun(Part(items=("A",)))
    taken = begun(
        Part(items=("A",), control=control(allow_comment="true", show_feedback="true")),
    )
    with pytest.raises(Refusal) as refusal:
        comments.save(plain.pk, "A", "x", after(2), by=ME)
    assert refusal.value.reason is Reason.NO_COMMENTS
    with pytest.raises(Refusal) as refusal:
        comments.save(taken.pk, "A", "x" * 4001, after(2), by=ME)
    assert refusal.value.reason is Reason.TOO_LARGE
    checked(taken, "A", "A", after(3))
    with pytest.raises(Refusal) as refusal:
        comments.save(taken.pk, "A", "x", after(4), by=ME)
    assert refusal.value.reason is Reason.COMMENT_LATE
    assert comments.of(taken.pk) == {}


def test_an_answer_that_does_not_fit_holds_a_part_where_the_test_validates() -> None:
    held = Part("P1", ("A", "B"), control=control(validate_responses="true"))
    session = begun(held, Part("P2", ("C",)))
    ItemSession.objects.filter(session=session, key="B").update(
        response={"RESPONSE": "Z"}, answered=True
    )
    with pytest.raises(Refusal) as refusal:
        moves.end_part(session.pk, after(4), by=ME, confirmed=True)
    assert (refusal.value.reason, refusal.value.facts) == (Reason.NOT_VALID_YET, {"items": "2"})
    whole = Part(items=("A",), submission="simultaneous", control=held.control)
    free = begun(whole)
    ItemSession.objects.filter(session=free).update(response={"RESPONSE": "Z"}, answered=True)
    assert sessions.complete(free.pk, after(4), by=ME, confirmed=True).is_ended


def test_a_check_wants_an_answer_where_skipping_is_not_allowed() -> None:
    part = Part(items=("A",), control=control(allow_skipping="false", max_attempts="0"))
    session = begun(part)
    with pytest.raises(Refusal) as refusal:
        moves.check(session.pk, "A", after(2), by=ME)
    assert refusal.value.reason is Reason.NO_SKIPPING


def test_the_item_s_own_button_ends_an_attempt_and_is_unpressed_at_the_next() -> None:
    version = factories.published(
        Part(items=("H",)), items={"H": factories.item_version("H", HINTED)}
    )
    session = factories.session(factories.sitting(version))
    found = moves.check(session.pk, "H", after(2), by=ME, pressed="HINT")
    assert found.item("H").qti["outcomes"]["ASKED"] == "true"
    assert ledger.read(session.stream)[-1].payload["pressed"] == "HINT"
    found = moves.check(session.pk, "H", after(3), by=ME)
    assert found.item("H").qti["outcomes"]["ASKED"] == "false"
    assert "pressed" not in ledger.read(session.stream)[-1].payload


def test_a_hint_that_counts_as_no_attempt_leaves_the_attempts_that_there_are() -> None:
    version = factories.published(
        Part(items=("H",), control=control(max_attempts="1")),
        items={"H": factories.item_version("H", factories.HELPED)},
    )
    session = factories.session(factories.sitting(version))
    factories.answer(session, "H", "York")
    assert not lookback.shows_feedback(read(session), "H")
    for minute in (2, 3):
        found = moves.check(session.pk, "H", after(minute), by=ME, pressed="HINT")
        row = found.item("H")
        assert (row.num_attempts, row.state) == (0, ItemSession.State.INTERACTING)
    assert lookback.shows_feedback(found, "H")
    told = ledger.read(session.stream)[-1].payload
    assert (told["attempt"], told["pressed"], told["counted"]) == (0, "HINT", False)
    row = moves.check(session.pk, "H", after(4), by=ME).item("H")
    assert (row.num_attempts, row.state, row.score) == (1, ItemSession.State.CLOSED, 1.0)
    assert "counted" not in ledger.read(session.stream)[-1].payload


def test_what_was_answered_after_the_last_attempt_at_an_adaptive_item_counts_at_the_end() -> None:
    version = factories.published(
        Part(items=("H",), control=control(max_attempts="1")),
        items={
            "H": factories.item_version("H", factories.HELPED.replace('="false"', '="true"', 1))
        },
    )
    session = factories.session(factories.sitting(version))
    factories.answer(session, "H", "Hull", writer="p", client_seq=1)
    assert moves.check(session.pk, "H", after(2), by=ME).item("H").score == 0.0
    factories.answer(session, "H", "York", writer="p", client_seq=2, received_at=after(3))
    sessions.complete(session.pk, after(4), by=ME, confirmed=True)
    scoring.score(session.pk, after(5))
    row = read(session).item("H")
    assert (row.num_attempts, row.score) == (2, 1.0)


def test_staff_read_the_comments_in_order_and_erasure_takes_them_away() -> None:
    session = begun(Part(items=("A", "B"), control=control(allow_comment="true")))
    for key in ("B", "A"):
        comments.save(session.pk, key, f"about {key}", after(2), by=ME)
    told = [(one.number, one.text) for one in comments.listed(session.pk)]
    assert told == [(1, "about A"), (2, "about B")]
