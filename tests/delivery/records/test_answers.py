from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from delivery.models import (
    AssessmentSession,
    CandidateComment,
    ItemSession,
    Message,
    Quarantine,
    ResponseRevision,
)
from delivery.people import erasing
from delivery.records import testimony
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import comments, quarantine
from delivery.seat import conditions
from delivery.session import interventions, scoring, sessions
from integrity import ledger, words
from integrity.chain import BreakKind
from integrity.models import LedgerWords
from integrity.proof.witnesses import Difference
from integrity.telling import Teller
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Any) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"


def sat() -> AssessmentSession:
    """A session with an answer given, changed, and given to a second item; then scored."""
    session = factories.session()
    for number, (item, value, base) in enumerate((("Q1", "A", 0), ("Q1", "B", 1), ("Q2", "C", 0))):
        factories.answer(session, item, value, received_at=after(number), base_revision=base)
    sessions.complete(session.pk, after(10), by="candidate:1", confirmed=True)
    factories.answer(session, "Q3", "A", received_at=after(60))
    scoring.score(session.pk, after(11))
    session.refresh_from_db()
    return session


def found(*streams: str) -> list[Difference]:
    return list(testimony.differences(list(streams) or None))


def test_what_was_recorded_is_what_is_stored() -> None:
    sessions_of_many = [sat() for _ in range(3)]
    assert Quarantine.objects.exclude(salt="").count() == 3
    assert found() == []
    assert found(sessions_of_many[0].stream, "ledger:keys", "session:nobody") == []


def edit(**fields: Any) -> Callable[[], int]:
    rows = ResponseRevision.objects.filter(item_session__key="Q1", revision=2)
    return lambda: rows.update(**fields)


def remove_revision() -> None:
    ResponseRevision.objects.filter(item_session__key="Q2").delete()


def add_revision() -> None:
    row = ResponseRevision.objects.get(item_session__key="Q2")
    row.pk, row.revision, row.key = None, 9, "forged"
    row.save(force_insert=True)


def replace_current() -> None:
    ItemSession.objects.filter(key="Q1").update(response={"RESPONSE": "C"})


def answer_an_item_that_was_not() -> None:
    ItemSession.objects.filter(key="Q3").update(response={"RESPONSE": "C"}, revision=1)


def edit_what_was_kept_aside() -> None:
    Quarantine.objects.update(value={"RESPONSE": "C"})


@pytest.mark.parametrize(
    ("tamper", "what"),
    [
        (edit(value={"RESPONSE": "C"}), ["Item Q1, revision 2"] * 2),
        (edit(salt="0" * 32), ["Item Q1, revision 2"]),
        (edit(salt="", value={}), ["Item Q1, revision 2"] * 2),
        (edit(ledger_seq=1), ["Item Q1, revision 2"]),
        (remove_revision, ["Item Q2, revision 1"] * 2),
        (add_revision, ["Item Q2, revision 9"] * 2),
        (replace_current, ["Item Q1, revision 2"]),
        (answer_an_item_that_was_not, ["Item Q3, revision 1"]),
        (edit_what_was_kept_aside, ["Item Q3, revision 0"]),
    ],
)  # fmt: skip
def test_an_answer_that_was_tampered_with_is_found(
    tamper: Callable[[], object], what: list[str]
) -> None:
    session = sat()
    tamper()
    differences = found(session.stream)
    assert [(one.what, one.kind) for one in differences] == [
        (name, BreakKind.ANSWER) for name in what
    ]


@pytest.mark.parametrize("fields", [{"score": 3.0}, {"max_score": 9.0}, {"outcomes": {}}])
def test_a_result_that_was_tampered_with_is_found(fields: dict[str, Any]) -> None:
    session = sat()
    AssessmentSession.objects.update(**fields)
    (difference,) = found()
    assert (difference.kind, difference.stream) == (BreakKind.RESULT, session.stream)
    assert difference.said != difference.found


def test_the_command_names_the_entry_whose_answer_differs() -> None:
    session = sat()
    call_command("ledger_verify", verbosity=0)
    edit(value={"RESPONSE": "C"})()
    saved = [entry for entry in ledger.read(session.stream) if entry.kind == "response.saved"]
    with pytest.raises(CommandError) as broken:
        call_command("ledger_verify", verbosity=0)
    assert str(broken.value) == (
        f"Broken: stream {session.stream}, entry {saved[1].seq}, answer differs. The answer that "
        f"is stored is not the one that entry {saved[1].seq} recorded."
    )


def test_an_answer_that_two_people_admitted_is_as_recorded() -> None:
    session = sat()
    kept = Quarantine.objects.get()
    quarantine.propose(kept.pk, reason="The clock was wrong.", by=factories.proctor(), at=after(99))
    quarantine.admit(kept.pk, by=factories.proctor(), at=after(100))
    assert found(session.stream) == []


def test_erasing_a_person_takes_words_and_answers_and_keeps_the_chain() -> None:
    session, other = sat(), sat()
    candidate = session.candidate
    digest = ledger.read(session.stream)[0].payload["person"]
    assert digest == erasing.identity_under(
        candidate.salt, name=candidate.name, number=candidate.number
    )
    before = [entry.hash for entry in ledger.read(session.stream)]
    erasing.erase(candidate.pk, reason="They asked for it.", by="user:1", at=after(500))
    candidate.refresh_from_db()
    assert (candidate.name, candidate.number, candidate.salt) == ("–", f"erased-{candidate.pk}", "")
    rows = ResponseRevision.objects.filter(item_session__session=session)
    assert set(rows.values_list("salt", flat=True)) == {""}
    assert [row.value for row in rows] == [{}] * 3
    assert not any(row.response for row in session.item_sessions.all())
    assert not any(row.qti["responses"] for row in session.item_sessions.all())
    entries = ledger.read(session.stream)
    assert [entry.hash for entry in entries][:-1] == before
    assert entries[-1].kind == "person.erased"
    assert ledger.read(f"candidate:{candidate.pk}")[-1].payload["sessions"] == 1
    call_command("ledger_verify", verbosity=0)
    assert (
        ResponseRevision.objects.filter(item_session__session=other).exclude(salt="").count() == 3
    )


def test_a_row_that_was_emptied_without_erasing_the_person_is_found() -> None:
    session = sat()
    erased = sat()
    erasing.erase(erased.candidate_id, reason="They asked.", by="user:1", at=after(500))
    edit(salt="", value={})()
    assert {one.stream for one in found()} == {session.stream}


def test_a_person_is_erased_once_and_not_in_a_test() -> None:
    open_session = factories.session()
    with pytest.raises(Refusal) as refused:
        erasing.erase(open_session.candidate_id, reason="x", by="user:1", at=after(5))
    assert refused.value.reason is Reason.SESSION_OPEN
    ended = sat()
    AssessmentSession.objects.filter(pk=ended.pk).update(scored_at=None)
    with pytest.raises(Refusal) as refused:
        erasing.erase(ended.candidate_id, reason="x", by="user:1", at=after(5))
    assert refused.value.reason is Reason.SCORING_FIRST
    scoring.score(ended.pk, after(12))
    with pytest.raises(Refusal) as refused:
        erasing.erase(ended.candidate_id, reason=" ", by="user:1", at=after(5))
    assert refused.value.reason is Reason.REASON_REQUIRED
    erasing.erase(ended.candidate_id, reason="x", by="user:1", at=after(500))
    with pytest.raises(Refusal) as refused:
        erasing.erase(ended.candidate_id, reason="x", by="user:1", at=after(501))
    assert refused.value.reason is Reason.ALREADY_ERASED
    kept = Quarantine.objects.get(session=ended)
    refusal = quarantine.may_propose(kept).refusal
    assert refusal is not None
    assert refusal.reason is Reason.ALREADY_ERASED


def test_a_session_that_was_removed_off_the_record_is_found() -> None:
    session, other = sat(), sat()
    AssessmentSession.objects.filter(pk=session.pk).delete()
    (difference,) = found()
    assert (difference.stream, difference.what, difference.seq) == (session.stream, "Session", 1)
    assert found(other.stream) == []


def test_words_that_were_tampered_with_are_found() -> None:
    session = factories.session()
    interventions.message(session.pk, "Look up.", by=factories.proctor(), at=after(4))
    assert found(session.stream) == []
    Message.objects.update(text="Go home.")
    assert [one.what for one in found()] == [f"Message {Message.objects.get().pk}"]
    Message.objects.all().delete()
    assert [one.found for one in found()] == [(("Stored words", "none"),)]


def test_a_comment_that_was_tampered_with_is_found() -> None:
    control = '<qti-item-session-control allow-comment="true"/>'
    session = factories.session(factories.sitting(factories.published(Part(control=control))))
    for text in ("A remark.", "A better remark."):
        assert comments.save(session.pk, "Q1", text, after(3), by="candidate:1")
    assert found() == []
    CandidateComment.objects.update(text="Another remark.")
    assert [one.what for one in found()] == ["Comment on item Q1"]


def reasoned() -> AssessmentSession:
    session = factories.session()
    proctor = factories.proctor()
    interventions.extend(session.pk, ms=60_000, reason="Her father died.", by=proctor, at=after(5))
    return session


def test_a_reason_that_staff_wrote_is_not_in_the_ledger_in_the_clear() -> None:
    session = reasoned()
    assert "father" not in "".join(ledger.export(session.stream))
    (written,) = words.rows([session.stream])
    entry = ledger.read(session.stream)[written.seq - 1]
    assert (written.text, entry.kind) == ("Her father died.", "time.extended")
    assert words.holds(written, entry.payload)
    assert "Reason: Her father died.." in Teller().sentence(entry)
    assert found() == []


@pytest.mark.parametrize("change", [{"text": "A friend asked."}, {"salt": "0" * 32}])
def test_a_reason_that_was_tampered_with_is_found(change: dict[str, str]) -> None:
    reasoned()
    LedgerWords.objects.update(**change)
    assert "Reason" in [one.what for one in found()]


def test_a_reason_that_was_taken_away_off_the_record_is_found() -> None:
    reasoned()
    LedgerWords.objects.all().delete()
    assert [(one.what, one.found) for one in found()] == [("Reason", (("Stored words", "none"),))]


def test_erasing_a_person_takes_the_reasons_that_speak_of_them() -> None:
    session = sat()
    proctor = factories.proctor()
    interventions.reopen(
        session.pk, ms=60_000, reason="Her father died.", by=proctor, at=after(100)
    )
    interventions.terminate(session.pk, reason="She went home.", by=proctor, at=after(110))
    scoring.score(session.pk, after(111))
    erasing.erase(session.candidate_id, reason="They asked.", by="user:1", at=after(500))
    assert [row.text for row in LedgerWords.objects.all()] == ["They asked."]
    assert found() == []
    call_command("ledger_verify", verbosity=0)
    told = [Teller().sentence(entry) for entry in ledger.read(session.stream)]
    assert not any("father" in sentence for sentence in told)


def test_a_reason_of_a_waiver_before_any_session_is_erased_with_the_person() -> None:
    enrolment, other = factories.enrolment(), factories.enrolment()
    for one in (enrolment, other):
        conditions.waive(
            one.pk, ["print_attempt"], reason="Blind.", by=factories.proctor(), at=after(0)
        )
    erasing.erase(enrolment.candidate_id, reason="x", by="user:1", at=after(500))
    streams = [row.stream for row in LedgerWords.objects.filter(text="Blind.")]
    assert streams == [f"sitting:{other.sitting_id}"]
