import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from integrity import ledger, tasks, triggers
from integrity.models import Anchor, Checkpoint, SealedHead
from integrity.proof import anchors, keys, seals
from integrity.proof.merkle import Signer

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)


@pytest.fixture(autouse=True)
def outside(settings: Any, tmp_path: Path) -> Path:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"
    settings.LEDGER_ANCHORS = [f"file:{tmp_path}/out side.jsonl".replace(" ", "%20")]
    return tmp_path / "out side.jsonl"


def seal(*streams: str) -> Checkpoint:
    for name in streams:
        ledger.append(stream=name, kind="k", payload={}, actor="x", at=AT)
    checkpoint = seals.seal(AT)
    assert checkpoint
    return checkpoint


def test_a_checkpoint_is_dropped_once_at_every_target(
    outside: Path, settings: Any, mailoutbox: Any
) -> None:
    settings.LEDGER_ANCHORS = [*settings.LEDGER_ANCHORS, "mailto:board@exam.example"]
    assert anchors.drop_all(AT) == []
    first = seal("a", "b")
    for _ in range(2):
        tasks.anchor()
    second = seal("a")
    assert anchors.drop_all(AT) == []
    assert list(anchors.notes(outside)) == [first.note, second.note]
    assert [(mail.to, mail.body) for mail in mailoutbox] == [
        (["board@exam.example"], first.note), (["board@exam.example"], second.note),
    ]  # fmt: skip
    assert set(Anchor.objects.values_list("size", "error")) == {(3, "")}


def test_a_target_that_fails_is_told_and_tried_again(
    outside: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    outside.mkdir()
    settings.LEDGER_ANCHORS = [*settings.LEDGER_ANCHORS, "ftp://x"]
    seal("a")
    tasks.anchor()
    told = [record.getMessage().split()[2] for record in caplog.records]
    assert told == settings.LEDGER_ANCHORS
    assert Anchor.objects.get(target="ftp://x").error == (
        "An anchor begins with file, mailto, rfc3161+https, rfc3161+http, and a colon."
    )
    outside.rmdir()
    assert anchors.drop_all(timezone.now()) == []
    (failed,) = anchors.drop_all(timezone.now() + timedelta(minutes=1))
    assert failed.target == "ftp://x"
    assert len(list(anchors.notes(outside))) == 1


def cut_off(size: int) -> None:
    with triggers.lifted(connection):
        Checkpoint.objects.filter(size__gt=size).delete()
        SealedHead.objects.filter(place__gte=size).delete()


def test_seals_that_were_cut_off_are_found_by_an_anchor(
    outside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seal("a", "b")
    anchors.drop_all(AT)
    seal("c")
    anchors.drop_all(AT)
    call_command("ledger_verify", anchor=outside)
    assert "2 anchored checkpoints verified\n" in capsys.readouterr().out
    cut_off(2)
    call_command("ledger_verify")
    with pytest.raises(CommandError, match=r"sealed heads.*entry 3, truncated tail"):
        call_command("ledger_verify", anchor=outside)


def test_seals_that_were_made_anew_are_found_by_an_anchor(outside: Path) -> None:
    seal("a", "b")
    seal("c")
    anchors.drop_all(AT)
    cut_off(2)
    seals.seal(AT + timedelta(seconds=1))
    call_command("ledger_verify")
    with pytest.raises(CommandError, match=r"checkpoints.*entry 3, forged checkpoint"):
        call_command("ledger_verify", anchor=outside)


@pytest.mark.parametrize("line", ["x", "[]", "{}", "1", ""])
def test_what_is_no_anchored_checkpoint_is_told(outside: Path, line: str) -> None:
    seal("a")
    outside.write_text(f"{line}\n")
    with pytest.raises(CommandError, match=r"Line 1 of .* is not an anchored checkpoint"):
        call_command("ledger_verify", anchor=outside)


def test_an_anchored_note_of_another_key_is_told(outside: Path) -> None:
    text = seal("a").note.rpartition("\n\n")[0] + "\n"
    note = Signer.generate(keys.signer().name).sign(text)
    outside.write_text(json.dumps({"note": note}))
    with pytest.raises(CommandError, match="None of the known keys has signed this note"):
        call_command("ledger_verify", anchor=outside)
    with pytest.raises(CommandError, match="No such file"):
        call_command("ledger_verify", anchor=outside.with_name("nothing"))
