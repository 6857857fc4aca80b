import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from delivery.models import AssessmentSession
from delivery.people import erasing
from delivery.seat import presence
from delivery.seat.presence import ClientEvent
from delivery.session import interventions, scoring, sessions
from integrity.models import LockdownPolicy
from integrity.proof import evidence, evidence_verifier, seals
from integrity.proof.evidence_verifier import BrokenError
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db
NAME = "Zelda Zuckerberg"
RULES = {"tab_hidden": [{"action": "warn", "after": 1}]}


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"


def sat() -> AssessmentSession:
    """A session with all that an appeal may be about."""
    policy = LockdownPolicy.objects.create(name="Watched", rules=RULES)
    sitting = factories.sitting(lockdown=policy)
    session = factories.session(sitting, factories.candidate(NAME))
    proctor = factories.proctor("paula", sitting)
    factories.answer(session, "Q1", "A", received_at=after(1))
    factories.answer(session, "Q1", "B", received_at=after(2), base_revision=1)
    events = [ClientEvent("tab_hidden", 100)]
    presence.client_events(session.pk, events, after(3), by=f"candidate:{session.candidate_id}")
    interventions.message(session.pk, "Please look at your screen.", by=proctor, at=after(4))
    interventions.extend(
        session.pk, ms=300_000, percent=None, scope="test", reason="Noise in the yard.",
        by=proctor, at=after(5),
    )  # fmt: skip
    sessions.complete(session.pk, after(60), by="candidate:1", confirmed=True)
    factories.answer(session, "Q2", "C", received_at=after(99))
    scoring.score(session.pk, after(61))
    seals.seal(after(100))
    session.refresh_from_db()
    return session


def bundle_of(stream: str, path: Path, *, named: bool = False) -> dict[str, bytes]:
    found = evidence.gather(stream, named=named)
    file = io.BytesIO()
    evidence.write(file, found.streams, files=found.files)
    path.write_bytes(file.getvalue())
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def verified(bundle: Path, verifier: bytes) -> subprocess.CompletedProcess[str]:
    """Verify in a process of its own that knows nothing of this checkout."""
    script = bundle.with_name("verify.py")
    script.write_bytes(verifier)
    return subprocess.run(
        [sys.executable, "-I", script.name, bundle.name],
        cwd=bundle.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_bundle_holds_all_that_an_appeal_needs_and_verifies_alone(tmp_path: Path) -> None:
    session = sat()
    files = bundle_of(session.stream, tmp_path / "b.zip")
    folder = f"sessions/{session.pk}/"
    mine = {name.removeprefix(folder) for name in files if name.startswith(folder)}
    assert mine >= {
        "index.html", "form/001.html", "form/003.html", "form.json", "timing.json", "acts.json",
        "incidents.json", "responses.disclosed.json", "messages.disclosed.json", "receipt.json",
        "results.xml",
    }  # fmt: skip
    read = {name: json.loads(files[folder + name]) for name in mine if name.endswith(".json")}
    assert [one["value"] for one in read["responses.disclosed.json"]] == [
        {"RESPONSE": "A"}, {"RESPONSE": "B"}, {"RESPONSE": "C"},
    ]  # fmt: skip
    assert [one["text"] for one in read["messages.disclosed.json"]] == [
        "Please look at your screen."
    ]
    assert [one["kind"] for one in read["incidents.json"]] == ["tab_hidden", "policy.fired"]
    assert "time.extended" in [one["kind"] for one in read["acts.json"]]
    assert read["timing.json"]["given"][0]["reason"] == "Noise in the yard."
    assert [one["key"] for one in read["form.json"]["items"]] == ["Q1", "Q2", "Q3"]
    assert b"assessmentResult" in files[folder + "results.xml"]
    assert read["receipt.json"]["proof"]["leaf"]["stream"] == session.stream
    done = verified(tmp_path / "b.zip", files["verify.py"])
    assert done.returncode == 0, done.stderr
    assert "5 answers and words are those that were recorded\n" in done.stdout
    call_command("ledger_verify", bundle=tmp_path / "b.zip")


def test_an_item_is_in_the_bundle_as_it_was_seen(tmp_path: Path) -> None:
    session = sat()
    files = bundle_of(session.stream, tmp_path / "b.zip")
    page = files[f"sessions/{session.pk}/form/001.html"].decode()
    order = json.loads(files[f"sessions/{session.pk}/form.json"])["items"][0]["choice_orders"]
    (drawn,) = order.values()
    places = [page.index(f"Choice {name} of Q1") for name in drawn]
    assert places == sorted(places)
    assert "checked" in page
    assert "style/qti.css" in page
    assert "style/qti.css" in files
    assert "correct" not in page.lower()


def test_a_bundle_names_nobody_unless_it_is_asked_to(tmp_path: Path) -> None:
    session = sat()
    files = bundle_of(session.stream, tmp_path / "b.zip")
    assert [name for name, data in files.items() if NAME.encode() in data] == []
    number = session.candidate.number.encode()
    assert [name for name, data in files.items() if number in data] == []
    named = bundle_of(session.stream, tmp_path / "named.zip", named=True)
    (person,) = json.loads(named[f"sessions/{session.pk}/person.disclosed.json"])
    assert person["value"] == {"name": NAME, "number": session.candidate.number}
    done = verified(tmp_path / "named.zip", named["verify.py"])
    assert "6 answers and words are those that were recorded\n" in done.stdout


def changed(name: str, change: Callable[[Any], object]) -> Callable[[dict[str, bytes], str], None]:
    def apply(files: dict[str, bytes], folder: str) -> None:
        listed = json.loads(files[folder + name])
        change(listed[0])
        files[folder + name] = json.dumps(listed).encode()

    return apply


@pytest.mark.parametrize(
    "tamper",
    [
        changed("responses.disclosed.json", lambda one: one.update(value={"RESPONSE": "C"})),
        changed("responses.disclosed.json", lambda one: one.update(entry=2)),
        changed("messages.disclosed.json", lambda one: one.update(text="Go home.")),
        changed("person.disclosed.json", lambda one: one["value"].update(name="Somebody Else")),
    ],
)
def test_a_bundle_that_tells_something_else_than_was_recorded_is_found(
    tamper: Callable[[dict[str, bytes], str], None], tmp_path: Path
) -> None:
    session = sat()
    files = bundle_of(session.stream, tmp_path / "b.zip", named=True)
    tamper(files, f"sessions/{session.pk}/")
    manifest = json.loads(files["manifest.json"])
    told = {name: data for name, data in files.items() if name in manifest["files"]}
    manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in told.items()}
    files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(tmp_path / "forged.zip", "w") as bundle:
        for name, data in files.items():
            bundle.writestr(name, data)
    with (
        zipfile.ZipFile(tmp_path / "forged.zip") as bundle,
        pytest.raises(BrokenError, match="the answer differs"),
    ):
        evidence_verifier.verify(bundle, [])


def test_a_bundle_of_an_erased_person_still_verifies(tmp_path: Path) -> None:
    session = sat()
    erasing.erase(session.candidate_id, reason="They asked.", by="user:1", at=after(500))
    seals.seal(after(501))
    files = bundle_of(session.stream, tmp_path / "b.zip", named=True)
    done = verified(tmp_path / "b.zip", files["verify.py"])
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 answers and words are those that were recorded\n" in done.stdout


def test_a_sitting_is_one_bundle_with_all_its_sessions(tmp_path: Path) -> None:
    first = sat()
    second = factories.session(first.sitting)
    seals.seal(after(200))
    file = tmp_path / "sitting.zip"
    call_command("ledger_bundle", str(file), f"sitting:{first.sitting_id}")
    with zipfile.ZipFile(file) as bundle:
        names, verifier = set(bundle.namelist()), bundle.read("verify.py")
    for session in (first, second):
        assert f"sessions/{session.pk}/index.html" in names
    done = verified(file, verifier)
    assert (done.returncode, f"sitting:{first.sitting_id}: " in done.stdout) == (0, True)


def test_an_auditor_downloads_the_evidence_of_a_session(client: Client) -> None:
    session = sat()
    client.force_login(User.objects.create_superuser("root"))
    response = client.get(f"/auditor/bundle/{session.stream}")
    with zipfile.ZipFile(io.BytesIO(b"".join(response))) as bundle:
        assert f"sessions/{session.pk}/index.html" in bundle.namelist()
