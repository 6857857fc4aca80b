"""Pages kept ready: only where the sitting says so, never beyond the part, changing nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate
from delivery.rules.refusals import Reason, Refusal
from delivery.seat import leases
from delivery.seat.leases import Asker
from delivery.session import ahead, desk
from integrity import ledger
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db
ME = "candidate:1"
BACKEND = "delivery.candidate.backend.AccessCodeBackend"
TWO = (Part("P1", ("Q1", "Q2")), Part("P2", ("Q3",)))


def session_of(*parts: Part, **sitting: Any) -> AssessmentSession:
    version = factories.published(*parts)
    fields = {"opens_at": None, "closes_at": None, "offline_pages": True, **sitting}
    return factories.session(factories.sitting(version, **fields), at=timezone.now())


def client_of(candidate: Candidate) -> Client:
    client = Client()
    client.force_login(candidate.user, BACKEND)
    return client


def ready(session: AssessmentSession) -> list[tuple[str, str]]:
    return [(one.key, one.group) for one in ahead.ready(desk.read(session.pk))]


def test_the_items_of_the_current_part_are_ready_and_no_others() -> None:
    assert ready(session_of(*TWO)) == [("Q1", ""), ("Q2", "")]


def test_items_under_a_limit_form_a_group() -> None:
    session = session_of(Part("P1", ("Q1", "Q2"), seconds=600))
    assert ready(session) == [("Q1", "section:S-P1"), ("Q2", "section:S-P1")]


def test_an_item_with_a_clock_of_its_own_is_named_and_never_ready() -> None:
    limit = {"Q2": '<qti-time-limits max-time="60"/>'}
    session = session_of(Part("P1", ("Q1", "Q2"), ref_rules=limit), Part("P2", ("Q3",)))
    assert ready(session) == [("Q1", "")]
    index = client_of(session.candidate).get(f"/sessions/{session.pk}/ahead/").json()
    assert (index["order"], index["timed"]) == (["Q1", "Q2"], ["Q2"])
    assert [item["key"] for item in index["items"]] == ["Q1"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: session_of(*TWO, offline_pages=False),
        lambda: session_of(Part("P1", ("Q1", "Q2"), mode="linear")),
        lambda: session_of(*TWO, linear=True),
    ],
    ids=["not by the sitting", "linear part", "linear sitting"],
)
def test_nothing_is_ready_where_it_may_not_be(make: Callable[[], AssessmentSession]) -> None:
    session = make()
    with pytest.raises(Refusal) as refusal:
        ahead.ready(desk.read(session.pk))
    assert refusal.value.reason == Reason.NO_OFFLINE
    client = client_of(session.candidate)
    base = f"/sessions/{session.pk}/"
    assert "data-ahead" not in client.get(base, follow=True).content.decode()
    for path in ("ahead/", "ahead/items/Q1/"):
        assert client.get(base + path).status_code == 409


def test_fetching_ahead_changes_nothing_and_brings_no_answer() -> None:
    session = session_of(*TWO)
    now = timezone.now()
    factories.answer(session, "Q2", "B", received_at=now)
    client = client_of(session.candidate)
    client.get(f"/sessions/{session.pk}/", follow=True)
    before = (state(session), len(ledger.read(session.stream)))
    index = client.get(f"/sessions/{session.pk}/ahead/").json()
    pages = [client.get(item["ahead"]).content.decode() for item in index["items"]]
    assert [item["value"] for item in index["items"]] == [[], [["r.RESPONSE", "B"]]]
    assert all("Which is right in" in page and " checked" not in page for page in pages)
    assert "Which is right in Q3" not in "".join(pages)
    assert client.get(f"/sessions/{session.pk}/ahead/items/Q3/").status_code == 409
    assert (state(session), len(ledger.read(session.stream))) == before


def state(session: AssessmentSession) -> tuple[Any, ...]:
    row = AssessmentSession.objects.get(pk=session.pk)
    items = row.item_sessions.values_list("key", "state", "entered_at", "revision", "qti")
    return (row.position, row.version, row.since, row.epoch, list(items))


def test_a_page_ahead_leads_on_from_itself() -> None:
    session = session_of(Part("P1", ("Q1", "Q2", "Q3")))
    client = client_of(session.candidate)
    page = client.get(f"/sessions/{session.pk}/ahead/items/Q3/").content.decode()
    back, onward = page.split('id="back"')[1].split(">")[0], page.split('id="next"')[1]
    assert ("disabled" in back, 'value="review"' in onward.split(">")[0]) == (False, True)


def test_a_device_that_lost_the_lease_fetches_nothing() -> None:
    session = session_of(*TWO)
    AssessmentSession.objects.update(lease_device="another")
    client = client_of(session.candidate)
    assert client.get(f"/sessions/{session.pk}/ahead/").status_code == 409


def test_the_ledger_tells_how_long_and_where_the_page_went_alone() -> None:
    session = session_of(Part("P1", ("Q1", "Q2", "Q3")))
    client = client_of(session.candidate)
    told = {"since_ms": 5, "away_ms": 600_000, "answers": 2, "visited": ["Q2", "Q3", "nonsense"]}
    path = f"/sessions/{session.pk}/ahead/back/"
    answer = client.post(path, json.dumps(told), content_type="application/json")
    assert answer.status_code == 200
    spans = [one.payload for one in ledger.read(session.stream) if one.kind == "offline_span"]
    assert spans == [{"since_ms": 5, "away_ms": 600_000, "answers": 2, "visited": ["Q2", "Q3"]}]
    assert AssessmentSession.objects.get(pk=session.pk).position == "Q3"


def test_a_page_that_was_taken_over_from_moves_nobody_when_its_network_is_back() -> None:
    sitting = factories.sitting(opens_at=None, closes_at=None)
    session = factories.session(sitting, at=timezone.now())
    by = f"candidate:{session.candidate_id}"
    here, there = Asker("here", "Laptop", "line.1.a"), Asker("there", "Phone", "other.1.b")
    leases.claim(session.pk, here, by=by, at=timezone.now())
    leases.take_over(session.pk, there, by=by, at=timezone.now())
    leases.claim(session.pk, there, by=by, at=timezone.now())
    told = json.dumps({"since_ms": 5, "away_ms": 600_000, "visited": ["Q2"]})
    path = f"/sessions/{session.pk}/ahead/back/?writer=line.1.a&epoch=1"
    answer = client_of(session.candidate).post(path, told, content_type="application/json")
    assert answer.status_code == 200
    spans = [one.payload for one in ledger.read(session.stream) if one.kind == "offline_span"]
    assert (len(spans), AssessmentSession.objects.get().position) == (1, "Q1")


@pytest.mark.parametrize(
    "told",
    [{}, {"visited": [], "away_ms": -1, "answers": True}, {"away_ms": 10**30, "since_ms": "x"}],
)
def test_whatever_a_page_claims_is_bounded(told: dict[str, Any]) -> None:
    session = factories.session()
    ahead.tell_span(session.pk, told, by=ME, at=after(10))
    (span,) = [one.payload for one in ledger.read(session.stream) if one.kind == "offline_span"]
    assert span["away_ms"] in (0, ahead.LONGEST_MS)
    assert ledger.verify(session.stream).is_whole


def test_a_span_that_ends_after_the_session_moves_nobody() -> None:
    session = factories.session()
    ahead.tell_span(session.pk, {"visited": ["Q2"]}, by=ME, at=after(9000))
    row = AssessmentSession.objects.get()
    assert (row.state, row.position) in {("expired", "Q1"), ("in_progress", "Q1")}


def test_the_service_worker_may_look_after_sessions_only() -> None:
    answer = Client().get("/sessions/worker.js")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert "no-cache" in answer["Cache-Control"]
    assert "Service-Worker-Allowed" not in answer


@pytest.mark.parametrize("items", [3, 60])
def test_page_ahead_costs_as_many_statements_in_a_long_test(items: int) -> None:
    keys = [f"Q{number:02}" for number in range(items)]
    session = session_of(Part("P1", keys))
    client = client_of(session.candidate)
    address = f"/sessions/{session.pk}/ahead/items/Q02/"
    assert client.get(f"/sessions/{session.pk}/items/Q00/").status_code == 200
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    assert len(asked) == 2


def test_one_item_is_ready_when_it_is_among_those_that_are() -> None:
    session = session_of(Part("P1", ("Q1", "Q2")), Part("P2", ("Q3",)))
    found = desk.read(session.pk)
    listed = {one.key for one in ahead.ready(found)}
    keys = ("Q1", "Q2", "Q3", "Q4")
    assert {key for key in keys if ahead.is_ready(found, key)} == listed == {"Q1", "Q2"}
