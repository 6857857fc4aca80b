"""The candidate's socket through the real ASGI application, with rows that are really committed."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.utils import timezone

from delivery.asgi import application
from delivery.candidate import asking, backend, clocks, consumers, vigil
from delivery.models import AssessmentSession, ItemSession, Sitting, State
from delivery.queries.gathering import Gathering
from delivery.saving import lane
from delivery.seat import presence
from delivery.session import interventions, sessions
from integrity import ledger
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
Begin = Callable[..., AssessmentSession]
ORIGIN = (b"origin", b"http://localhost")
HOST = (b"host", b"localhost")


@pytest.fixture(autouse=True)
def _lane() -> Any:
    yield
    lane.stop()


def cookie(user: Any) -> bytes:
    client = Client()
    client.force_login(user, backend=backend.PATH)
    assert SESSION_KEY in client.session
    return f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}".encode()


async def page(session: AssessmentSession, user: Any = None) -> WebsocketCommunicator:
    who = user or await database_sync_to_async(lambda: session.candidate.user)()
    headers = [ORIGIN, HOST, (b"cookie", await database_sync_to_async(cookie)(who))]
    return WebsocketCommunicator(application, f"/ws/delivery/{session.pk}/", headers=headers)


async def opened(session: AssessmentSession) -> WebsocketCommunicator:
    """Connects and takes what the server says by itself: the clock and the standing."""
    socket = await page(session)
    connected, _ = await socket.connect()
    assert connected
    assert [(await heard(socket))["type"] for _frame in range(2)] == ["timer_sync", "session"]
    return socket


async def heard(socket: WebsocketCommunicator) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(await socket.receive_from(timeout=5))
    return frame


async def until(socket: WebsocketCommunicator, kind: str) -> dict[str, Any]:
    while (frame := await heard(socket))["type"] != kind:
        pass
    return frame


async def say(socket: WebsocketCommunicator, **frame: Any) -> None:
    await socket.send_to(text_data=json.dumps(frame))


def answer(item: str = "Q1", value: str = "A", **fields: Any) -> dict[str, Any]:
    return {
        "type": "answer",
        "item": item,
        "value": [["r.RESPONSE", value]],
        "base_revision": 0,
        "client_seq": 1,
        "key": "key-1",
        "elapsed_ms": 900,
        "epoch": 0,
        "writer": "page",
        **fields,
    }


async def begun(begin: Begin, **fields: Any) -> AssessmentSession:
    session: AssessmentSession = await database_sync_to_async(begin)(**fields)
    return session


async def test_an_answer_is_acknowledged_after_it_is_kept(begin: Begin) -> None:
    session = await begun(begin)
    socket = await opened(session)
    await say(socket, **answer(value="B"))
    saved = await until(socket, "saved")
    row = await ItemSession.objects.aget(session=session, key="Q1")
    entries = await database_sync_to_async(ledger.read)(session.stream)
    assert (saved["item"], saved["revision"], saved["key"]) == ("Q1", 1, "key-1")
    assert row.response == {"RESPONSE": "B"}
    assert saved["head"] == entries[-1].hash
    await socket.disconnect()


async def test_pipelined_answers_are_each_acknowledged(begin: Begin) -> None:
    session = await begun(begin)
    socket = await opened(session)
    for number, value in enumerate("ABC", start=1):
        await say(socket, **answer(value=value, client_seq=number, key=f"key-{number}"))
    revisions = [(await until(socket, "saved"))["revision"] for _save in range(3)]
    row = await ItemSession.objects.aget(session=session, key="Q1")
    assert (revisions, row.response) == ([1, 2, 3], {"RESPONSE": "C"})
    await socket.disconnect()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({"type": "answer"}, "malformed"),
        ({"type": "nonsense"}, "malformed"),
        (answer(item="Q9"), "no_such_item"),
        (answer(value="Q", base_revision=-1), "malformed"),
        (answer() | {"value": [["r.RESPONSE"]]}, "malformed"),
    ],
)
async def test_what_does_not_fit_is_refused_in_words(
    frame: dict[str, Any], reason: str, begin: Begin
) -> None:
    session = await begun(begin)
    socket = await opened(session)
    await say(socket, **frame)
    refused = await until(socket, "refused")
    assert (refused["reason"], refused["sentence"] != "") == (reason, True)
    await socket.disconnect()


async def test_a_stranger_s_socket_is_closed(begin: Begin) -> None:
    session = await begun(begin)
    stranger = await database_sync_to_async(lambda: factories.candidate("Bob Brown").user)()
    socket = await page(session, stranger)
    connected, code = await socket.connect()
    assert (connected, code) == (False, consumers.NOT_YOURS)


async def test_another_site_s_page_cannot_open_the_socket(begin: Begin) -> None:
    session = await begun(begin)
    user = await database_sync_to_async(lambda: session.candidate.user)()
    headers = [
        (b"origin", b"https://elsewhere.example"),
        HOST,
        (b"cookie", await database_sync_to_async(cookie)(user)),
    ]
    socket = WebsocketCommunicator(application, f"/ws/delivery/{session.pk}/", headers=headers)
    connected, _code = await socket.connect()
    assert not connected


async def test_a_ping_is_answered_with_the_server_s_time(begin: Begin) -> None:
    session = await begun(begin)
    socket = await opened(session)
    await say(socket, type="ping", sent=1234)
    pong = await until(socket, "pong")
    assert pong["sent"] == 1234
    assert pong["server_time"] != ""
    await socket.disconnect()


async def test_the_clock_is_told_when_asked_for(begin: Begin) -> None:
    session = await begun(begin, seconds=600)
    socket = await opened(session)
    await say(socket, type="save_progress", leave=0)
    clock = await until(socket, "timer_sync")
    assert 590_000 < clock["remaining_ms"] <= 600_000
    await socket.disconnect()


async def test_a_proctor_s_pause_reaches_the_page_with_what_hides_the_item(begin: Begin) -> None:
    session = await begun(begin)
    socket = await opened(session)
    await database_sync_to_async(sessions.pause)(
        session.pk, paused_by="proctor", reason="A fire alarm.", by="user:1", at=timezone.now()
    )
    standing = await until(socket, "session")
    assert (standing["state"], standing["location"]) == (
        "paused",
        f"/sessions/{session.pk}/paused/",
    )
    assert "A fire alarm." in standing["overlay"]
    clock = await until(socket, "timer_sync")
    assert (clock["state"], clock["remaining_ms"] > 0) == ("paused", True)
    await socket.disconnect()


async def test_what_happens_while_the_socket_opens_is_heard(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await begun(begin)
    proctor = await database_sync_to_async(factories.proctor)()

    def meanwhile(asked: list[asking.Asked]) -> dict[asking.Asked, Any]:
        found = asking._open(asked)
        at = timezone.now()
        sessions.pause(session.pk, paused_by="proctor", reason="Alarm.", by="user:1", at=at)
        interventions.message(session.pk, "All out.", by=proctor, at=at)
        return found

    monkeypatch.setattr(asking, "openings", Gathering(meanwhile))
    socket = await page(session)
    assert (await socket.connect())[0]
    heard_of = {(frame := await heard(socket))["type"]: frame for _frame in range(5)}
    assert heard_of["session"]["state"] == "paused"
    assert "All out." in heard_of["message"]["html"]
    await socket.disconnect()


async def test_an_extension_and_a_message_reach_the_page(begin: Begin) -> None:
    session = await begun(begin, seconds=600)
    socket = await opened(session)
    proctor = await database_sync_to_async(factories.proctor)()
    await database_sync_to_async(interventions.extend)(
        session.pk, ms=600_000, reason="Late start.", by=proctor, at=timezone.now()
    )
    assert (await until(socket, "timer_sync"))["remaining_ms"] > 1_190_000
    await database_sync_to_async(interventions.message)(
        session.pk, "Ten minutes more.", by=proctor, at=timezone.now()
    )
    told = await until(socket, "message")
    assert "Ten minutes more." in told["html"]
    # Whoever comes back is told the same, by the database.
    again = await opened(session)
    assert await until(again, "message") == told
    await again.disconnect()
    await socket.disconnect()


async def test_a_second_page_that_takes_over_makes_the_first_one_read_only(begin: Begin) -> None:
    session = await begun(begin)
    first, second = await opened(session), await opened(session)
    await say(first, type="claim", writer="one", device="")
    mine = await until(first, "session")
    await say(second, type="claim", writer="two", device="", take_over=1)
    theirs = await until(second, "session")
    told = await until(first, "session")
    assert theirs["epoch"] == mine["epoch"] + 1
    assert "Your test is open elsewhere" in told["overlay"]
    await say(first, **answer(writer="one", epoch=mine["epoch"]))
    assert (await until(first, "refused"))["reason"] == "lease_lost"
    await first.disconnect()
    await second.disconnect()


async def test_the_socket_closes_the_session_at_the_deadline_by_itself(begin: Begin) -> None:
    fields = {"grace_seconds": 0, "seconds": 1}
    session = await begun(begin, **fields)
    socket = await opened(session)
    told = [await heard(socket)]
    while told[-1]["type"] != "session":
        told.append(await heard(socket))
    standing = told[-1]
    await session.arefresh_from_db()
    assert "due" in [frame["type"] for frame in told]
    assert (session.state, standing["state"]) == (State.EXPIRED, "expired")
    assert standing["location"] == f"/sessions/{session.pk}/receipt/"
    assert session.started_at is not None
    assert session.finished_at == session.started_at + timedelta(seconds=1)
    await socket.disconnect()


async def test_an_end_is_told_once_whoever_closed_the_session(begin: Begin) -> None:
    session = await begun(begin, grace_seconds=0, seconds=1)
    socket = await opened(session)
    await until(socket, "session")
    # What the alarm found and what the hint told are behind the answer to this.
    await until_kind(session, "session.expired")
    await say(socket, type="ping", sent=1)
    between = []
    while (frame := await heard(socket))["type"] != "pong":
        between.append(frame["type"])
    assert "session" not in between
    await socket.disconnect()


async def test_a_cover_that_waits_for_the_proctor_is_lifted_by_their_answer(begin: Begin) -> None:
    session = await begun(begin)
    proctor = await database_sync_to_async(factories.proctor)()
    ask = database_sync_to_async(presence.ask_help)
    await ask(session.pk, timezone.now(), by=f"candidate:{session.candidate_id}")
    socket = await opened(session)
    await database_sync_to_async(interventions.answer_help)(
        session.pk, by=proctor, at=timezone.now()
    )
    assert 'data-overlay="answered"' in (await until(socket, "session"))["overlay"]
    await socket.disconnect()


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "STEP_SECONDS", 0.05)
    monkeypatch.setattr(clocks, "STEPS", 1)


@pytest.mark.usefixtures("_often")
async def test_the_clock_comes_again_and_again_while_nothing_changes(begin: Begin) -> None:
    session = await begun(begin)
    socket = await opened(session)
    told = [await until(socket, "timer_sync") for _again in range(3)]
    assert len({frame["version"] for frame in told}) == 1
    left = [frame["remaining_ms"] for frame in told]
    assert left == sorted(left, reverse=True)
    assert left[0] > left[-1] > 0
    await socket.disconnect()


@pytest.mark.usefixtures("_often")
async def test_a_change_that_no_hint_told_is_told_with_the_next_clock(begin: Begin) -> None:
    session = await begun(begin)
    socket = await opened(session)
    changed = AssessmentSession.objects.filter(pk=session.pk)
    at = timezone.now()
    await changed.aupdate(state=State.PAUSED, paused_at=at, version=session.version + 1)
    standing = await until(socket, "session")
    assert (standing["state"], bool(standing["overlay"])) == ("paused", True)
    assert (await until(socket, "timer_sync"))["state"] == "paused"
    await socket.disconnect()


@pytest.mark.usefixtures("_often")
async def test_a_longer_window_reaches_the_clock_without_a_hint(begin: Begin) -> None:
    session = await begun(begin)
    socket = await opened(session)
    closes_at = timezone.now() + timedelta(seconds=60)
    await Sitting.objects.filter(pk=session.sitting_id).aupdate(closes_at=closes_at)
    while (await until(socket, "timer_sync"))["remaining_ms"] > 60_000:
        pass
    await socket.disconnect()


async def test_leaving_by_the_socket_stops_the_clock(begin: Begin) -> None:
    session = await begun(begin, leaving=True)
    socket = await opened(session)
    await say(socket, type="save_progress", leave=1)
    assert (await until(socket, "session"))["state"] == "paused"
    await socket.disconnect()


async def test_a_silence_is_noted_and_so_is_the_return(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "DEBOUNCE_SECONDS", 0.05)
    session = await begun(begin)
    socket = await opened(session)
    await socket.disconnect()
    await asyncio.gather(*vigil._background)
    await session.arefresh_from_db()
    assert session.disconnected_at is not None
    back = await opened(session)
    await until_kind(session, "connection.back")
    await back.disconnect()


async def until_kind(session: AssessmentSession, kind: str) -> None:
    for _look in range(200):
        entries = await database_sync_to_async(ledger.read)(session.stream)
        if kind in {entry.kind for entry in entries}:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"The ledger has no {kind}.")


async def test_a_late_answer_of_the_page_before_is_told_to_the_page_that_is_there(
    begin: Begin,
) -> None:
    session = await begun(begin)
    socket = await opened(session)
    await say(socket, type="claim", writer="line.2.b", device="", item="Q1")
    assert (await until(socket, "item"))["revision"] == 0
    await say(socket, **answer(value="A", writer="line.2.b", item="Q2"))
    told = await until(socket, "saved")
    # Its own answers are told by their acknowledgement alone.
    late = answer(value="B", writer="line.1.a", key="key-2")
    await say(socket, **late)
    kinds = [(frame := await heard(socket))["type"] for _frame in range(2)]
    assert (told["item"], kinds, frame["item"], frame["revision"]) == (
        "Q2", ["item", "saved"], "Q1", 1,
    )  # fmt: skip
    await socket.disconnect()
