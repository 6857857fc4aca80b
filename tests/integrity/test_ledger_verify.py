import io
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from integrity import ledger, triggers

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _streams() -> None:
    drafts = [
        ledger.Draft(name, "k", {"n": number}, "x", AT) for name in "ab" for number in range(3)
    ]
    with transaction.atomic():
        ledger.append_many(drafts)


def forge(stream: str, seq: int) -> None:
    with triggers.lifted(connection), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE integrity_ledgerentry SET actor = 'forged' WHERE seq = %s AND stream_id = "
            "(SELECT id FROM integrity_ledgerstream WHERE name = %s)",
            [seq, stream],
        )


def test_a_whole_ledger_closes_with_its_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("ledger_verify")
    assert capsys.readouterr().out == "2 streams, 6 entries verified\n"


def test_one_stream_can_be_verified_alone(capsys: pytest.CaptureFixture[str]) -> None:
    forge("a", 2)
    call_command("ledger_verify", stream="b")
    assert capsys.readouterr().out == "1 streams, 3 entries verified\n"


def test_the_first_broken_entry_is_named_and_the_exit_code_is_1() -> None:
    forge("b", 3)
    forge("b", 2)
    with pytest.raises(CommandError) as error:
        call_command("ledger_verify")
    assert error.value.returncode == 1
    assert str(error.value) == (
        "Broken: stream b, entry 2, edited. "
        "Entry 2 was edited: its content no longer gives its hash."
    )


def test_an_unknown_stream_is_not_taken_for_a_whole_one() -> None:
    with pytest.raises(CommandError, match="No stream is named 'c'"):
        call_command("ledger_verify", stream="c")


def test_a_missing_trigger_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    triggers.remove(connection)
    call_command("ledger_verify")
    told = capsys.readouterr()
    assert told.out == "2 streams, 6 entries verified\n"
    assert [line.split()[3] for line in told.err.splitlines()] == sorted(
        triggers.wanted(connection)
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_the_walk_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    call_command("ledger_verify")
    assert "/6" in terminal.getvalue()


def same_database() -> dict[str, str]:
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return {"DATABASE_PATH": str(told["NAME"]), "DATABASE_URL": ""}
    where = f"{told['USER']}:{told['PASSWORD']}@{told['HOST']}:{told['PORT']}"
    return {"DATABASE_URL": f"postgresql://{where}/{told['NAME']}"}


def test_the_command_line_ends_with_the_break_and_exit_code_1(
    transactional_db: None, tmp_path: Path
) -> None:
    forge("b", 2)
    done = subprocess.run(
        [sys.executable, "manage.py", "ledger_verify"],
        cwd=Path(__file__).parents[2],
        env=os.environ | same_database() | {"VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "CommandError: Broken: stream b, entry 2, edited. "
        "Entry 2 was edited: its content no longer gives its hash.\n"
    )
