"""The board's socket: a hint becomes a row within a second, for those who may watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser, User
from django.db import connections
from django.utils import timezone

from delivery.facts import hub
from delivery.models import AssessmentSession
from delivery.proctor import consumers, lines
from delivery.proctor.urls import websocket_urlpatterns
from delivery.seat import presence
from delivery.session import interventions
from delivery.sitting import proctoring
from delivery.sitting.proctoring import Pause
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

SOON = 3


@pytest_asyncio.fixture(autouse=True)
async def looks() -> AsyncIterator[None]:
    """The one thread of the boards' looks: Channels' communicator leaves its connection open."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(1))
    yield
    await loop.run_in_executor(None, connections.close_all)


def started(count: int) -> tuple[User, list[AssessmentSession]]:
    at = timezone.now()
    sitting = factories.sitting(opens_at=None, closes_at=None)
    made = [
        factories.session(sitting, factories.candidate(f"Candidate {number}"), at)
        for number in range(count)
    ]
    return factories.proctor("paula", sitting), made


@asynccontextmanager
async def board(user: Any, sitting_id: int) -> AsyncIterator[tuple[WebsocketCommunicator, Any]]:
    hub.attach()
    socket = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/proctor/{sitting_id}/")
    socket.scope["user"] = user
    connected, code = await socket.connect()
    yield socket, (connected, code)
    await socket.disconnect()


def stamps(user: User, session: AssessmentSession) -> dict[str, str]:
    at = timezone.now()
    rows = proctoring.board(user, at, sitting=session.sitting)
    return {str(row.enrolment.pk): lines.line(row, at).stamp for row in rows}


async def synced(
    socket: WebsocketCommunicator, user: User, session: AssessmentSession
) -> dict[str, Any]:
    known = await sync_to_async(stamps)(user, session)
    await socket.send_json_to({"type": "sync", "stamps": known})
    first: dict[str, Any] = await socket.receive_json_from(timeout=SOON)
    return first


async def test_a_page_that_is_up_to_date_gets_no_row() -> None:
    user, [session] = await sync_to_async(started)(1)
    async with board(user, session.sitting_id) as (socket, _):
        first = await synced(socket, user, session)
    assert (first["type"], first["rows"], first["gone"]) == ("rows", [], [])
    assert first["counts"] == {
        "": 1,
        "attention": 0,
        "in_progress": 1,
        "paused": 0,
        "not_started": 0,
        "completed": 0,
        "expired": 0,
        "terminated": 0,
        "absent": 0,
    }


async def test_a_page_that_missed_something_gets_exactly_that_row() -> None:
    user, [first, second] = await sync_to_async(started)(2)
    known = await sync_to_async(stamps)(user, first)
    await sync_to_async(presence.ask_help)(second.pk, timezone.now(), by="candidate:1")
    enrolment = await second.sitting.enrolments.aget(candidate=second.candidate_id)
    async with board(user, first.sitting_id) as (socket, _):
        await socket.send_json_to({"type": "sync", "stamps": {**known, "0": "gone"}})
        message = await socket.receive_json_from(timeout=SOON)
    assert [row["key"] for row in message["rows"]] == [enrolment.pk]
    assert "Asks for help" in message["rows"][0]["html"]
    assert message["gone"] == [0]
    assert message["counts"]["attention"] == 1


async def test_an_act_of_another_proctor_is_on_the_board_within_two_seconds() -> None:
    user, [session] = await sync_to_async(started)(1)
    async with board(user, session.sitting_id) as (socket, _):
        await synced(socket, user, session)
        async with asyncio.timeout(2):
            await sync_to_async(proctoring.apply)(
                Pause("alarm"), [session.pk], user, timezone.now()
            )
            message = await socket.receive_json_from(timeout=SOON)
    assert 'data-standing="paused"' in message["rows"][0]["html"]
    assert "alarm" in message["rows"][0]["html"]


async def test_many_changes_together_are_one_message() -> None:
    user, made = await sync_to_async(started)(3)
    async with board(user, made[0].sitting_id) as (socket, _):
        await synced(socket, user, made[0])
        at = timezone.now()
        for session in made:
            await sync_to_async(presence.ask_help)(session.pk, at, by="candidate:1")
        message = await socket.receive_json_from(timeout=SOON)
        assert await socket.receive_nothing(timeout=1)
    assert len(message["rows"]) == 3


async def test_silence_is_seen_without_any_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.3)
    user, [session] = await sync_to_async(started)(1)
    async with board(user, session.sitting_id) as (socket, _):
        await synced(socket, user, session)
        long_ago = timezone.now() - timedelta(seconds=60)
        await AssessmentSession.objects.filter(pk=session.pk).aupdate(
            last_seen_at=long_ago, writer="page"
        )
        for _look in range(5):
            message = await socket.receive_json_from(timeout=SOON)
            if message["rows"]:
                break
    assert "Offline" in message["rows"][0]["html"]


async def test_a_sitting_that_is_taken_away_leaves_the_board(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.3)
    user, [session] = await sync_to_async(started)(1)
    enrolment = await session.sitting.enrolments.aget()
    async with board(user, session.sitting_id) as (socket, _):
        await synced(socket, user, session)
        await session.sitting.proctors.aremove(user)
        for _look in range(5):
            message = await socket.receive_json_from(timeout=SOON)
            if message["gone"]:
                break
    assert message["gone"] == [enrolment.pk]
    assert message["counts"][""] == 0


async def test_the_board_of_another_proctor_is_closed_to_strangers_and_candidates() -> None:
    _user, [session] = await sync_to_async(started)(1)
    other = await sync_to_async(factories.proctor)("pat")
    candidate = await User.objects.aget(candidate=session.candidate_id)
    for user in (other, candidate, AnonymousUser()):
        async with board(user, session.sitting_id) as (_socket, answer):
            assert answer == (False, consumers.NOT_YOURS)


@pytest.mark.parametrize("text", ["hello", "{", "[]", '{"type": "sync"}', '{"stamps": {"a": 1}}'])
async def test_what_is_not_understood_closes_the_socket(text: str) -> None:
    user, [session] = await sync_to_async(started)(1)
    async with board(user, session.sitting_id) as (socket, _):
        await socket.send_to(text_data=text)
        output = await socket.receive_output(timeout=SOON)
    assert output == {"type": "websocket.close", "code": consumers.NOT_UNDERSTOOD}


async def test_no_answer_reaches_the_board() -> None:
    user, [session] = await sync_to_async(started)(1)
    async with board(user, session.sitting_id) as (socket, _):
        await synced(socket, user, session)
        await sync_to_async(factories.answer)(session, "Q1", "B", received_at=timezone.now())
        message = await socket.receive_json_from(timeout=SOON)
    assert "1 of 3" in message["rows"][0]["html"]
    assert "Choice" not in message["rows"][0]["html"]


async def test_an_ended_session_is_on_the_board_with_its_end() -> None:
    user, [session] = await sync_to_async(started)(1)
    async with board(user, session.sitting_id) as (socket, _):
        await synced(socket, user, session)
        await sync_to_async(interventions.terminate)(
            session.pk, reason="Breach of the rules", by=user, at=timezone.now()
        )
        message = await socket.receive_json_from(timeout=SOON)
        assert 'data-standing="terminated"' in message["rows"][0]["html"]
