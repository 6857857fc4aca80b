import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate, ItemSession, Message, State
from delivery.session import interventions, sessions
from integrity import ledger
from integrity.models import LockdownPolicy
from integrity.policy import lockdown
from tests import factories

pytestmark = pytest.mark.django_db
SignIn = Callable[[Candidate], Client]
Begin = Callable[..., AssessmentSession]


def answer(item: str = "Q1", value: str = "A", **fields: Any) -> dict[str, Any]:
    return {
        "type": "answer",
        "item": item,
        "value": [["r.RESPONSE", value]],
        "base_revision": 0,
        "client_seq": 1,
        "key": f"key-{item}-{value}",
        "elapsed_ms": 1500,
        "epoch": 0,
        "writer": "page",
        **fields,
    }


def post(client: Client, session: AssessmentSession, path: str, body: Any) -> dict[str, Any]:
    response = client.post(
        f"/sessions/{session.pk}/{path}/", json.dumps(body), content_type="application/json"
    )
    told: dict[str, Any] = {"status": response.status_code, **json.loads(response.content)}
    return told


def frames(told: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [frame for frame in told["frames"] if frame["type"] == kind]


def test_a_queue_is_saved_in_its_order_and_acknowledged_answer_by_answer(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    saves = [answer("Q1", "B"), answer("Q2", "C", client_seq=2)]
    told = post(sign_in(session.candidate), session, "save", {"saves": saves})
    acknowledged = [(frame["item"], frame["revision"]) for frame in frames(told, "saved")]
    assert acknowledged == [("Q1", 1), ("Q2", 1)]
    kept = ItemSession.objects.filter(answered=True).values_list("key", "response")
    assert list(kept) == [("Q1", {"RESPONSE": "B"}), ("Q2", {"RESPONSE": "C"})]


def test_the_acknowledgement_names_the_ledger_s_head(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    told = post(sign_in(session.candidate), session, "save", {"saves": [answer()]})
    entry = ledger.read(session.stream)[-1]
    (saved,) = frames(told, "saved")
    assert (saved["ledger_seq"], saved["head"]) == (entry.seq, entry.hash)


def test_one_bad_answer_harms_no_other(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    saves = [{"type": "answer"}, answer("Q9"), answer("Q1", "no-such-choice"), answer("Q2")]
    told = post(sign_in(session.candidate), session, "save", {"saves": saves})
    assert [frame["item"] for frame in frames(told, "saved")][-1] == "Q2"
    reasons = [frame["reason"] for frame in frames(told, "refused")]
    assert reasons[:2] == ["malformed", "no_such_item"]


@pytest.mark.parametrize(
    "fields",
    [{"key": "k" * 65}, {"writer": "w" * 65}, {"epoch": 2**31}, {"client_seq": 2**53}, {"key": ""}],
)
def test_names_and_numbers_that_cannot_be_kept_whole_are_refused(
    fields: dict[str, Any], begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    sent = [answer("Q1", "A"), answer("Q1", "B", **({"client_seq": 2} | fields))]
    told = post(sign_in(session.candidate), session, "save", {"saves": sent})
    assert [frame["reason"] for frame in frames(told, "refused")] == ["malformed"]
    assert ItemSession.objects.get(key="Q1").response == {"RESPONSE": "A"}


def test_two_long_keys_that_begin_alike_are_not_one_save(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    keys = ["k" * 64 + end for end in "abc"]
    for number, (key, value) in enumerate(zip(keys, "ABA", strict=True), start=1):
        form = {"r.RESPONSE": value, "key": key, "client_seq": number, "writer": "page"}
        client.post(f"/sessions/{session.pk}/items/Q1/", form)
    assert ItemSession.objects.get(key="Q1").response == {"RESPONSE": "A"}


def test_a_form_s_numbers_are_bounded(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    names = ("base_revision", "client_seq", "epoch", "elapsed_ms", "comment_seq")
    form = {"r.RESPONSE": "B", "go": "save"} | dict.fromkeys(names, "9" * 5000)
    told = sign_in(session.candidate).post(f"/sessions/{session.pk}/items/Q1/", form)
    assert told.status_code == 302
    assert ItemSession.objects.get(key="Q1").response == {"RESPONSE": "B"}


@pytest.mark.parametrize("body", ["", "[]", "{", '{"saves": 3}', '{"saves": null}'])
def test_what_is_no_queue_is_refused_in_words(body: str, begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    response = sign_in(session.candidate).post(
        f"/sessions/{session.pk}/save/", body, content_type="application/json"
    )
    assert response.status_code == 409
    assert json.loads(response.content)["reason"] == "malformed"


def test_the_clock_is_told_with_its_reasons(begin: Begin, sign_in: SignIn) -> None:
    session = begin(seconds=600)
    client = sign_in(session.candidate)
    told = json.loads(client.get(f"/sessions/{session.pk}/timer/").content)
    (clock,) = frames(told, "timer_sync")
    assert 590_000 < clock["remaining_ms"] <= 600_000
    assert clock["state"] == "in_progress"
    assert "+ 10 min" in clock["reasons"]


def test_a_page_in_another_state_is_told_where_to_go(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    sessions.pause(
        session.pk, paused_by="proctor", reason="A fire alarm.", by="user:1", at=timezone.now()
    )
    url = f"/sessions/{session.pk}/timer/?state=in_progress&item=Q1"
    (standing,) = frames(json.loads(client.get(url).content), "session")
    assert standing["location"] == f"/sessions/{session.pk}/paused/"
    assert "A fire alarm." in standing["overlay"]


def test_a_waiting_page_hears_that_it_may_go_on(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client, at = sign_in(session.candidate), timezone.now()
    sessions.pause(session.pk, paused_by="proctor", reason="A fire alarm.", by="user:1", at=at)
    url = f"/sessions/{session.pk}/timer/?state=paused&item=&permitted=0"
    (before,) = frames(json.loads(client.get(url).content), "session")
    interventions.permit_resume(session.pk, by=factories.proctor(), reason="", at=at)
    (after,) = frames(json.loads(client.get(url).content), "session")
    assert (before["location"], after["location"]) == ("", f"/sessions/{session.pk}/paused/")


def test_asking_at_the_end_closes_the_session(begin: Begin, sign_in: SignIn) -> None:
    session = begin(seconds=60)
    past = timezone.now() - timedelta(minutes=2)
    due = past + timedelta(seconds=65)
    AssessmentSession.objects.update(started_at=past, since=past, due_at=due)
    url = f"/sessions/{session.pk}/timer/?state=in_progress&item=Q1"
    (standing,) = frames(json.loads(sign_in(session.candidate).get(url).content), "session")
    assert standing["location"] == f"/sessions/{session.pk}/receipt/"
    session.refresh_from_db()
    assert session.state == State.EXPIRED


def test_a_claim_gives_the_page_its_epoch_and_ends_the_other_s(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    client = sign_in(session.candidate)
    (first,) = frames(post(client, session, "claim", {"writer": "one"}), "session")
    (second,) = frames(post(client, session, "claim", {"writer": "two", "take_over": 1}), "session")
    assert second["epoch"] == first["epoch"] + 1
    old = answer(writer="one", epoch=first["epoch"])
    (refused,) = frames(post(client, session, "save", {"saves": [old]}), "refused")
    assert refused["reason"] == "lease_lost"
    assert refused["kept_as"] > 0


def watched(begin: Begin) -> AssessmentSession:
    policy = LockdownPolicy.objects.create(
        name="Supervised", rules=lockdown.write_rules(lockdown.SUPERVISED_EXAM.watched)
    )
    return begin(lockdown=policy)


def event(name: str, monotonic_ms: int = 4711) -> dict[str, Any]:
    return {"name": name, "monotonic_ms": monotonic_ms, "detail": ""}


def test_what_the_page_noticed_reaches_the_ledger(begin: Begin, sign_in: SignIn) -> None:
    session = watched(begin)
    noticed = {"events": [event("fullscreen_enter"), event("nonsense"), {"name": 3}]}
    told = post(sign_in(session.candidate), session, "events", noticed)
    assert told["frames"] == []
    entry = ledger.read(session.stream)[-1]
    assert (entry.kind, entry.actor, entry.payload["monotonic_ms"]) == (
        "fullscreen_enter",
        "client",
        4711,
    )


def test_a_rule_that_fires_says_which_and_what_now(begin: Begin, sign_in: SignIn) -> None:
    session = watched(begin)
    client = sign_in(session.candidate)
    told = post(client, session, "events", {"events": [event("fullscreen_exit")]})
    (standing,) = frames(told, "session")
    assert "The test no longer fills the screen." in standing["overlay"]
    assert 'data-action="blur"' in standing["overlay"]
    told = json.loads(client.get(f"/sessions/{session.pk}/timer/").content)
    assert 'data-overlay="answered"' in frames(told, "session")[0]["overlay"]


def test_a_cover_waits_until_the_proctor_has_answered(begin: Begin, sign_in: SignIn) -> None:
    session = watched(begin)
    client, url = sign_in(session.candidate), f"/sessions/{session.pk}/timer/"
    exits = {"events": [event("fullscreen_exit", ms) for ms in range(3)]}
    (standing,) = frames(post(client, session, "events", exits), "session")
    (waiting,) = frames(json.loads(client.get(url).content), "session")
    interventions.answer_help(session.pk, by=factories.proctor(), at=timezone.now())
    (answered,) = frames(json.loads(client.get(url).content), "session")
    assert 'data-action="ask_proctor"' in standing["overlay"]
    assert (waiting["overlay"], "answered" in answered["overlay"]) == ("", True)


def test_a_message_is_shown_until_it_is_acknowledged(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    message = Message.objects.create(
        session=session, text="Ten minutes more.", sent_at=timezone.now()
    )
    url = f"/sessions/{session.pk}/timer/"
    (told,) = frames(json.loads(client.get(url).content), "message")
    assert "Ten minutes more." in told["html"]
    assert "Ten minutes more." in client.get(f"/sessions/{session.pk}/items/Q1/").content.decode()
    client.post(f"/sessions/{session.pk}/messages/{message.pk}/")
    assert frames(json.loads(client.get(url).content), "message") == []


def test_help_can_be_asked_for_from_any_page(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    response = sign_in(session.candidate).post(f"/sessions/{session.pk}/help/")
    session.refresh_from_db()
    assert response.headers["Location"] == f"/sessions/{session.pk}/items/Q1/"
    assert session.help_requested_at is not None


def test_who_claims_or_polls_is_told_the_newest_answer_of_the_item_shown(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    client = sign_in(session.candidate)
    factories.answer(session, "Q2")
    told = post(client, session, "claim", {"writer": "one", "item": "Q2"})
    assert frames(told, "item") == [{"type": "item", "item": "Q2", "revision": 1}]
    polled = client.get(f"/sessions/{session.pk}/timer/?item=Q1").json()
    assert frames(polled, "item") == [{"type": "item", "item": "Q1", "revision": 0}]
    assert frames(client.get(f"/sessions/{session.pk}/timer/?item=Q9").json(), "item") == []
