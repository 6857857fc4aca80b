"""Another device at the door of a running test, without a line of script."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from delivery.candidate import backend
from delivery.models import AssessmentSession, Candidate, Quarantine
from delivery.seat import leases
from delivery.seat.leases import Asker
from delivery.session import sessions
from tests.delivery.candidate.conftest import Begin

pytestmark = pytest.mark.django_db
ELSEWHERE = "Your test is open elsewhere"


def device(candidate: Candidate) -> Client:
    """A browser of its own, signed in as the candidate."""
    client = Client()
    client.force_login(candidate.user, backend=backend.PATH)
    return client


@pytest.fixture
def two(begin: Begin) -> Callable[..., tuple[AssessmentSession, Client, Client]]:
    """A test that one device has open, and a second device."""

    def make(**sitting: object) -> tuple[AssessmentSession, Client, Client]:
        session = begin(**sitting)
        first, second = device(session.candidate), device(session.candidate)
        assert first.get(f"/sessions/{session.pk}/items/Q1/").status_code == 200
        return session, first, second

    return make


Two = Callable[..., tuple[AssessmentSession, Client, Client]]


def url(session: AssessmentSession, path: str = "") -> str:
    return f"/sessions/{session.pk}/{path}"


@pytest.mark.parametrize("path", ["items/Q1/", "map/", "review/", "submit/", ""])
def test_every_page_asks_the_second_device_first(path: str, two: Two) -> None:
    session, _, second = two()
    page = second.get(url(session, path), follow=True)
    assert page.redirect_chain[-1][0] == url(session, "elsewhere/")
    assert ELSEWHERE in page.content.decode()
    assert "Take over here" in page.content.decode()


def test_taking_over_is_a_form_and_turns_the_first_away(two: Two) -> None:
    session, first, second = two()
    taken = second.post(url(session, "elsewhere/"), follow=True)
    assert taken.redirect_chain[-1][0] == url(session, "items/Q1/")
    posted = {"r.RESPONSE": "A", "base_revision": "0", "go": "next"}
    sent = first.post(url(session, "items/Q1/"), posted)
    assert sent["Location"] == url(session, "elsewhere/")
    assert Quarantine.objects.get().reason == "lease_lost"
    session.refresh_from_db()
    assert session.position == "Q1"


@pytest.mark.parametrize("path", ["submit/", "part/", "items/Q1/onward/"])
def test_a_device_that_lost_the_lease_ends_nothing(path: str, two: Two) -> None:
    session, first, second = two()
    second.post(url(session, "elsewhere/"))
    assert first.post(url(session, path), {"confirmed": "1"})["Location"] == url(
        session, "elsewhere/"
    )
    session.refresh_from_db()
    assert session.state == "in_progress"


def test_an_old_form_of_the_same_device_is_refused_by_its_epoch(two: Two) -> None:
    session, first, second = two()
    second.post(url(session, "elsewhere/"))
    first.post(url(session, "elsewhere/"))
    session.refresh_from_db()
    page = first.get(url(session, "items/Q1/")).content.decode()
    assert f'name="epoch" value="{session.epoch}"' in page
    old = {"r.RESPONSE": "A", "base_revision": "0", "epoch": str(session.epoch - 1)}
    assert first.post(url(session, "items/Q1/"), old)["Location"] == url(session, "elsewhere/")
    assert Quarantine.objects.get().reason == "lease_lost"


def test_where_the_proctor_decides_the_page_asks_and_waits(two: Two) -> None:
    session, _, second = two(takeover="ask")
    waits = second.post(url(session, "elsewhere/"), follow=True).content.decode()
    assert "Your proctor has been asked" in waits
    assert '<noscript><meta http-equiv="refresh"' in waits
    session.refresh_from_db()
    assert leases.is_asked(session)


def test_where_it_is_denied_the_page_says_what_to_do(two: Two) -> None:
    session, first, second = two(takeover="deny")
    refused = second.post(url(session, "elsewhere/"))
    assert refused.status_code == 409
    assert "ask for help" in refused.content.decode()
    assert first.get(url(session, "items/Q1/")).status_code == 200


def test_a_device_whose_first_page_was_clearly_left_goes_on_silently(two: Two) -> None:
    session, _, second = two()
    now = timezone.now()
    AssessmentSession.objects.update(writer="a", writer_left_at=now - leases.LEFT_AFTER)
    page = second.get(url(session), follow=True)
    assert page.redirect_chain[-1][0] == url(session, "items/Q1/")


def test_a_save_and_leave_lets_the_next_device_in(two: Two) -> None:
    session, first, second = two(leaving=True, takeover="deny")
    first.post(url(session, "items/Q1/"), {"go": "leave"})
    second.post(url(session, "paused/"))
    assert second.get(url(session, "items/Q1/")).status_code == 200


def test_the_first_device_stays_let_in_after_its_own_pages(two: Two) -> None:
    session, first, _ = two()
    lease = leases.claim(
        session.pk,
        Asker(AssessmentSession.objects.get().lease_device, "x", "page"),
        by="candidate:1",
        at=timezone.now(),
    )
    for path in ("items/Q2/", "map/", "review/"):
        assert first.get(url(session, path)).status_code == 200
    assert AssessmentSession.objects.get().epoch == lease.epoch


def test_an_ended_test_asks_nobody(two: Two) -> None:
    session, _, second = two()
    sessions.complete(session.pk, timezone.now(), by="candidate:1", confirmed=True)
    assert second.get(url(session, "receipt/")).status_code == 200
    assert second.get(url(session, "elsewhere/"))["Location"] == url(session, "receipt/")


def frames(client: Client, path: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = client.get(path).json()["frames"]
    return found


def test_a_page_without_a_socket_says_that_it_is_left_and_that_it_is_there(two: Two) -> None:
    session, first, _ = two()
    claim = {"type": "claim", "writer": "page", "device": ""}
    told = first.post(url(session, "claim/"), json.dumps(claim), content_type="application/json")
    epoch = told.json()["frames"][0]["epoch"]
    left = {"writer": "page"}
    first.post(url(session, "left/"), json.dumps(left), content_type="application/json")
    assert AssessmentSession.objects.get().writer_left_at is not None
    frames(first, url(session, f"timer/?writer=page&epoch={epoch}"))
    assert AssessmentSession.objects.get().writer_left_at is None


def test_a_page_that_only_polls_hears_that_another_one_took_over(two: Two) -> None:
    session, first, second = two()
    claim = {"type": "claim", "writer": "page", "device": ""}
    told = first.post(url(session, "claim/"), json.dumps(claim), content_type="application/json")
    epoch = told.json()["frames"][0]["epoch"]
    poll = url(session, f"timer/?state=in_progress&writer=page&epoch={epoch}")
    assert not any("elsewhere" in str(frame.get("overlay")) for frame in frames(first, poll))
    second.post(url(session, "elsewhere/"))
    [overlay] = [one for one in frames(first, poll) if "elsewhere" in str(one.get("overlay"))]
    assert overlay["epoch"] != epoch
    assert ELSEWHERE in str(overlay["overlay"])


def test_a_claim_over_http_is_refused_in_words_where_another_device_writes(two: Two) -> None:
    session, first, second = two()
    for client, writer, status in ((first, "a", 200), (second, "b", 409)):
        claim = json.dumps({"type": "claim", "writer": writer, "device": ""})
        answer = client.post(url(session, "claim/"), claim, content_type="application/json")
        assert answer.status_code == status
    assert answer.json()["reason"] == "elsewhere"
