import os
import pty
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assembly import models
from tests.assembly.factories import choice_xml, exam_xml, zipped

pytestmark = pytest.mark.django_db


def told(*arguments: str | Path) -> list[str]:
    out = StringIO()
    call_command("qti_import", *map(str, arguments), stdout=out)
    return out.getvalue().splitlines()


def test_a_zip_a_folder_and_an_item_are_imported(tmp_path: Path) -> None:
    (tmp_path / "bank.zip").write_bytes(
        zipped({"items/Q1.xml": choice_xml("Q1")}, {"t.xml": exam_xml(["Q1"])})
    )
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "Q2.xml").write_bytes(choice_xml("Q2"))
    (tmp_path / "Q3.xml").write_bytes(choice_xml("Q3"))
    lines = told(tmp_path / "bank.zip", tmp_path / "loose", tmp_path / "Q3.xml")
    assert lines == ["items: 3 kept, 0 degraded, 0 refused", "tests: 1 kept, 0 degraded, 0 refused"]
    assert models.ItemVersion.objects.count() == 3


def test_a_dry_run_stores_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "bank.zip").write_bytes(zipped({"items/Q1.xml": choice_xml("Q1")}))
    lines = told(tmp_path / "bank.zip", "--dry-run")
    assert lines[0] == "Dry run: nothing was stored."
    assert models.Item.objects.count() == 0


def test_what_is_refused_is_told_with_reason_and_line(tmp_path: Path) -> None:
    package = tmp_path / "bank.zip"
    package.write_bytes(zipped({"items/Q1.xml": choice_xml("Q1"), "items/b.xml": b"<a>\n<b></a>"}))
    lines = told(package)
    assert lines[0] == str(package)
    assert lines[1].startswith("  refused  items/b.xml (items/b.xml:2): The file is not")
    assert lines[1].endswith("[not_xml]")


def test_a_package_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK no zip")
    with pytest.raises(CommandError, match="Nothing was imported"):
        told(tmp_path / "bad.zip")


def test_a_terminal_of_unknown_width_shows_how_far_the_import_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = {f"items/Q{at}.xml": choice_xml(f"Q{at}") for at in range(8)}
    (tmp_path / "bank.zip").write_bytes(zipped(items))
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        told(tmp_path / "bank.zip")
        shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "8/8" in shown
    assert "storing" in shown
