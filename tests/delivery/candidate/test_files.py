"""Files over HTTP: in ranges, named by their hash, seen by whom they belong to."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assembly import files
from delivery.candidate import backend
from delivery.models import AssessmentSession
from tests import factories, kinds
from tests.factories import Part

pytestmark = pytest.mark.django_db
SOUND = kinds.wav(1.0)


@pytest.fixture
def session() -> AssessmentSession:
    versions = {"media": kinds.version("media")}
    kinds.attach(versions["media"], "long.wav", "audio/wav", SOUND)
    kinds.attach(versions["media"], "look.css", "text/css", b"p { color: red; }")
    test = factories.published(Part(items=("media", "Q2")), items=versions)
    sitting = factories.sitting(test, opens_at=None, closes_at=None)
    return factories.session(sitting, at=timezone.now())


@pytest.fixture
def signed_in(session: AssessmentSession, client: Client) -> Client:
    client.force_login(session.candidate.user, backend=backend.PATH)
    return client


def get(client: Client, session: AssessmentSession, href: str = "long.wav", **headers: str) -> Any:
    return client.get(f"/sessions/{session.pk}/assets/media/{href}", headers=headers)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=100-", 100, None), ("bytes=-5", -5, None), ("bytes=3-1e9", 0, 0)],
)
def test_a_part_of_a_file_is_handed_out(
    session: AssessmentSession, signed_in: Client, asked: str, first: int, last: int | None
) -> None:
    answer = get(signed_in, session, Range=asked)
    if asked == "bytes=3-1e9":
        assert (answer.status_code, answer.content) == (200, SOUND)
        return
    begin = first if first >= 0 else len(SOUND) + first
    end = len(SOUND) - 1 if last is None else last
    assert answer.status_code == 206
    assert answer.content == SOUND[begin : end + 1]
    assert answer["Content-Range"] == f"bytes {begin}-{end}/{len(SOUND)}"
    assert answer["Accept-Ranges"] == "bytes"


def test_a_part_that_is_not_there_is_said_not_to_be(
    session: AssessmentSession, signed_in: Client
) -> None:
    for asked in (f"bytes={len(SOUND)}-", "bytes=9-3"):
        answer = get(signed_in, session, Range=asked)
        assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{len(SOUND)}")


def test_what_the_browser_has_is_not_sent_again(
    session: AssessmentSession, signed_in: Client
) -> None:
    tag = get(signed_in, session)["ETag"]
    assert get(signed_in, session, **{"If-None-Match": tag}).status_code == 304
    changed = get(signed_in, session, Range="bytes=0-1", **{"If-Range": '"another"'})
    assert (changed.status_code, changed.content) == (200, SOUND)


def test_a_file_that_is_named_by_its_hash_is_kept_for_long_and_another_is_asked_for_again(
    session: AssessmentSession, signed_in: Client
) -> None:
    page = signed_in.get(f"/sessions/{session.pk}/items/media/").content.decode()
    start = page.index(f"/sessions/{session.pk}/assets/media/bell.wav?v=")
    named = page[start:].partition('"')[0]
    assert signed_in.get(named)["Cache-Control"] == f"private, max-age={files.A_YEAR}, immutable"
    assert get(signed_in, session)["Cache-Control"] == "private, no-cache"
    wrong = signed_in.get(f"/sessions/{session.pk}/assets/media/long.wav?v=0123456789abcdef")
    assert wrong["Cache-Control"] == "private, no-cache"


def test_a_file_is_never_a_page_of_ours(session: AssessmentSession, signed_in: Client) -> None:
    answer = get(signed_in, session, "look.css")
    assert "@scope" in answer.content.decode()
    assert answer["Content-Security-Policy"] == files.POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_only_who_may_see_the_item_has_its_files(
    session: AssessmentSession, client: Client
) -> None:
    client.force_login(factories.candidate("Bob").user, backend=backend.PATH)
    assert get(client, session).status_code == 404
