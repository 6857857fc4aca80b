import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from delivery.models import AssessmentSession, ResponseRevision
from delivery.saving import responses
from integrity import ledger, triggers
from integrity.models import LedgerEntry, LedgerStream
from integrity.proof import seals
from tests import factories
from tests.factories import NOON, after

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def answered() -> AssessmentSession:
    session = factories.session()
    for number, value in enumerate("ABC"):
        save = factories.save(session, "Q2", value, received_at=after(number), base_revision=number)
        responses.save([save], save.received_at + timedelta(milliseconds=20))
    return session


def text(client: Client, path: str, **query: str) -> str:
    page = client.get(path, query).content.decode()
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_story_tells_which_item_which_change_and_how_soon_it_was_saved(
    auditor: Client,
) -> None:
    session = answered()
    story = text(auditor, f"/auditor/streams/{session.stream}")
    assert "Answered item 2, saved 0.02 s later." in story
    assert "Answered item 2 (1st change), saved 0.02 s later." in story
    assert "Answered item 2 (2nd change), saved 0.02 s later." in story


def test_entries_are_found_by_kind_person_time_and_word(auditor: Client) -> None:
    session = answered()
    path = f"/auditor/streams/{session.stream}"
    saved = LedgerEntry.objects.get(stream__name=session.stream, payload__contains='"revision":3')

    def shown(**query: str) -> set[int]:
        page = auditor.get(path, query).content.decode()
        return {int(found) for found in re.findall(r'id="entry-(\d+)"', page)}

    everything = shown()
    assert shown(kind="response.saved") == {saved.seq - 2, saved.seq - 1, saved.seq}
    assert shown(word='"revision":3') == {saved.seq}
    assert shown(actor=saved.actor) < everything | {0}
    assert shown(since=(NOON + timedelta(seconds=2)).isoformat()) == {saved.seq}
    assert shown(until="2000-01-01T00:00") == set()
    assert shown(since="nonsense", until="2026-99-99T99:99") == everything


def test_streams_are_found_by_sort_and_by_their_last_entry(auditor: Client) -> None:
    answered()
    ledger.append(stream="ledger:x", kind="k", payload={}, actor="x", at=after(86_400))
    page = text(auditor, "/auditor/", sort="ledger")
    assert ("ledger:x" in page, "session:" in page.split("Head")[-1]) == (True, False)
    late = auditor.get("/auditor/", {"since": after(80_000).isoformat()}).content.decode()
    assert ("ledger:x</a>" in late, "session:" in late.split("<tbody>")[1]) == (True, False)


def test_everything_is_verified_step_by_step_without_a_script_too(auditor: Client) -> None:
    for _ in range(3):
        answered()
    seals.seal(after(10))
    assert "Begin" in text(auditor, "/auditor/verify/")
    path, steps = "/auditor/verify/?after=0", 0
    while path:
        page = auditor.get(path).content.decode()
        onward = re.search(r'class="button" href="(/auditor/verify/[^"]+)"', page)
        path, steps = (unescape(onward[1]) if onward else ""), steps + 1
    assert "Whole:" in page
    assert steps == 3
    entries = LedgerEntry.objects.count()
    assert f"{entries} entries in {LedgerStream.objects.count()} streams" in page


def test_a_step_tells_what_is_broken(auditor: Client) -> None:
    session = answered()
    seals.seal(after(10))
    ResponseRevision.objects.filter(revision=2).update(value={"RESPONSE": "A"})
    page = auditor.get("/auditor/verify/?after=0").content.decode()
    assert f"/auditor/differences/{session.stream}" in page


def test_what_differs_stands_side_by_side(auditor: Client) -> None:
    session = answered()
    path = f"/auditor/differences/{session.stream}"
    assert "Nothing differs" in text(auditor, path)
    row = ResponseRevision.objects.get(revision=2)
    ResponseRevision.objects.filter(revision=2).update(value={"RESPONSE": "A"})
    page = text(auditor, path)
    assert "One thing is not what was recorded." in page
    assert f"Entry {row.ledger_seq}: Item Q2, revision 2 answer differs" in page
    assert f"Digest in the record {row.digest}" in page
    assert 'Stored answer {"RESPONSE": "A"}' in page
    story = text(auditor, f"/auditor/streams/{session.stream}")
    assert f"Broken at entry {row.ledger_seq}: answer differs" in story


def test_an_edited_and_a_rehashed_entry_stand_side_by_side(auditor: Client) -> None:
    session = answered()
    path = f"/auditor/differences/{session.stream}"
    seals.seal(after(10))
    with triggers.lifted(connection):
        LedgerEntry.objects.filter(stream__name=session.stream, seq=2).update(actor="forger")
    page = text(auditor, path)
    assert "Entry 2: Content edited" in page
    assert "Hash that its content gives" in page
    assert "What the record says" in page


def test_a_cut_off_end_is_told_from_its_seal(auditor: Client) -> None:
    session = answered()
    seals.seal(after(10))
    with triggers.lifted(connection):
        stream = LedgerStream.objects.get(name=session.stream)
        LedgerEntry.objects.filter(stream=stream, seq=stream.length).delete()
        before = LedgerEntry.objects.get(stream=stream, seq=stream.length - 1)
        LedgerStream.objects.filter(pk=stream.pk).update(length=before.seq, head=before.hash)
    page = text(auditor, f"/auditor/differences/{session.stream}")
    assert f"Sealed up to entry {stream.length}" in page
    assert f"Ends with entry {before.seq}" in page
