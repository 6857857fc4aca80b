import pytest

from assembly.qti.item_session import COMPLETED
from delivery.models import AssessmentSession, ItemSession
from delivery.rules.refusals import Reason, Refusal
from delivery.seat import presence
from delivery.session import moves, scoring, sessions
from integrity import ledger
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db
ME = "candidate:1"


def linear(*items: str, control: str = "") -> AssessmentSession:
    version = factories.published(Part("P1", items, mode="linear", control=control))
    return factories.session(factories.sitting(version))


def test_entering_an_item_moves_there_and_is_a_fact() -> None:
    session = factories.session()
    found = moves.enter(session.pk, "Q3", after(8), by=ME)
    assert found.session.position == "Q3"
    assert ledger.read(session.stream)[-1].kind == "item.entered"
    assert ItemSession.objects.get(key="Q1").elapsed_ms == 8000


def test_a_move_takes_as_many_statements_however_long_the_test_is(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    for length in (3, 30):
        items = tuple(f"Q{number}" for number in range(1, length + 1))
        version = factories.published(Part("P1", items))
        candidate = factories.candidate(f"Of {length}")
        session = factories.session(factories.sitting(version), candidate)
        moves.enter(session.pk, "Q2", after(4), by=ME)
        with django_assert_num_queries(9):  # type: ignore[operator]
            moves.enter(session.pk, "Q3", after(8), by=ME)


def test_entering_where_one_is_changes_nothing() -> None:
    session = factories.session()
    moves.enter(session.pk, "Q1", after(8), by=ME)
    assert len(ledger.read(session.stream)) == 3


def test_a_linear_next_closes_the_item_and_scores_its_attempt() -> None:
    session = linear("A", "B")
    factories.answer(session, "A", "A")
    found = moves.advance(session.pk, after(8), by=ME, from_key="A")
    row = ItemSession.objects.get(key="A")
    assert found.session.position == "B"
    assert (row.state, row.num_attempts, row.score) == ("closed", 1, 1.0)
    assert row.qti["completion_status"] == COMPLETED
    with pytest.raises(Refusal) as refusal:
        moves.enter(session.pk, "A", after(9), by=ME)
    assert refusal.value.reason == Reason.ITEM_CLOSED


def test_next_twice_from_the_same_item_is_one_step() -> None:
    session = linear("A", "B", "C")
    for _ in range(2):
        found = moves.advance(session.pk, after(8), by=ME, from_key="A", confirmed=True)
    assert found.session.position == "B"


def test_leaving_a_linear_item_open_wants_a_confirmation() -> None:
    session = linear("A", "B")
    with pytest.raises(Refusal) as refusal:
        moves.advance(session.pk, after(8), by=ME, from_key="A")
    assert refusal.value.reason == Reason.UNANSWERED


def test_an_item_that_may_not_be_skipped_holds_the_candidate() -> None:
    session = linear("A", "B", control='<qti-item-session-control allow-skipping="false"/>')
    with pytest.raises(Refusal) as refusal:
        moves.advance(session.pk, after(8), by=ME, from_key="A", confirmed=True)
    assert refusal.value.reason == Reason.NO_SKIPPING


def test_after_the_last_linear_item_only_submitting_is_left() -> None:
    session = linear("A")
    found = moves.advance(session.pk, after(8), by=ME, from_key="A", confirmed=True)
    assert found.session.position == ""
    done = sessions.complete(session.pk, after(16), by=ME, confirmed=True)
    assert done.is_ended


def test_standing_at_no_item_next_changes_nothing() -> None:
    session = linear("A")
    for key in ("A", ""):
        found = moves.advance(session.pk, after(8), by=ME, from_key=key, confirmed=True)
    assert (found.session.position, found.session.state) == ("", "in_progress")


def test_a_part_ends_one_way_and_only_when_confirmed() -> None:
    version = factories.published(Part("P1", ("A", "B")), Part("P2", ("C",), mode="linear"))
    session = factories.session(factories.sitting(version))
    moves.enter(session.pk, "B", after(4), by=ME)
    for item in ("A", "B"):
        factories.answer(session, item)
    with pytest.raises(Refusal) as refusal:
        moves.advance(session.pk, after(8), by=ME, from_key="B")
    assert refusal.value.reason == Reason.PART_ENDS
    found = moves.advance(session.pk, after(16), by=ME, from_key="B", confirmed=True)
    assert (found.session.position, found.session.ended_parts) == ("C", ["P1"])


def test_a_sitting_may_restrict_every_part_to_linear() -> None:
    session = factories.session(factories.sitting(linear=True))
    with pytest.raises(Refusal) as refusal:
        moves.enter(session.pk, "Q2", after(1), by=ME)
    assert refusal.value.reason == Reason.ITEM_NOT_REACHED


def test_a_paused_session_does_not_move() -> None:
    session = factories.session()
    sessions.pause(session.pk, paused_by="proctor", reason="x", by="user:1", at=after(1))
    with pytest.raises(Refusal) as refusal:
        moves.enter(session.pk, "Q2", after(2), by=ME)
    assert refusal.value.reason == Reason.PAUSED


def test_between_deadline_and_grace_nobody_moves() -> None:
    session = factories.session()
    with pytest.raises(Refusal) as refusal:
        moves.enter(session.pk, "Q2", after(3601), by=ME)
    assert refusal.value.reason == Reason.OUT_OF_TIME


def test_a_flag_is_set_and_lifted_and_told_once() -> None:
    session = factories.session()
    for _ in range(2):
        moves.flag(session.pk, "Q1", True, after(1), by=ME)
    assert ItemSession.objects.get(key="Q1").flagged
    moves.flag(session.pk, "Q1", False, after(2), by=ME)
    assert not ItemSession.objects.get(key="Q1").flagged
    told = [entry.kind for entry in ledger.read(session.stream)]
    assert told.count("item.flagged") == 2


def test_checking_an_answer_ends_one_attempt_of_several() -> None:
    control = '<qti-item-session-control max-attempts="2" show-feedback="true"/>'
    version = factories.published(Part("P1", ("A", "B"), control=control))
    session = factories.session(factories.sitting(version))
    factories.answer(session, "A", "B", writer="p", client_seq=1)
    moves.check(session.pk, "A", after(2), by=ME)
    row = ItemSession.objects.get(key="A")
    assert (row.num_attempts, row.score, row.state) == (1, 0.0, "interacting")
    factories.answer(session, "A", "A", writer="p", client_seq=2, received_at=after(3))
    moves.check(session.pk, "A", after(4), by=ME)
    row.refresh_from_db()
    assert (row.num_attempts, row.score, row.state) == (2, 1.0, "closed")
    with pytest.raises(Refusal) as refusal:
        moves.check(session.pk, "A", after(5), by=ME)
    assert refusal.value.reason == Reason.ITEM_CLOSED


def adaptive_sitting(pool: int = 8, most: int = 4) -> AssessmentSession:
    settings = f"urn:invigil:adaptive:settings?min-items=2&amp;max-items={most}"
    rules = (
        '<qti-adaptive-selection><qti-adaptive-engine-ref identifier="E" '
        'href="urn:invigil:adaptive:eap-1"/><qti-adaptive-settings-ref identifier="S" '
        f'href="{settings}"/></qti-adaptive-selection>'
    )
    names = [f"Q{number}" for number in range(pool)]
    items = {
        name: factories.item_version(name, irt_a=1.0, irt_b=(place - pool / 2) / 2)
        for place, name in enumerate(names)
    }
    version = factories.published(Part("P1", names, rules=rules), items=items)
    return factories.session(factories.sitting(version))


def test_an_adaptive_section_chooses_as_the_candidate_answers() -> None:
    session = adaptive_sitting()
    met = []
    for step in range(4):
        session.refresh_from_db()
        met.append(session.position)
        factories.answer(session, session.position, "A", received_at=after(step * 2 + 1))
        moves.advance(session.pk, after(step * 2 + 2), by=ME, from_key=session.position)
    session.refresh_from_db()
    assert (len(set(met)), session.position, session.total) == (4, "", 4)
    chosen = [entry for entry in ledger.read(session.stream) if entry.kind == "item.selected"]
    assert len(chosen) == 4
    sessions.complete(session.pk, after(64), by=ME, confirmed=True)
    scored = scoring.score(session.pk, after(65))
    ability = scored.outcomes["sections"][0]
    assert (scored.score, ability["theta"] > 0) == (4.0, True)


def test_a_call_for_help_is_told_once() -> None:
    session = factories.session()
    for second in (1, 2):
        presence.ask_help(session.pk, after(second), by=ME)
    assert AssessmentSession.objects.get().help_requested_at == after(1)


PASSED = (
    '<qti-equal tolerance-mode="exact"><qti-variable identifier="A.SCORE"/>'
    '<qti-base-value base-type="float">1</qti-base-value></qti-equal>'
)


@pytest.mark.parametrize(("value", "expected"), [("A", "C"), ("B", "B")])
def test_a_branch_rule_sees_the_score_of_the_item_just_left(value: str, expected: str) -> None:
    rule = f'<qti-branch-rule target="C">{PASSED}</qti-branch-rule>'
    version = factories.published(Part("P1", ("A", "B", "C"), mode="linear", ref_rules={"A": rule}))
    session = factories.session(factories.sitting(version))
    factories.answer(session, "A", value)
    found = moves.advance(session.pk, after(8), by=ME, from_key="A")
    assert found.session.position == expected


@pytest.mark.parametrize(("most", "expected", "attempts"), [("2", "C", 2), ("1", "B", 1)])
def test_a_branch_rule_sees_an_answer_changed_after_an_attempt(
    most: str, expected: str, attempts: int
) -> None:
    rule = f'<qti-branch-rule target="C">{PASSED}</qti-branch-rule>'
    control = f'<qti-item-session-control max-attempts="{most}" show-feedback="true"/>'
    part = Part("P1", ("A", "B", "C"), mode="linear", ref_rules={"A": rule}, control=control)
    session = factories.session(factories.sitting(factories.published(part)))
    factories.answer(session, "A", "B", writer="p", client_seq=1)
    moves.check(session.pk, "A", after(2), by=ME)
    factories.answer(session, "A", "A", writer="p", client_seq=2, received_at=after(4))
    found = moves.advance(session.pk, after(8), by=ME, from_key="A")
    assert (found.session.position, found.item("A").num_attempts) == (expected, attempts)


@pytest.mark.parametrize(("second", "expected"), [(4, "B"), (16, "C")])
def test_a_branch_rule_sees_the_time_spent_in_its_part(second: int, expected: str) -> None:
    long = (
        '<qti-duration-gte><qti-variable identifier="P1.duration"/>'
        '<qti-base-value base-type="duration">8</qti-base-value></qti-duration-gte>'
    )
    rule = f'<qti-branch-rule target="C">{long}</qti-branch-rule>'
    version = factories.published(Part("P1", ("A", "B", "C"), mode="linear", ref_rules={"A": rule}))
    session = factories.session(factories.sitting(version))
    factories.answer(session, "A", "A")
    found = moves.advance(session.pk, after(second), by=ME, from_key="A")
    assert found.session.position == expected


def test_what_a_rule_skipped_is_not_counted_as_unanswered() -> None:
    skip = f"<qti-pre-condition>{PASSED}</qti-pre-condition>"
    version = factories.published(Part("P1", ("A", "B"), mode="linear", ref_rules={"B": skip}))
    session = factories.session(factories.sitting(version))
    factories.answer(session, "A", "C")
    found = moves.advance(session.pk, after(8), by=ME, from_key="A")
    assert (found.session.position, found.counts().unanswered) == ("", 0)
    done = sessions.complete(session.pk, after(9), by=ME, confirmed=False)
    assert done.state == "completed"
