"""Files as answers: kept once by their hash, named in the answer, bounded, and only one's own."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from delivery.candidate import backend
from delivery.models import AnswerFile, AssessmentSession, ItemSession, Quarantine
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import handing, responses
from delivery.saving.handing import Handed
from delivery.saving.responses import Refused, Save
from integrity import ledger
from tests import factories, kinds
from tests.factories import Part

pytestmark = pytest.mark.django_db
BIG = bytes(range(256)) * 1000


@pytest.fixture
def session() -> AssessmentSession:
    versions = {name: kinds.version(name) for name in ("upload", "drawing")}
    test = factories.published(Part(items=tuple(versions)), items=versions)
    sitting = factories.sitting(test, opens_at=None, closes_at=None)
    return factories.session(sitting, at=timezone.now())


@pytest.fixture
def signed_in(session: AssessmentSession, client: Client) -> Client:
    client.force_login(session.candidate.user, backend=backend.PATH)
    client.get(f"/sessions/{session.pk}/items/upload/")
    return client


def keep(session: AssessmentSession, content: bytes, name: str = "a;b.txt") -> str:
    handed = Handed(name, "text/plain; x=y", content)
    return handing.keep(session.pk, "upload", handed, timezone.now(), by="candidate:1")


def save(session: AssessmentSession, value: str) -> responses.Outcome:
    asked = Save(
        session_id=session.pk,
        item="upload",
        raw={"RESPONSE": value},
        key=value[-40:],
        received_at=timezone.now(),
        by="candidate:1",
        base_revision=ItemSession.objects.get(session=session, key="upload").revision,
    )
    return responses.save([asked])[0]


def test_a_file_is_kept_once_and_told_once(session: AssessmentSession) -> None:
    first, second = keep(session, BIG), keep(session, BIG)
    assert first == second
    assert AnswerFile.objects.count() == 1
    facts = [one for one in ledger.read(session.stream) if one.kind == "file.handed_in"]
    assert [one.payload["size"] for one in facts] == [len(BIG)]


def test_an_answer_names_a_file_of_its_own_session_and_of_no_other(
    session: AssessmentSession,
) -> None:
    named = keep(session, BIG)
    assert not isinstance(save(session, named), Refused)
    for foreign in (named.replace(named[20:30], "0123456789"), "my file", "data:text/plain,x"):
        refused = save(session, foreign)
        assert isinstance(refused, Refused)
        assert refused.refusal.reason is Reason.NOT_OFFERED
    assert Quarantine.objects.filter(session=session).count() == 3


def test_a_file_and_all_files_have_their_limits(session: AssessmentSession, settings: Any) -> None:
    settings.ANSWER_FILE_BYTES, settings.ANSWER_FILES_BYTES = 1000, 1500
    keep(session, b"a" * 1000)
    for content, reason in (
        (b"b" * 1001, Reason.FILE_TOO_LARGE),
        (b"c" * 600, Reason.FILES_TOO_MANY),
    ):
        with pytest.raises(Refusal) as refusal:
            keep(session, content)
        assert refusal.value.reason is reason


def test_a_large_file_is_handed_in_by_a_plain_form_and_seen_again(
    session: AssessmentSession, signed_in: Client
) -> None:
    sent = {"go": "next", "r.RESPONSE": SimpleUploadedFile("my notes.bin", BIG, "image/png")}
    answer = signed_in.post(f"/sessions/{session.pk}/items/upload/", sent)
    assert answer.status_code == 302
    held = ItemSession.objects.get(session=session, key="upload").response["RESPONSE"]
    assert held.endswith(";type=image/png;size=256000;name=my notes.bin")
    page = signed_in.get(f"/sessions/{session.pk}/items/upload/").content.decode()
    assert "Your file: my notes.bin" in page
    digest = AnswerFile.objects.get().sha256
    file = signed_in.get(f"/sessions/{session.pk}/items/upload/files/{digest}/")
    assert (file.content, file["X-Content-Type-Options"]) == (BIG, "nosniff")


def test_the_script_hands_a_file_in_and_is_told_what_is_too_large(
    session: AssessmentSession, signed_in: Client, settings: Any
) -> None:
    url = f"/sessions/{session.pk}/items/upload/files/"
    told = signed_in.post(url, {"file": SimpleUploadedFile("a.html", BIG, "text/html")}).json()
    assert told["value"].startswith("urn:invigil:file:")
    digest = AnswerFile.objects.get().sha256
    shown = signed_in.get(f"{url}{digest}/")
    assert shown["Content-Type"] == "application/octet-stream"
    assert shown["Content-Disposition"] == 'attachment; filename="a.html"'
    settings.ANSWER_FILE_BYTES = 10
    refused = signed_in.post(url, {"file": SimpleUploadedFile("b", b"x" * 11)})
    assert refused.json()["reason"] == "file_too_large"
    assert signed_in.post(url, {"other": "x"}).json()["reason"] == "malformed"


def test_nobody_else_sees_a_file(session: AssessmentSession, client: Client) -> None:
    keep(session, BIG)
    digest = AnswerFile.objects.get().sha256
    client.force_login(factories.candidate("Bob").user, backend=backend.PATH)
    found = client.get(f"/sessions/{session.pk}/items/upload/files/{digest}/")
    assert found.status_code == 404


def test_staff_find_the_files_with_the_session(
    session: AssessmentSession, admin_client: Client
) -> None:
    keep(session, BIG, "essay.txt")
    page = admin_client.get(f"/admin/delivery/assessmentsession/{session.pk}/change/")
    assert "essay.txt" in page.content.decode()
    digest = AnswerFile.objects.get().sha256
    file = admin_client.get(f"/admin/delivery/assessmentsession/{session.pk}/files/{digest}/")
    assert file.content == BIG
