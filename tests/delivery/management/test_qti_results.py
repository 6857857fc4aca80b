import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from assembly.qti.results import NAMESPACE
from delivery.models import AssessmentSession
from delivery.session import scoring, sessions
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db


@pytest.fixture
def session() -> AssessmentSession:
    begun = factories.session()
    factories.answer(begun, "Q1", "A")
    sessions.complete(begun.pk, after(64), by="candidate:1", confirmed=True)
    return scoring.score(begun.pk, after(65))


def test_a_session_is_written_as_a_document(session: AssessmentSession, tmp_path: Path) -> None:
    file = tmp_path / "result.xml"
    call_command("qti_results", str(session.pk), str(file))
    written = file.read_text()
    assert f'xmlns="{NAMESPACE}"' in written
    assert "correctResponse" not in written


def test_right_answers_are_written_where_they_are_asked_for(
    session: AssessmentSession, tmp_path: Path
) -> None:
    file = tmp_path / "result.xml"
    call_command("qti_results", str(session.pk), str(file), "--correct")
    assert file.read_text().count("<correctResponse>") == 3


def test_a_sitting_is_written_as_a_zip(session: AssessmentSession, tmp_path: Path) -> None:
    file = tmp_path / "results.zip"
    call_command("qti_results", str(session.sitting_id), str(file))
    with zipfile.ZipFile(file) as opened:
        assert opened.namelist() == [f"result-{session.pk}.xml"]


@pytest.mark.parametrize("named", ["999999", "nobody", "00000000-0000-4000-8000-000000000000"])
def test_what_is_not_there_is_said_to_be_missing(named: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"There is no (sitting|session) {named}"):
        call_command("qti_results", named, str(tmp_path / "x"))


def test_a_file_that_is_there_is_not_overwritten(
    session: AssessmentSession, tmp_path: Path
) -> None:
    file = tmp_path / "result.xml"
    file.write_bytes(b"kept")
    with pytest.raises(CommandError, match="was not written"):
        call_command("qti_results", str(session.pk), str(file))
    assert file.read_bytes() == b"kept"


def test_staff_download_results_from_their_pages(
    session: AssessmentSession, admin_client: Client
) -> None:
    of_sitting = f"/admin/delivery/sitting/{session.sitting_id}/qti-results/"
    of_session = f"/admin/delivery/assessmentsession/{session.pk}/qti-result/"
    page = admin_client.get(f"/admin/delivery/sitting/{session.sitting_id}/results/")
    assert f'href="{of_sitting}"' in page.content.decode()
    shown = admin_client.get(f"/admin/delivery/assessmentsession/{session.pk}/change/")
    assert f'href="{of_session}"' in shown.content.decode()
    packed, document = admin_client.get(of_sitting), admin_client.get(of_session)
    assert packed["Content-Type"] == "application/zip"
    assert packed["Content-Disposition"].endswith(f'"results-{session.sitting_id}.zip"')
    assert document["Content-Type"] == "application/xml"
    assert NAMESPACE.encode() in document.content
