"""Emergency files: sealed as a browser does, opened only here, replayed as if they came now."""

import base64
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from delivery.facts import recovery_events
from delivery.models import AssessmentSession, ItemSession, Quarantine, Sitting
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import comments, exports
from delivery.seat import presence
from integrity import ledger
from integrity.proof import sealing
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db
MADE = "2026-03-02T12:30:00.000Z"


@pytest.fixture(autouse=True)
def _key(tmp_path: Any, settings: Any) -> None:
    settings.LEDGER_KEY_DIR = tmp_path


def entry(item: str = "Q1", value: str = "A", **fields: Any) -> dict[str, Any]:
    return {
        "item": item,
        "value": [["r.RESPONSE", value]],
        "base_revision": 0,
        "client_seq": 1,
        "key": f"{item}-{value}",
        "epoch": 1,
        "writer": "page",
        "written_ms": round(after(30).timestamp() * 1000),
        **fields,
    }


def file_of(session: AssessmentSession, *entries: dict[str, Any], candidate: str = "") -> bytes:
    head = (str(session.pk), candidate or str(session.candidate_id), MADE)
    return sealing.seal(head, {"answers": list(entries)})


def claimed() -> AssessmentSession:
    session = factories.session()
    presence.claim(session.pk, writer="page", device="x", by="candidate:1", at=after(1))
    return session


def refusal_of(source: bytes) -> Reason:
    with pytest.raises(Refusal) as refusal:
        exports.read(source, Sitting.objects.all())
    return refusal.value.reason


def test_answers_of_an_open_session_that_nobody_overtook_are_saved() -> None:
    session, proctor = claimed(), factories.proctor()
    opened = exports.read(file_of(session, entry(), entry("Q2", "B")), Sitting.objects.all())
    assert [(held.number, held.said, held.saved) for held in opened.answers] == [
        (1, ["Choice A of Q1"], []),
        (2, ["Choice B of Q2"], []),
    ]
    done = exports.replay(opened, by=proctor, at=after(60)).answers
    assert [each.is_saved for each in done] == [True, True]
    again = exports.replay(opened, by=proctor, at=after(61)).answers
    assert [each.is_saved for each in again] == [True, True]
    assert ItemSession.objects.get(key="Q1").revision == 1
    told = [one.payload for one in ledger.read(session.stream) if one.kind == "export.opened"]
    assert [(one["answers"], one["saved"], one["kept"]) for one in told] == [(2, 2, 0)] * 2


def test_late_and_overtaken_answers_go_to_quarantine_once() -> None:
    session, proctor = claimed(), factories.proctor()
    presence.claim(session.pk, writer="other", device="y", by="candidate:1", at=after(40))
    source = file_of(session, entry())
    for second in (60, 61):
        opened = exports.read(source, Sitting.objects.all())
        exports.replay(opened, by=proctor, at=after(second))
    kept = Quarantine.objects.get()
    assert (kept.reason, kept.written_at, kept.received_at) == ("lease_lost", after(30), after(60))
    opened = exports.read(file_of(session, entry("Q2")), Sitting.objects.all())
    exports.replay(opened, by=proctor, at=after(4000))
    assert Quarantine.objects.get(item_key="Q2").reason == "out_of_time"


def test_a_file_is_bound_to_its_candidate_and_session() -> None:
    session, other = claimed(), factories.session()
    assert refusal_of(file_of(session, candidate=str(other.candidate_id))) == Reason.EXPORT_FOREIGN
    written = json.loads(file_of(session, entry()))
    assert refusal_of(json.dumps(written | {"session": str(other.pk)}).encode()) == (
        Reason.EXPORT_UNREADABLE
    )
    with pytest.raises(Refusal) as refusal:
        exports.read(file_of(session, entry()), Sitting.objects.filter(pk=other.sitting_id))
    assert refusal.value.reason == Reason.EXPORT_FOREIGN


@pytest.mark.parametrize("name", ["point", "salt", "iv", "sealed", "made_at", "candidate", "v"])
def test_a_file_that_was_touched_does_not_open(name: str) -> None:
    written = json.loads(file_of(claimed(), entry()))
    spoilt = written[name][:-6] + "AAAAA=" if len(written[name]) > 20 else "9999"
    assert refusal_of(json.dumps(written | {name: spoilt}).encode()) == Reason.EXPORT_UNREADABLE


@pytest.mark.parametrize("source", [b"", b"{}", b"[]", b"\xff\xfe", b'{"v": 1}'])
def test_what_is_no_file_of_ours_is_refused(source: bytes) -> None:
    assert refusal_of(source) == Reason.EXPORT_UNREADABLE


def test_content_that_makes_no_sense_changes_nothing() -> None:
    session = claimed()
    odd: list[dict[str, Any]] = [
        {"answers": 3},
        {"answers": [3]},
        {"answers": [{"item": "Q1", "value": 3}]},
        {"answers": [{"item": "Q1", "value": [[1, 2]]}]},
    ]
    for content in odd:
        head = (str(session.pk), str(session.candidate_id), MADE)
        with pytest.raises(Refusal):
            exports.read(sealing.seal(head, content), Sitting.objects.all())
    unknown = exports.read(file_of(session, entry("NOT-THERE")), Sitting.objects.all())
    assert unknown.answers == []


def test_the_key_is_made_once_and_is_its_owner_s_alone(settings: Any) -> None:
    sealing.public_key()
    first = (settings.LEDGER_KEY_DIR / sealing.FILE).read_bytes()
    sealing.seal(("s", "c", MADE), {})
    assert (settings.LEDGER_KEY_DIR / sealing.FILE).read_bytes() == first
    assert (settings.LEDGER_KEY_DIR / sealing.FILE).stat().st_mode & 0o777 == 0o600


def test_the_key_of_a_device_differs_for_each_session() -> None:
    keys = {sealing.device_key(name) for name in ("a", "b", "a")}
    assert (len(keys), {len(base64.b64decode(key)) for key in keys}) == (2, {32})


def remark(text: str, item: str = "A", **fields: Any) -> dict[str, Any]:
    return {"item": item, "comment": text, "client_seq": 1, "epoch": 1, "writer": "page"} | fields


def commented() -> AssessmentSession:
    control = '<qti-item-session-control allow-comment="true"/>'
    test = factories.published(Part(items=("A", "B"), control=control))
    session = factories.session(factories.sitting(test))
    presence.claim(session.pk, writer="page", device="x", by="candidate:1", at=after(1))
    return session


def with_remarks(session: AssessmentSession, *told: Any) -> bytes:
    head = (str(session.pk), str(session.candidate_id), MADE)
    return sealing.seal(head, {"answers": [], "comments": list(told)})


def test_comments_of_a_file_are_shown_and_arrive_once() -> None:
    session, proctor = commented(), factories.proctor()
    comments.save(session.pk, "B", "as before", after(2), by="candidate:1")
    told = (remark("new", written_ms=round(after(30).timestamp() * 1000)), remark("other", "B"))
    opened = exports.read(with_remarks(session, *told), Sitting.objects.all())
    assert [(one.number, one.text, one.saved, one.written_at) for one in opened.remarks] == [
        (1, "new", "", after(30)),
        (2, "other", "as before", None),
    ]
    exports.replay(opened, by=proctor, at=after(60))
    done = exports.replay(opened, by=proctor, at=after(61))
    assert [one.refusal for one in done.remarks] == [None, None]
    assert comments.of(session.pk) == {"A": "new", "B": "other"}
    facts = [one.payload for one in ledger.read(session.stream) if one.kind == "export.opened"]
    assert [one["comments"] for one in facts] == [2, 2]


def test_a_late_comment_of_a_file_is_kept_aside_as_one_that_is_sent() -> None:
    session = commented()
    opened = exports.read(with_remarks(session, remark("late")), Sitting.objects.all())
    done = exports.replay(opened, by=factories.proctor(), at=after(4000))
    assert [one.refusal and one.refusal.reason for one in done.remarks] == [Reason.COMMENT_LATE]
    kept = Quarantine.objects.get()
    assert (kept.reason, kept.value) == ("comment.out_of_time", {"comment": "late"})


@pytest.mark.parametrize("told", [3, [3], [{"item": "A"}], [{"item": "A", "comment": 3}]])
def test_comments_of_a_file_that_make_no_sense_change_nothing(told: Any) -> None:
    session = commented()
    head = (str(session.pk), str(session.candidate_id), MADE)
    source = sealing.seal(head, {"answers": [], "comments": told})
    assert refusal_of(source) == Reason.EXPORT_UNREADABLE


def test_a_proctor_looks_inside_and_lets_the_answers_arrive(client: Client) -> None:
    sitting = factories.sitting(opens_at=None, closes_at=None)
    session = factories.session(sitting, at=timezone.now())
    client.force_login(
        factories.proctor("p", session.sitting), "django.contrib.auth.backends.ModelBackend"
    )
    path = f"/proctor/{session.sitting_id}/sealed/"
    source = file_of(session, entry(epoch=0, writer="page"))
    looked = client.post(path, {"act": "look", "file": SimpleUploadedFile("a.invigil", source)})
    page = looked.content.decode()
    assert ("Choice A of Q1" in page, Quarantine.objects.count()) == (True, 0)
    assert ItemSession.objects.get(key="Q1").revision == 0
    field = base64.b64encode(source).decode()
    done = client.post(path, {"act": "replay", "sealed": field}).content.decode()
    assert "1 answer has arrived" in done
    spoilt = client.post(path, {"act": "look", "sealed": "nonsense!"})
    assert (spoilt.status_code, "cannot be opened" in spoilt.content.decode()) == (422, True)


def test_every_fact_of_recovery_has_words_for_the_auditor(settings: Any) -> None:
    kinds = {
        fact.kind
        for fact in vars(recovery_events).values()
        if isinstance(fact, type)
        and hasattr(fact, "kind")
        and fact.__module__.endswith("recovery_events")
    }
    folder = settings.BASE_DIR / "templates/auditor/kinds"
    assert {kind for kind in kinds if not (folder / f"{kind}.html").exists()} == set()
    assert len(kinds) == 7


def test_a_file_is_shown_in_the_order_of_the_items_and_says_when_it_was_made() -> None:
    session = claimed()
    content = [entry("Q2", "B"), entry("Q1", "A", key="1"), entry("Q1", "C", key="2")]
    opened = exports.read(file_of(session, *content), Sitting.objects.all())
    assert [(one.number, one.said) for one in opened.answers] == [
        (1, ["Choice A of Q1"]),
        (1, ["Choice C of Q1"]),
        (2, ["Choice B of Q2"]),
    ]
    assert opened.made == after(1800)
