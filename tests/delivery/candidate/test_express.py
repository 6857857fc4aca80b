"""An answer's short way: the same words as on the long one, and nothing overtakes anything."""

import asyncio
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from delivery.asgi import application
from delivery.candidate import backend, consumers, express
from delivery.models import AssessmentSession, ItemSession
from delivery.rules import framing
from delivery.saving import batches, lane, swift
from delivery.seat import presence
from integrity import ledger

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
OUTCOMES = ("saved", "refused")
Begin = Callable[..., AssessmentSession]


@pytest_asyncio.fixture(autouse=True)
async def _lanes() -> Any:
    yield
    await swift.stop()
    lane.stop()


@dataclass
class Wire:
    """What a server of ours gives a socket's application beside its queue."""

    socket: WebsocketCommunicator
    written: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    hears: list[Callable[[str], bool]] = field(default_factory=list)

    def write(self, frame: bytes) -> None:
        start = 4 if frame[1] == 126 else 2
        length = struct.unpack("!H", frame[2:4])[0] if start == 4 else frame[1]
        assert len(frame) == start + length
        self.written.put_nowait(json.loads(frame[start:]))

    def say(self, **message: Any) -> bool:
        return self.hears[0](json.dumps(message))

    async def told(self) -> dict[str, Any]:
        """What became of an answer; whatever else the page is told comes between."""
        while (frame := await asyncio.wait_for(self.written.get(), 5))["type"] not in OUTCOMES:
            pass
        return frame


async def opened(session: AssessmentSession) -> Wire:
    def cookie() -> bytes:
        client = Client()
        client.force_login(session.candidate.user, backend=backend.PATH)
        return f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}".encode()

    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    headers.append((b"cookie", await database_sync_to_async(cookie)()))
    socket = WebsocketCommunicator(application, f"/ws/delivery/{session.pk}/", headers=headers)
    wire = Wire(socket)
    extensions = {framing.EXTENSION: wire.write, express.EXTENSION: wire.hears.append}
    socket.scope["extensions"] = extensions
    connected, _ = await socket.connect()
    assert connected
    for _frame in range(2):
        await socket.receive_from(timeout=5)
    # Heard behind the opening. The first answer to an item is asked for; then it is known here.
    await socket.send_to(text_data=json.dumps(answer("Q1", key="first", client_seq=1)))
    assert json.loads(await socket.receive_from(timeout=5))["type"] == "saved"
    return wire


def answer(item: str, value: str = "A", **fields: Any) -> dict[str, Any]:
    told = {"base_revision": 0, "elapsed_ms": 9, "epoch": 0, "writer": "page"}
    return {"type": "answer", "item": item, "value": [["r.RESPONSE", value]], **told, **fields}


async def begun(begin: Begin) -> AssessmentSession:
    session: AssessmentSession = await database_sync_to_async(begin)(seconds=3600)
    return session


async def test_answers_are_acknowledged_in_their_order_after_they_are_kept(begin: Begin) -> None:
    session = await begun(begin)
    wire = await opened(session)
    for number, value in enumerate("BCA", start=2):
        assert wire.say(**answer("Q1", value, key=f"key-{number}", client_seq=number))
    told = [await wire.told() for _answer in "BCA"]
    assert [(one["type"], one["key"], one["revision"]) for one in told] == [
        ("saved", "key-2", 2),
        ("saved", "key-3", 3),
        ("saved", "key-4", 4),
    ]
    row = await database_sync_to_async(ItemSession.objects.get)(session=session, key="Q1")
    assert (row.revision, row.response) == (4, {"RESPONSE": "A"})
    entries = await database_sync_to_async(ledger.read)(session.stream)
    assert told[-1]["head"] == entries[-1].hash
    await wire.socket.disconnect()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
async def test_a_change_that_somebody_else_made_is_looked_at_with_the_next_answer(
    begin: Begin,
) -> None:
    session = await begun(begin)
    wire = await opened(session)
    for number in range(2, 500):
        # Until there is a connection, all is the thread's.
        assert wire.say(**answer("Q1", "B", key=f"key-{number}", client_seq=number))
        await wire.told()
        if swift.is_open():
            break
    assert batches.is_remembered(session.pk, "Q1")
    await database_sync_to_async(presence.ask_help)(session.pk, timezone.now(), by="candidate:1")
    for _look in range(500):
        if not batches.is_remembered(session.pk, "Q1"):
            break
        await asyncio.sleep(0.01)
    assert not batches.is_remembered(session.pk, "Q1")
    await wire.socket.disconnect()


async def test_a_refusal_is_told_as_on_the_long_way(begin: Begin) -> None:
    wire = await opened(await begun(begin))
    assert wire.say(**answer("Q1", "B", key="stale", client_seq=1))
    told = await wire.told()
    assert (told["type"], told["key"], told["reason"]) == ("refused", "stale", "stale")
    assert told["kept_as"] > 0
    await wire.socket.disconnect()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "ping", "sent": 1},
        {"type": "whatever"},
        answer("Q404", key="unknown", client_seq=2),
        answer("Q1", key="", client_seq=2),
        answer("Q1", key="malformed", client_seq=-1),
    ],
)
async def test_what_is_no_answer_to_a_known_item_goes_the_long_way(
    begin: Begin, message: dict[str, Any]
) -> None:
    wire = await opened(await begun(begin))
    assert not wire.say(**message)
    assert wire.written.empty()
    await wire.socket.disconnect()


async def test_what_is_said_next_is_heard_behind_the_answers_on_their_way(begin: Begin) -> None:
    wire = await opened(await begun(begin))
    assert wire.say(**answer("Q1", "B", key="key-2", client_seq=2))
    await wire.socket.send_to(text_data=json.dumps({"type": "ping", "sent": 1}))
    pong = json.loads(await wire.socket.receive_from(timeout=5))
    assert pong["type"] == "pong"
    assert (await wire.told())["key"] == "key-2"
    assert wire.written.empty()
    await wire.socket.disconnect()


async def test_an_answer_waits_behind_what_was_said_before_it(begin: Begin) -> None:
    wire = await opened(await begun(begin))
    page = wire.hears[0].__self__._page  # type: ignore[attr-defined]
    async with page.turn:
        assert not wire.say(**answer("Q1", "B", key="key-2", client_seq=2))
    assert wire.say(**answer("Q1", "B", key="key-2", client_seq=2))
    assert (await wire.told())["revision"] == 2
    await wire.socket.disconnect()


async def test_a_page_that_says_too_much_is_left_to_be_told_so(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = await opened(await begun(begin))
    monkeypatch.setattr(consumers, "MOST_A_MINUTE", 2)
    assert wire.say(**answer("Q1", "B", key="key-2", client_seq=2))
    assert not wire.say(**answer("Q1", "C", key="key-3", client_seq=3))
    assert (await wire.told())["key"] == "key-2"
    await wire.socket.disconnect()


async def test_a_page_that_goes_leaves_its_answers_on_their_way(begin: Begin) -> None:
    session = await begun(begin)
    wire = await opened(session)
    assert wire.say(**answer("Q1", "B", key="key-2", client_seq=2))
    await wire.socket.disconnect()
    row = await database_sync_to_async(ItemSession.objects.get)(session=session, key="Q1")
    assert row.response == {"RESPONSE": "B"}


async def test_a_wire_that_breaks_does_not_keep_the_next_message_waiting(begin: Begin) -> None:
    wire = await opened(await begun(begin))

    def breaks(_frame: bytes) -> None:
        raise OSError

    wire.socket.scope["extensions"][framing.EXTENSION] = breaks
    assert wire.say(**answer("Q1", "B", key="key-2", client_seq=2))
    await wire.socket.send_to(text_data=json.dumps({"type": "ping", "sent": 1}))
    assert json.loads(await wire.socket.receive_from(timeout=5))["type"] == "pong"
    await wire.socket.disconnect()
