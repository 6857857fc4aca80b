"""The demo's sign-ins: kept for their owner alone, read back, printed in columns."""

from pathlib import Path

import pytest
from django.conf import settings

from delivery.demo import signins
from delivery.demo.signins import SignIn

DOORS = (SignIn("/", "Amara", "AMBER-2026", "start"), SignIn("/admin/", "staff", "x", "items"))


@pytest.fixture
def _own_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path / "var")


@pytest.mark.usefixtures("_own_var")
def test_sign_ins_are_read_back_as_they_were_kept() -> None:
    assert signins.kept() == ()
    signins.keep(DOORS[:1])
    signins.keep(DOORS)
    assert signins.kept() == DOORS


@pytest.mark.usefixtures("_own_var")
def test_only_the_owner_may_read_the_file() -> None:
    signins.keep(DOORS)
    assert signins.path().stat().st_mode & 0o777 == 0o600


def test_the_table_has_a_head_and_aligned_columns() -> None:
    assert list(signins.table(DOORS)) == [
        "Page     Name   Code or password  What to see",
        "-------  -----  ----------------  -----------",
        "/        Amara  AMBER-2026        start",
        "/admin/  staff  x                 items",
    ]
