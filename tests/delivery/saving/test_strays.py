"""Fields that an item does not have: refused in words, kept aside, noted; the answer is saved."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from lxml import html

from delivery.candidate import backend
from delivery.models import AssessmentSession, ItemSession, Quarantine
from delivery.rules.refusals import SENTENCES, Reason, Refusal
from delivery.saving import quarantine
from integrity import ledger
from tests import factories, kinds
from tests.factories import Part

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(client: Client) -> AssessmentSession:
    versions = {"match": kinds.version("match_table"), "upload": kinds.version("upload")}
    test = factories.published(Part(items=tuple(versions)), items=versions, seconds=36_000)
    sitting = factories.sitting(test, opens_at=None, closes_at=None)
    found = factories.session(sitting, at=timezone.now())
    client.force_login(found.candidate.user, backend=backend.PATH)
    client.get(f"/sessions/{found.pk}/items/match/")
    return found


def post(client: Client, session: AssessmentSession, sent: dict[str, Any], item: str) -> Any:
    known = {"go": "save", "base_revision": "0", "key": "one"}
    return client.post(f"/sessions/{session.pk}/items/{item}/", known | sent)


def said(answer: Any) -> list[str]:
    """The alerts of a page."""
    found: Any = html.fromstring(answer.content.decode()).xpath("//*[@role='alert']//p/text()")
    return [str(one) for one in found if str(one).strip()]


def facts(session: AssessmentSession) -> list[str]:
    kept = (one for one in ledger.read(session.stream) if one.kind == "response.quarantined")
    return [str(one.payload["reason"]) for one in kept]


def test_a_form_with_a_field_that_no_interaction_has(
    client: Client, session: AssessmentSession
) -> None:
    sent = {"r.RESPONSE": ["O N"], "r.OTHER": ["x", ""], "r.RESPONSE:nowhere": ["y"]}
    answer = post(client, session, sent, "match")
    assert answer.status_code == 409
    assert [SENTENCES[Reason.STRAY_FIELDS]] == said(answer)
    assert ItemSession.objects.get(key="match").response == {"RESPONSE": ["O N"]}
    kept = Quarantine.objects.get(session=session)
    assert kept.value == {"OTHER": ["x"], "RESPONSE:nowhere": ["y"]}
    assert facts(session) == [kept.reason] == ["stray_fields"]


def test_a_file_for_a_field_that_no_interaction_has(
    client: Client, session: AssessmentSession
) -> None:
    post(client, session, {"r.OTHER": SimpleUploadedFile("essay.txt", b"x")}, "match")
    assert Quarantine.objects.get(session=session).value == {"OTHER": ["essay.txt"]}


def test_empty_fields_say_nothing(client: Client, session: AssessmentSession) -> None:
    answer = post(client, session, {"r.RESPONSE": ["O N"], "r.OTHER": ""}, "match")
    assert answer.status_code == 302
    assert not Quarantine.objects.filter(session=session).exists()


def test_a_script_is_told_of_both_once_more_without_keeping_more(
    client: Client, session: AssessmentSession
) -> None:
    one = {
        "type": "answer", "item": "match", "value": [["r.RESPONSE", "O N"], ["r.OTHER", "x"]],
        "base_revision": 0, "client_seq": 1, "key": "k", "elapsed_ms": 0, "epoch": 0, "writer": "w",
    }  # fmt: skip
    for _ in range(2):
        answer = client.post(
            f"/sessions/{session.pk}/save/",
            json.dumps({"saves": [one]}),
            content_type="application/json",
        )
        told = answer.json()["frames"][:2]
        assert [frame["type"] for frame in told] == ["saved", "refused"]
        assert told[1]["sentence"] == SENTENCES[Reason.STRAY_FIELDS]
    assert facts(session) == ["stray_fields"]


def test_what_is_too_large_is_refused_and_forgotten(
    client: Client, session: AssessmentSession
) -> None:
    answer = post(client, session, {"r.RESPONSE": ["O N"], "r.OTHER": "x" * 200_000}, "match")
    assert answer.status_code == 409
    assert facts(session) == []
    assert ItemSession.objects.get(key="match").response == {"RESPONSE": ["O N"]}


def test_there_is_no_answer_in_it_to_admit(client: Client, session: AssessmentSession) -> None:
    post(client, session, {"r.OTHER": "x"}, "match")
    kept = Quarantine.objects.get(session=session)
    chief = User.objects.create_user("chief")
    with pytest.raises(Refusal) as refused:
        quarantine.propose(kept.pk, reason="r", by=chief, at=timezone.now())
    assert refused.value.reason is Reason.NOTHING_TO_ADMIT
