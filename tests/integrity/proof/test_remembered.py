from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from integrity import ledger, triggers
from integrity.models import Checkpoint, LedgerEntry, LedgerStream, SealedHead
from integrity.proof import keys, remembered, seals

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
Commit = Any


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"


@pytest.fixture
def seal(django_capture_on_commit_callbacks: Commit) -> Any:
    def seal_one(stream: str) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            with transaction.atomic():
                ledger.append(stream=stream, kind="k", payload={}, actor="x", at=AT)
            seals.seal(AT)

    return seal_one


def forget(*models: Any) -> None:
    with triggers.lifted(connection):
        for model in models:
            model.objects.all().delete()


def broken() -> str:
    verdict = seals.verify().broken
    return f"{verdict.stream}: {verdict.broken.kind}" if verdict and verdict.broken else ""


def test_the_newest_checkpoint_is_remembered_outside_of_the_database(seal: Any) -> None:
    seal("session:a")
    seal("session:b")
    newest = remembered.read()
    assert newest is not None
    assert (newest.size, newest.root) == (2, Checkpoint.objects.latest("size").root)
    assert broken() == ""


def test_seals_that_were_all_taken_away_are_missed(seal: Any) -> None:
    seal("session:a")
    forget(SealedHead, Checkpoint)
    assert broken() == "(sealed heads): truncated tail"
    with transaction.atomic():
        ledger.append(stream="session:a", kind="k", payload={}, actor="x", at=AT)
    seals.seal(AT)
    assert broken() == "(checkpoints): forged checkpoint"


def test_a_smaller_checkpoint_never_takes_the_place_of_a_larger_one(seal: Any) -> None:
    seal("session:a")
    seal("session:b")
    forget(SealedHead, Checkpoint, LedgerEntry)
    with triggers.lifted(connection):
        LedgerStream.objects.exclude(name="session:b").delete()
    seal("session:c")
    newest = remembered.read()
    assert newest is not None
    assert newest.size == 2
    assert broken() != ""


def test_another_database_begins_anew(seal: Any) -> None:
    seal("session:a")
    forget(SealedHead, Checkpoint, LedgerEntry, LedgerStream)
    assert broken() == ""
    seal("session:z")
    newest = remembered.read()
    assert newest is not None
    assert (newest.size, newest.streams) == (1, ["session:z"])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"size": "x"}', '{"size": 9}'])
def test_a_memory_that_cannot_be_read_says_nothing(seal: Any, text: str) -> None:
    seal("session:a")
    (keys.directory() / remembered.FILE).write_text(text)
    assert remembered.read() is None
    assert broken() == ""
