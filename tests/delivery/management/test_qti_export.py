import io
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from assembly import bank
from assembly.qti import package, reading
from assembly.qti.package import Package
from tests import factories, material
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


def exported(tmp_path: Path, *arguments: str) -> Package:
    """The package that the command writes, opened; its manifest is valid by the schema."""
    file = tmp_path / "exported.zip"
    call_command("qti_export", *arguments[:1], str(file), *arguments[1:])
    with package.open_package(file) as opened:
        assert material.errors(opened.read("imsmanifest.xml")) == []
    return package.open_package(file)


def test_items_are_written_as_a_package_of_items(tmp_path: Path) -> None:
    version = factories.published()
    pinned = [row.item_version.item.identifier for row in version.items.order_by("ref")]
    file = tmp_path / "items.zip"
    call_command("qti_export", *pinned[:2], str(file), "--items")
    with package.open_package(file) as opened:
        assert [item.identifier for item in opened.items] == [f"{one}-v1" for one in pinned[:2]]
        assert opened.tests == ()
    with exported(tmp_path, "ALL", "--items") as opened:
        assert len(opened.items) == 3


def test_a_sitting_is_written_with_its_own_restrictions(tmp_path: Path) -> None:
    sitting = factories.sitting(duration_seconds=1800, linear=True)
    with exported(tmp_path, str(sitting.pk), "--sitting") as opened:
        written = reading.read_test(opened.tests[0].source)
        assert material.errors(opened.tests[0].source) == []
    assert written.time_limits.max_seconds == 1800
    assert [part.navigation_mode for part in written.parts] == ["linear"]


def test_a_sitting_without_restrictions_is_written_as_its_test(tmp_path: Path) -> None:
    sitting = factories.sitting()
    with exported(tmp_path, str(sitting.pk), "--sitting") as opened:
        assert opened.tests[0].source.decode() == sitting.test_version.xml


def test_a_sitting_never_gives_more_time_than_its_test(tmp_path: Path) -> None:
    sitting = factories.sitting(factories.published(seconds=600), duration_seconds=1800)
    with exported(tmp_path, str(sitting.pk), "--sitting") as opened:
        written = reading.read_test(opened.tests[0].source)
    assert written.time_limits.max_seconds == 600


def test_results_go_along_where_they_are_asked_for(tmp_path: Path) -> None:
    session = factories.session()
    with exported(tmp_path, str(session.sitting_id), "--sitting", "--results") as opened:
        document = opened.read(f"results/result-{session.pk}.xml")
    assert material.errors(document) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["NOPE", "--items"], "There is no item NOPE"),
        (["999999", "--sitting"], "There is no sitting 999999"),
        (["A", "B"], "give one name"),
    ],
)
def test_what_cannot_be_written_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    names = [one for one in arguments if not one.startswith("--")]
    flags = [one for one in arguments if one.startswith("--")]
    with pytest.raises(CommandError, match=said):
        call_command("qti_export", *names, str(tmp_path / "x.zip"), *flags)


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("assembly/item", "items"),
        ("assembly/assessmenttest", "tests"),
        ("assembly/assessmenttestversion", "tests"),
        ("delivery/sitting", "tests"),
    ],
)
def test_staff_export_what_they_tick(page: str, kind: str, admin_client: Client) -> None:
    sitting = factories.sitting()
    version = sitting.test_version
    ids = {
        "assembly/item": version.items.order_by("ref")[0].item_version.item_id,
        "assembly/assessmenttest": version.test_id,
        "assembly/assessmenttestversion": version.pk,
        "delivery/sitting": sitting.pk,
    }
    form = {"action": "export_packages", "_selected_action": [ids[page]]}
    answer = admin_client.post(f"/admin/{page}/", form)
    assert answer["Content-Type"] == "application/zip"
    with package.open_package(answer.content) as opened:
        assert len(getattr(opened, kind)) == 1


def test_several_tests_are_exported_as_a_zip_of_packages(admin_client: Client) -> None:
    ids = [factories.published().pk, factories.published().pk]
    form = {"action": "export_packages", "_selected_action": ids}
    answer = admin_client.post("/admin/assembly/assessmenttestversion/", form)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert len(opened.namelist()) == 2


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    version, file = factories.published(), tmp_path / "test.zip"
    file.write_bytes(b"kept")
    with pytest.raises(CommandError, match="was not written"):
        call_command("qti_export", version.test.identifier, str(file))
    assert file.read_bytes() == b"kept"
