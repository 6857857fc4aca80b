import io
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrity import ledger
from integrity.models import Anchor, Checkpoint, TimeStamp
from integrity.proof import anchors, evidence, seals, timestamps
from tests import programs
from tests.integrity import authority
from tests.integrity.authority import Authority

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    programs.need("OpenSSL")
    with authority.running(tmp_path_factory.mktemp("authority")) as one:
        yield one


@pytest.fixture
def tsa(running: Authority, settings: Any, tmp_path: Path) -> Authority:
    running.answers, running.says, running.asked = True, None, 0
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"
    settings.LEDGER_ANCHORS = [f"rfc3161+{running.url}#{running.root}"]
    return running


def seal(stream: str) -> Checkpoint:
    ledger.append(stream=stream, kind="k", payload={}, actor="x", at=AT)
    checkpoint = seals.seal(AT)
    assert checkpoint
    return checkpoint


def test_an_authority_stamps_each_checkpoint_once(tsa: Authority, capsys: Any) -> None:
    checkpoint = seal("a")
    for _ in range(2):
        assert anchors.drop_all(AT) == []
    (stamp,) = TimeStamp.objects.all()
    assert (stamp.size, tsa.asked) == (checkpoint.size, 1)
    roots = timestamps.certificates(tsa.root)
    at = timestamps.verify(bytes(stamp.answer), checkpoint.note, roots)
    assert abs(at - datetime.now(UTC)) < timedelta(hours=1)
    call_command("ledger_verify", authority=tsa.root, verbosity=0)
    assert "1 time stamps verified (with their signatures)\n" in capsys.readouterr().out


def test_a_checkpoint_that_was_made_anew_does_not_fit_its_stamp(tsa: Authority) -> None:
    seal("a")
    anchors.drop_all(AT)
    (stamp,) = TimeStamp.objects.all()
    TimeStamp.objects.update(size=seal("b").size)
    with pytest.raises(CommandError, match=r"\(time stamps\), entry 2, forged checkpoint"):
        call_command("ledger_verify", verbosity=0)
    with pytest.raises(timestamps.StampError, match="is of something else"):
        timestamps.verify(bytes(stamp.answer), "another note", [])


def test_a_stamp_of_another_authority_does_not_hold(tsa: Authority, tmp_path: Path) -> None:
    checkpoint = seal("a")
    anchors.drop_all(AT)
    other = tmp_path / "other"
    other.mkdir()
    authority._certificates(other)
    roots = timestamps.certificates(other / "root.pem")
    answer = bytes(TimeStamp.objects.get().answer)
    with pytest.raises(timestamps.StampError, match="signature does not hold"):
        timestamps.verify(answer, checkpoint.note, roots)
    with pytest.raises(CommandError, match="forged checkpoint"):
        call_command("ledger_verify", authority=other / "root.pem", verbosity=0)
    with pytest.raises(CommandError, match="holds no certificates"):
        call_command("ledger_verify", authority=tmp_path / "nothing.pem", verbosity=0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"answers": False}, "503"),
        ({"says": b""}, "no time stamp"),
        ({"says": b"<html>"}, "no time stamp"),
        ({"says": b"x" * 200_000}, "too long"),
    ],
)
def test_an_authority_that_fails_is_asked_again_ever_later(
    tsa: Authority, changes: dict[str, Any], told: str
) -> None:
    seal("a")
    for name, value in changes.items():
        setattr(tsa, name, value)
    (failed,) = anchors.drop_all(AT)
    assert told in failed.error
    assert anchors.drop_all(AT + timedelta(seconds=59)) == []
    assert len(anchors.drop_all(AT + timedelta(minutes=1))) == 1
    assert anchors.drop_all(AT + timedelta(minutes=2)) == []
    tsa.answers, tsa.says = True, None
    assert anchors.drop_all(AT + timedelta(minutes=3)) == []
    assert (tsa.asked, Anchor.objects.get().failures, TimeStamp.objects.count()) == (3, 0, 1)


def test_a_stamp_of_an_old_answer_is_refused(tsa: Authority) -> None:
    seal("a")
    anchors.drop_all(AT)
    tsa.says = bytes(TimeStamp.objects.get().answer)
    seal("b")
    (failed,) = anchors.drop_all(AT)
    assert failed.error == "The authority answered another question."


def test_nobody_listening_is_told_and_nothing_else_happens(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"
    settings.LEDGER_ANCHORS = ["rfc3161+http://127.0.0.1:1/", "rfc3161+ftp://x/"]
    seal("a")
    assert [bool(one.error) for one in anchors.drop_all(AT)] == [True, True]
    assert TimeStamp.objects.count() == 0


def test_a_bundle_carries_the_stamps_that_openssl_verifies(tsa: Authority, tmp_path: Path) -> None:
    seal("a")
    anchors.drop_all(AT)
    file = io.BytesIO()
    evidence.write(file, ["a"])
    with zipfile.ZipFile(file) as bundle:
        bundle.extractall(tmp_path / "b")
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-in", "timestamps/1.tsr", "-data", "checkpoint.txt",
         "-CAfile", str(tsa.root)],
        cwd=tmp_path / "b", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "Verification: OK" in done.stdout + done.stderr) == (0, True)
