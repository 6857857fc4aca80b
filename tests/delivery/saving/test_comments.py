"""Comments that come too late or out of order: kept aside or passed over, never merged."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone

from delivery.candidate import backend
from delivery.models import AssessmentSession, CandidateComment, Quarantine
from delivery.proctor.aside import words_of
from delivery.records import answers
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import aside, comments, quarantine
from delivery.saving.comments import Sender
from delivery.seat import leases
from delivery.seat.leases import Asker
from delivery.session import interventions, sessions
from integrity import ledger
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db
ME = "candidate:1"
COMMENTED = '<qti-item-session-control allow-comment="true"/>'


def begun(at: datetime | None = None) -> AssessmentSession:
    test = factories.published(Part(items=("A", "B"), control=COMMENTED))
    if at is None:
        return factories.session(factories.sitting(test))
    return factories.session(factories.sitting(test, opens_at=None, closes_at=None), at=at)


def refused(session: AssessmentSession, text: str, at: datetime) -> Reason:
    with pytest.raises(Refusal) as refusal:
        comments.save(session.pk, "A", text, at, by=ME)
    return refusal.value.reason


def submitted(session: AssessmentSession, at: datetime) -> None:
    sessions.complete(session.pk, at, by=ME, confirmed=True)


def terminated(session: AssessmentSession, at: datetime) -> None:
    interventions.end(session.pk, reason="Phone in hand", by="user:1", at=at)


def paused(session: AssessmentSession, at: datetime) -> None:
    sessions.pause(session.pk, paused_by="proctor", reason="Fire alarm", by="user:1", at=at)


def nothing(session: AssessmentSession, at: datetime) -> None:
    del session, at


@pytest.mark.parametrize(
    ("ends", "at", "reason"),
    [
        (submitted, after(20), "comment.closed"),
        (terminated, after(20), "comment.terminated"),
        (paused, after(20), "comment.paused"),
        (nothing, after(4000), "comment.out_of_time"),
    ],
)
def test_a_late_comment_is_kept_aside_and_listed_but_never_merged(
    ends: Callable[[AssessmentSession, datetime], None], at: datetime, reason: str
) -> None:
    session = begun()
    comments.save(session.pk, "A", "in time", after(2), by=ME)
    ends(session, after(10))
    assert [refused(session, text, at) for text in ("late", "late")] == [Reason.COMMENT_LATE] * 2
    (kept,) = Quarantine.objects.all()
    assert (kept.reason, kept.item_key, kept.received_at) == (reason, "A", at)
    assert comments.of(session.pk) == {"A": "in time"}
    told = [(one.text, one.late) for one in comments.listed(session.pk)]
    assert told == [("in time", ""), ("late", reason)]
    (shown,) = aside.tell(aside.of_sitting(session.sitting, "all"))
    assert shown.said == ["late"]
    assert words_of(kept.reason).startswith("a comment: came ")
    assert ledger.verify(session.stream).is_whole
    assert list(answers.differences([AssessmentSession.objects.get()])) == []


def test_a_comment_that_was_on_its_way_at_a_pause_counts_as_an_answer_does() -> None:
    session = begun()
    paused(session, after(10))
    assert comments.save(session.pk, "A", "on its way", after(15), by=ME)
    assert refused(session, "thought of later", after(16)) == Reason.COMMENT_LATE
    assert comments.of(session.pk) == {"A": "on its way"}
    assert AssessmentSession.objects.get().state == "paused"


def test_a_late_comment_waits_for_no_decision_and_cannot_be_admitted() -> None:
    session = begun()
    submitted(session, after(10))
    refused(session, "late", after(20))
    assert aside.undecided(session.sitting) == 0
    with pytest.raises(Refusal) as refusal:
        quarantine.propose(
            Quarantine.objects.get().pk, reason="x", by=factories.proctor(), at=after(30)
        )
    assert refusal.value.reason is Reason.NOTHING_TO_ADMIT


def test_what_says_nothing_new_is_not_kept_and_what_takes_no_comments_keeps_none() -> None:
    session = begun()
    comments.save(session.pk, "A", "in time", after(2), by=ME)
    submitted(session, after(10))
    assert comments.save(session.pk, "A", "in time", after(20), by=ME) is False
    assert refused(session, "", after(20)) is Reason.CLOSED
    plain = factories.session()
    submitted(plain, after(10))
    with pytest.raises(Refusal) as refusal:
        comments.save(plain.pk, "Q1", "x", after(20), by=ME)
    assert refusal.value.reason is Reason.NO_COMMENTS
    assert Quarantine.objects.count() == 0


def test_a_form_that_arrives_after_the_end_leaves_its_answer_and_its_comment_aside(
    client: Client,
) -> None:
    session = begun(at=timezone.now())
    client.force_login(session.candidate.user, backend=backend.PATH)
    page = f"/sessions/{session.pk}/items/A/"
    client.get(page)
    submitted(session, timezone.now())
    late = client.post(page, {"r.RESPONSE": "B", "comment": "Both fit", "go": "next", "key": "k"})
    assert (late.status_code, late["Location"]) == (302, f"/sessions/{session.pk}/receipt/")
    kept = sorted((one.reason, next(iter(one.value.values()))) for one in Quarantine.objects.all())
    assert kept == [("closed", "B"), ("comment.closed", "Both fit")]
    assert CandidateComment.objects.count() == 0
    assert client.post(page.replace("/A/", "/Z/"), {"r.RESPONSE": "B"}).status_code == 302


def test_however_late_an_older_comment_comes_the_newest_one_stays() -> None:
    session = begun()
    first, second = "line.1.a", "line.2.b"
    sent = [("one", Sender(first, 1)), ("two", Sender(first, 2)), ("", Sender(second, 1))]
    for text, sender in (*reversed(sent), *sent):
        comments.save(session.pk, "A", text, after(2), by=ME, sender=sender)
    assert comments.of(session.pk) == {}
    # A form without script, and a page of another browser, say nothing of what was before.
    assert comments.save(session.pk, "A", "three", after(3), by=ME)
    assert comments.save(session.pk, "A", "four", after(4), by=ME, sender=Sender("other.1.c", 1))
    assert comments.of(session.pk) == {"A": "four"}
    assert Quarantine.objects.count() == 0


def test_a_form_brings_no_comment_back_that_its_page_has_not_touched(client: Client) -> None:
    session = begun(at=timezone.now())
    client.force_login(session.candidate.user, backend=backend.PATH)
    page = f"/sessions/{session.pk}/items/A/"
    # The form was drawn before the page before it was heard.
    comments.save(session.pk, "A", "new", timezone.now(), by=ME, sender=Sender("line.1.a", 7))
    form = {"comment": "old", "writer": "line.2.b", "go": "save"}
    client.post(page, {**form, "comment_seq": ""})
    assert comments.of(session.pk) == {"A": "new"}
    client.post(page, {**form, "comment_seq": "3"})
    assert comments.of(session.pk) == {"A": "old"}


def test_a_comment_of_a_page_that_lost_its_lease_is_kept_aside() -> None:
    session = begun()
    leases.claim(session.pk, Asker("home", "Laptop", "line.1.a"), by=ME, at=after(1))
    leases.take_over(session.pk, Asker("phone", "Phone"), by=ME, at=after(2))
    lost = Sender("line.1.a", 1, epoch=1, device="home")
    with pytest.raises(Refusal) as refusal:
        comments.save(session.pk, "A", "too late", after(3), by=ME, sender=lost)
    assert refusal.value.reason is Reason.COMMENT_LATE
    assert [one.reason for one in Quarantine.objects.all()] == ["comment.lease_lost"]
    assert comments.of(session.pk) == {}
