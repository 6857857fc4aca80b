import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from delivery import tasks
from delivery.models import AssessmentSession, Enrolment, ResponseRevision
from delivery.records import receipts
from delivery.records.receipts import Verification
from delivery.rules.refusals import Reason, Refusal
from delivery.session import expiry, interventions, scoring, sessions
from delivery.sitting import closing
from integrity import chain, ledger, triggers
from integrity.models import LedgerEntry, LedgerStream
from integrity.proof import merkle, seals
from tests import factories
from tests.factories import after


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Any) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"


def ended(*, sealed: bool = True) -> AssessmentSession:
    session = factories.session(who=factories.candidate("Zelda Zuckerberg"))
    for item, value, base in (("Q1", "A", 0), ("Q1", "B", 1), ("Q2", "C", 0)):
        factories.answer(session, item, value, base_revision=base)
    sessions.complete(session.pk, after(10), by="candidate:1", confirmed=True)
    scoring.score(session.pk, after(11))
    if sealed:
        seals.seal(after(12))
    session.refresh_from_db()
    return session


def told(found: Verification) -> dict[str, bool | None]:
    return {one.name: one.holds for one in found.findings}


def receipt_of(session: AssessmentSession) -> receipts.Receipt:
    found = receipts.of(session)
    assert found is not None
    return found


def file_of(session: AssessmentSession) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(receipt_of(session).file())
    return data


def checked(data: dict[str, Any]) -> Verification:
    return receipts.check(receipts.read(json.dumps(data).encode()))


@pytest.mark.django_db
def test_a_receipt_tells_the_end_and_every_answer_that_counted() -> None:
    session = ended()
    receipt = receipt_of(session)
    assert (receipt.ending, receipt.answered, receipt.total) == ("completed", 2, 3)
    assert [(one.item, one.revision) for one in receipt.answers] == [("Q1", 2), ("Q2", 1)]
    entry = next(e for e in ledger.read(session.stream) if e.kind == "session.completed")
    assert receipt.entry == entry
    assert receipt.proof is not None
    assert (receipt.proof.seq, receipt.proof.head) == (entry.seq, entry.hash)


@pytest.mark.django_db
def test_a_receipt_holds_by_its_code_and_by_its_file() -> None:
    session = ended()
    by_code = receipts.look_up(session.receipt_code.lower().replace("-", " "))
    assert told(by_code) == {"chain": True, "answers": True, "sealed": True}
    by_file = checked(file_of(session))
    assert told(by_file) == {
        "whole": True, "recorded": True, "answers_recorded": True,
        "chain": True, "answers": True, "sealed": True,
    }  # fmt: skip
    assert (by_code.holds, by_code.is_sealed, by_file.holds) == (True, True, True)


@pytest.mark.django_db
def test_a_file_from_before_the_seal_holds_and_is_proved_once_sealed() -> None:
    session = ended(sealed=False)
    early = file_of(session)
    assert early["proof"] is None
    assert told(checked(early))["sealed"] is None
    seals.seal(after(12))
    assert told(checked(early))["sealed"] is True


@pytest.mark.django_db
def test_a_receipt_names_no_person_and_no_answer() -> None:
    session = ended()
    text = receipt_of(session).file()
    for secret in ("Zelda", "Zuckerberg", session.candidate.number, '"RESPONSE"', "score"):
        assert secret not in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "fails"),
    [
        ({"code": "AAAA-AAAA-AAAA-AAAA"}, {"whole", "recorded"}),
        ({"answers": []}, {"whole", "answers_recorded"}),
        ({"answers_digest": "0" * 64}, {"whole"}),
    ],
)
def test_a_file_that_was_changed_does_not_hold(changed: dict[str, Any], fails: set[str]) -> None:
    found = checked(file_of(ended()) | changed)
    assert {name for name, holds in told(found).items() if holds is False} == fails
    assert not found.holds


@pytest.mark.django_db
def test_a_file_with_another_end_does_not_hold() -> None:
    data = file_of(ended())
    data["entry"]["payload"]["answered"] = 3
    assert told(checked(data))["whole"] is False
    entry = chain.Entry.from_json(json.dumps(data["entry"]))
    data["entry"]["hash"] = chain.digest(*entry[:-1])
    found = told(checked(data | {"proof": None}))
    assert (found["whole"], found["recorded"]) == (True, False)


@pytest.mark.django_db
def test_a_file_proves_what_was_removed_from_the_record() -> None:
    session = ended()
    data = file_of(session)
    AssessmentSession.objects.update(receipt_code="")
    found = checked(data)
    assert told(found) == {"whole": True, "recorded": False, "sealed": True}


@pytest.mark.django_db
def test_tampering_with_an_answer_or_the_chain_shows_on_the_receipt() -> None:
    session = ended()
    ResponseRevision.objects.update(value={"RESPONSE": "C"})
    assert told(receipts.look_up(session.receipt_code))["answers"] is False
    with triggers.lifted(connection):
        LedgerEntry.objects.filter(kind="response.saved").update(actor="somebody")
    found = receipts.look_up(session.receipt_code)
    assert (told(found)["chain"], found.holds) == (False, False)


@pytest.mark.django_db
def test_a_session_that_was_opened_again_says_so_until_its_next_end() -> None:
    session = ended()
    chief = factories.proctor("chief", session.sitting)
    chief.is_superuser = True
    chief.save()
    reason = "The lights went out."
    interventions.reopen(session.pk, ms=600_000, reason=reason, by=chief, at=after(90))
    session.refresh_from_db()
    assert receipts.of(session) is None
    sessions.resume(session.pk, after(95), by="candidate:1")
    sessions.complete(session.pk, after(99), by="candidate:1", confirmed=True)
    seals.seal(after(100))
    session.refresh_from_db()
    found = receipts.look_up(session.receipt_code)
    assert "reopened" not in told(found)
    assert found.is_sealed


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["", "-", "AAAA-AAAA-AAAA-AAAA", "💥" * 20])
def test_an_unknown_code_is_refused(code: str) -> None:
    factories.session()
    with pytest.raises(Refusal) as refused:
        receipts.look_up(code)
    assert refused.value.reason is Reason.RECEIPT_UNKNOWN


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
PARTS = ("code", "entry", "answers", "answers_digest", "proof")


@given(st.binary() | st.fixed_dictionaries({
    "format": st.just(receipts.FORMAT), **dict.fromkeys(PARTS, JSON),
}).map(lambda data: json.dumps(data).encode()))  # fmt: skip
def test_whatever_is_no_receipt_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        receipts.read(data)
    assert refused.value.reason is Reason.RECEIPT_UNREADABLE


@pytest.mark.django_db
def test_anybody_verifies_a_receipt_without_learning_whose_it_is(client: Client) -> None:
    session = ended()
    page = client.get(f"/verify/{session.receipt_code}/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "This receipt holds" in text
    assert "2 of 3 items" in text
    assert "Zuckerberg" not in text
    assert session.candidate.number not in text
    file = SimpleUploadedFile("receipt.json", receipt_of(session).file().encode())
    assert "This receipt holds" in client.post("/verify/", {"receipt": file}).content.decode()
    answer = client.get("/verify/", {"code": session.receipt_code.replace("-", "").lower()})
    assert answer.headers["Location"] == f"/verify/{session.receipt_code}/"


@pytest.mark.django_db
def test_what_nobody_has_is_said_and_guessing_ends(client: Client) -> None:
    assert client.get("/verify/").status_code == 200
    page = client.get("/verify/AAAA-AAAA-AAAA-AAAA/")
    assert (page.status_code, "No session here has this receipt code" in page.content.decode()) == (
        404, True,
    )  # fmt: skip
    file = SimpleUploadedFile("receipt.json", b"{}")
    refused = client.post("/verify/", {"receipt": file}).content.decode()
    assert "This file is not a receipt" in refused
    for _ in range(60):
        client.get("/verify/AAAA-AAAA-AAAA-AAAA/")
    assert client.get("/verify/AAAA-AAAA-AAAA-AAAA/").status_code == 429


@pytest.mark.django_db
def test_a_sitting_closes_once_when_its_last_session_has_ended() -> None:
    sitting = factories.sitting(closes_at=after(100))
    open_session = factories.session(sitting)
    factories.enrolment(sitting, factories.candidate("Absent Abel"))
    assert closing.close_over(after(50)) == []
    assert closing.close_over(after(200)) == []
    sessions.close_due(open_session.pk, after(200))
    assert closing.close_over(after(201)) == [sitting]
    assert closing.close_over(after(202)) == []
    entry = ledger.read(f"sitting:{sitting.pk}")[-1]
    counts = {name: entry.payload[name] for name in ("expired", "completed", "absent", "sessions")}
    assert entry.kind == "sitting.closed"
    assert counts == {"expired": 1, "completed": 0, "absent": 1, "sessions": 1}


@pytest.mark.django_db
def test_a_window_that_moved_closes_again_at_its_new_end() -> None:
    sitting = factories.sitting(closes_at=after(100))
    assert closing.close_over(after(200)) == [sitting]
    sitting.closes_at = after(1000)
    sitting.save()
    assert closing.close_over(after(300)) == []
    assert closing.close_over(after(1100)) == [sitting]


@pytest.mark.django_db
def test_the_sweep_seals_all_of_a_sitting_that_it_closes() -> None:
    now = timezone.now()
    sitting = factories.sitting(opens_at=None, closes_at=now - timedelta(minutes=1))
    enrolment = Enrolment.objects.create(sitting=sitting, candidate=factories.candidate())
    assert enrolment.pk
    tasks.sweep()
    assert seals.sealed_head(f"sitting:{sitting.pk}") is not None
    assert seals.unsealed().count() == 0
    assert LedgerStream.objects.filter(name=f"sitting:{sitting.pk}").exists()


def alone(data: object, folder: Path, *keys: str) -> subprocess.CompletedProcess[str]:
    """Verify a file in a process of its own, with the program that the page hands out."""
    response = Client().get("/verify/verify.py")
    (folder / "verify.py").write_bytes(response.content)
    (folder / "receipt.json").write_text(json.dumps(data))
    return subprocess.run(
        [sys.executable, "-I", "verify.py", "receipt.json", *keys],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_receipts_file_is_verified_alone_without_us(tmp_path: Path) -> None:
    data = file_of(ended())
    done = alone(data, tmp_path, *data["keys"])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"receipt {data['code']}"
    assert data["entry"]["payload"]["answers"] == data["answers_digest"]


def other_answers(data: dict[str, Any]) -> None:
    data["answers"][0]["digest"] = "0" * 64
    told = json.dumps(data["answers"], sort_keys=True, separators=(",", ":"))
    data["answers_digest"] = hashlib.sha256(told.encode()).hexdigest()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tamper", "sentence"),
    [
        (lambda data: data.update(code="2222-2222-2222-2222"), "the receipt was edited"),
        (lambda data: data["entry"]["payload"].update(answered=9), "the receipt was edited"),
        (lambda data: data["answers"].pop(), "the receipt was edited"),
        (other_answers, "the receipt was edited"),
        (lambda data: data["proof"]["leaf"].update(seq=1), "not in the checkpoint's tree"),
        (lambda data: data["proof"].update(path=[]), "not in the checkpoint's tree"),
        (lambda data: data.update(proof=None), "nor a sealed receipt"),
        (lambda data: data.clear(), "nor a sealed receipt"),
    ],
)
def test_a_receipts_file_that_was_tampered_with_is_found_alone(
    tamper: Callable[[dict[str, Any]], object], sentence: str, tmp_path: Path
) -> None:
    data = file_of(ended())
    keys = list(data["keys"])
    tamper(data)
    done = alone(data, tmp_path, *keys)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr


@pytest.mark.django_db
def test_a_receipt_signed_with_a_key_of_ones_own_is_found_alone(tmp_path: Path) -> None:
    data = file_of(ended())
    stranger = str(merkle.Signer.generate("invigil/ledger").verifier)
    assert "replaced key" in alone(data, tmp_path, stranger).stderr


@pytest.mark.django_db
def test_every_ending_binds_the_answers_that_count() -> None:
    proctor = factories.proctor()
    endings: dict[str, Callable[[Any], object]] = {
        "completed": lambda pk: sessions.complete(pk, after(10), by="candidate:1", confirmed=True),
        "terminated": lambda pk: interventions.terminate(
            pk, reason="It burns.", by=proctor, at=after(10)
        ),
        "expired": lambda _pk: expiry.sweep(after(999_999)),
    }
    for kind, end in endings.items():
        session = factories.session()
        factories.answer(session, "Q2", "A")
        factories.answer(session, "Q1", "A")
        factories.answer(session, "Q1", "B", base_revision=1)
        end(session.pk)
        session.refresh_from_db()
        receipt = receipt_of(session)
        assert (receipt.ending, receipt.entry.payload["answers"]) == (kind, receipt.digest)
        assert [(one.item, one.revision) for one in receipt.answers] == [("Q2", 1), ("Q1", 2)]
