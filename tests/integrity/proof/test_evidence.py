import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from integrity import chain, ledger
from integrity.proof import evidence, evidence_verifier, keys, seals
from integrity.proof.merkle import Signer

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)


def draft(name: str, number: int) -> ledger.Draft:
    payload: chain.Payload = {"n": number, "text": "Überprüfung \u2028"}
    return ledger.Draft(f"session:{name}", "k", payload, "x", AT)


@pytest.fixture(autouse=True)
def _streams(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"
    for names in ("abc", "ab", "d"):
        ledger.append_many([draft(name, number) for name in names for number in range(3)])
        seals.seal(AT)
    ledger.append(stream="session:a", kind="late", payload={}, actor="x", at=AT)


def made(streams: list[str], **extra: bytes) -> dict[str, bytes]:
    file = BytesIO()
    evidence.write(file, streams, files=extra.items())
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def zipped(files: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as bundle:
        for name, data in files.items():
            bundle.writestr(name, data)
    return path


def test_the_verifier_needs_nothing_of_ours_and_is_short(tmp_path: Path) -> None:
    files = made(["session:a", "session:b"], extra=b"the form")
    (tmp_path / "verify.py").write_bytes(files["verify.py"])
    assert len(files["verify.py"].splitlines()) < 150
    bundle = zipped(files, tmp_path / "bundle.zip")
    key = str(keys.signer().verifier)
    for known in ([], [key]):
        done = subprocess.run(
            [sys.executable, "-I", "verify.py", bundle.name, *known],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == (
            f"checkpoint over 6 heads signed by {key}\n"
            "session:a: 7 entries, sealed up to entry 6\n"
            "session:b: 6 entries, sealed up to entry 6\n"
            "2 streams, 13 entries verified\n"
        )
    other = str(Signer.generate("invigil/ledger").verifier)
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", bundle.name, other],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.endswith("signed by a key that is not known: replaced key.\n")


def lines_changed(change: Callable[[list[str]], list[str]]) -> Callable[[dict[str, bytes]], None]:
    def apply(files: dict[str, bytes]) -> None:
        name = "streams/0001.jsonl"
        lines = change(files[name].decode().split("\n")[:-1])
        files[name] = "".join(f"{line}\n" for line in lines).encode()

    return apply


def manifest_changed(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, bytes]], None]:
    def apply(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        change(manifest)
        files["manifest.json"] = json.dumps(manifest).encode()

    return apply


def signed_by_another(files: dict[str, bytes]) -> None:
    text = files["checkpoint.txt"].decode().rpartition("\n\n")[0] + "\n"
    files["checkpoint.txt"] = Signer.generate("invigil/ledger").sign(text).encode()


def signature_changed(files: dict[str, bytes]) -> None:
    note = files["checkpoint.txt"].decode()
    files["checkpoint.txt"] = note.replace("\n6\n", "\n7\n").encode()


TAMPERING: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "edited": (
        lines_changed(lambda lines: [line.replace('"n":1', '"n":9') for line in lines]),
        "stream session:a, entry 2: edited",
    ),
    "removed": (
        lines_changed(lambda lines: lines[:2] + lines[3:]),
        "stream session:a, entry 3: removed or reordered",
    ),
    "reordered": (
        lines_changed(lambda lines: [lines[1], lines[0], *lines[2:]]),
        "stream session:a, entry 1: removed or reordered",
    ),
    "truncated": (
        lines_changed(lambda lines: lines[:4]),
        "stream session:a, entry 6: truncated tail",
    ),
    "another stream": (
        manifest_changed(lambda m: m["streams"].update({"session:b": "streams/0001.jsonl"})),
        "stream session:b, entry 1: edited",
    ),
    "unsealed": (manifest_changed(lambda m: m["seals"].clear()), "nothing of it is sealed"),
    "path": (
        manifest_changed(lambda m: m["seals"]["session:a"]["path"].reverse()),
        "stream session:a, entry 6: its seal is not in the checkpoint's tree",
    ),
    "sealed head": (
        manifest_changed(lambda m: m["seals"]["session:a"]["leaf"].update(head="0" * 64)),
        "stream session:a, entry 6: its seal is not in the checkpoint's tree",
    ),
    "another key": (signed_by_another, "replaced key"),
    "checkpoint": (signature_changed, "The checkpoint is forged"),
    "a file more": (lambda files: files.update({"more.txt": b""}), "added or removed"),
    "a file less": (lambda files: files.__delitem__("README.txt"), "added or removed"),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_a_bundle_that_was_tampered_with_is_found(name: str, tmp_path: Path) -> None:
    tamper, sentence = TAMPERING[name]
    files = made(["session:a", "session:b"])
    known = set(files)
    tamper(files)
    manifest = json.loads(files["manifest.json"])
    for one in known & set(files) - {"manifest.json", "verify.py"}:  # as a forger would
        manifest["files"][one] = hashlib.sha256(files[one]).hexdigest()
    files["manifest.json"] = json.dumps(manifest).encode()
    bundle = zipped(files, tmp_path / "bundle.zip")
    with pytest.raises(CommandError, match=f"Broken: .*{sentence}"):
        call_command("ledger_verify", bundle=bundle)
    with pytest.raises(SystemExit, match=sentence):
        evidence_verifier.main(str(bundle))


def test_a_file_that_is_not_the_one_in_the_manifest_is_found(tmp_path: Path) -> None:
    files = made(["session:a"], form=b"as seen")
    files["form"] = b"as never seen"
    with pytest.raises(CommandError, match="The file form is not the one in the manifest"):
        call_command("ledger_verify", bundle=zipped(files, tmp_path / "bundle.zip"))


def test_what_is_no_bundle_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("x")
    for path in (tmp_path / "x.zip", tmp_path / "nothing.zip", zipped({}, tmp_path / "empty.zip")):
        with pytest.raises(CommandError, match="is not a whole bundle"):
            call_command("ledger_verify", bundle=path)
        with pytest.raises(SystemExit, match="this is neither a whole bundle nor a sealed receipt"):
            evidence_verifier.main(str(path))


def test_an_unsealed_stream_makes_no_bundle() -> None:
    ledger.append(stream="session:new", kind="k", payload={}, actor="x", at=AT)
    with pytest.raises(evidence.EvidenceError, match="Nothing is sealed yet of session:new"):
        made(["session:a", "session:new"])


def test_the_command_seals_first_and_writes_the_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "b.zip"
    call_command("ledger_bundle", str(file), "session:a", "session:d")
    call_command("ledger_verify", bundle=file)
    out = capsys.readouterr().out
    assert f"{file}: 2 streams\n" in out
    assert "session:a: 7 entries, sealed up to entry 7\n" in out
    assert out.endswith("2 streams, 10 entries verified\n")
    with pytest.raises(CommandError, match="Nothing is sealed yet of nothing"):
        call_command("ledger_bundle", str(file), "nothing")


def test_an_auditor_downloads_the_evidence_of_a_stream(client: Client, tmp_path: Path) -> None:
    client.force_login(User.objects.create_superuser("root"))
    response = client.get(reverse("auditor:bundle", args=["session:a"]))
    assert response["Content-Disposition"] == 'attachment; filename="session-a.zip"'
    (tmp_path / "b.zip").write_bytes(b"".join(response))
    call_command("ledger_verify", bundle=tmp_path / "b.zip")
    ledger.append(stream="new", kind="k", payload={}, actor="x", at=AT)
    page = client.get(reverse("auditor:bundle", args=["new"]), follow=True)
    assert "Nothing is sealed yet of new: try again soon." in page.content.decode()
