from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assembly import bank
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def test_a_published_test_becomes_a_package_that_can_be_imported(tmp_path: Path) -> None:
    version = factories.published()
    file = tmp_path / "test.zip"
    call_command("qti_export", version.test.identifier, str(file))
    report = bank.import_package(file, by="user:1", at=NOON, dry_run=True)
    assert [row.outcome for row in (*report.items, *report.tests)] == ["kept"] * 4


def test_a_test_that_was_never_published_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no published version of NOPE"):
        call_command("qti_export", "NOPE", str(tmp_path / "x.zip"))


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    version, file = factories.published(), tmp_path / "test.zip"
    file.write_bytes(b"kept")
    with pytest.raises(CommandError, match="was not written"):
        call_command("qti_export", version.test.identifier, str(file))
    assert file.read_bytes() == b"kept"
