"""Deadlines: all pages of a moment are told first, then their sessions end, then that is told."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from delivery.candidate import alarms, frames
from delivery.models import AssessmentSession, State
from delivery.session.desk import Desk
from tests import factories
from tests.delivery.candidate.test_consumers import heard, opened, say
from tests.delivery.candidate.test_consumers import until as until_kind

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
Told = list[tuple[str, UUID]]


class Listener:
    """A page that writes down what it would tell."""

    def __init__(self, session_id: UUID, told: Told) -> None:
        self.session_id, self.told = session_id, told

    def tell_due(self) -> None:
        assert not alarms.is_closing(self.session_id)
        self.told.append(("due", self.session_id))

    def take_end(self, found: Desk) -> None:
        assert alarms.is_closing(self.session_id)
        self.told.append((found.session.state, self.session_id))

    def tell_end_clock(self, found: Desk) -> None:
        self.told.append(("clock", self.session_id))


def started(number: int, seconds: int) -> list[AssessmentSession]:
    sitting = factories.sitting(
        factories.published(seconds=seconds), opens_at=None, closes_at=None, grace_seconds=0
    )
    at = timezone.now()
    return [factories.session(sitting, factories.candidate(f"C {n}"), at=at) for n in range(number)]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  (no event tells it)
            await asyncio.sleep(0.01)


async def test_all_pages_of_a_moment_are_told_before_any_session_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alarms, "AT_ONCE", 2)
    sessions = await database_sync_to_async(started)(3, 1)
    told: Told = []
    pages = [Listener(session.pk, told) for session in sessions]
    (due,) = {session.due_at for session in sessions}
    assert due is not None
    for page in pages:
        alarms.wake(page, due, timezone.now())
    await until(lambda: len(told) == 9)
    assert [what for what, _of in told] == ["due"] * 3 + [State.EXPIRED] * 3 + ["clock"] * 3
    assert {of for what, of in told if what == State.EXPIRED} == {one.pk for one in sessions}
    assert not any(alarms.is_closing(session.pk) for session in sessions)


async def test_a_page_that_goes_leaves_the_others_their_alarm() -> None:
    (session,) = await database_sync_to_async(started)(1, 3600)
    told: Told = []
    gone, there = Listener(session.pk, told), Listener(session.pk, told)
    now: datetime = timezone.now()
    alarm = alarms.wake(gone, now, now)
    assert alarms.wake(there, now, now) is alarm
    alarm.forget(gone)
    # Looked at too early, and still open: nothing ends.
    await until(lambda: len(told) == 3)
    assert [what for what, _of in told] == ["due", State.IN_PROGRESS, "clock"]
    lonely = alarms.wake(there, now + timedelta(seconds=64), now)
    lonely.forget(there)
    assert lonely.timer is not None
    assert lonely.timer.cancelled()


async def test_two_pages_of_a_session_hear_the_end_of_it_once_each() -> None:
    (session,) = await database_sync_to_async(started)(1, 4)
    pages = [await opened(session), await opened(session)]
    for page in pages:
        # The clock comes in between whenever its round comes by.
        await until_kind(page, "due")
        told = await until_kind(page, "session")
        assert told["location"] == f"/sessions/{session.pk}/receipt/"
        assert (await until_kind(page, "timer_sync"))["remaining_ms"] == 0
    for page in pages:
        await say(page, type="ping", sent=1)
        between = []
        while (frame := await heard(page))["type"] != "pong":
            between.append(frame["type"])
        assert set(between) <= {"timer_sync"}
        await page.disconnect()


@pytest.mark.parametrize("version", [1, 64])
async def test_an_end_written_once_for_many_names_each_session(version: int) -> None:
    session = AssessmentSession(state=State.EXPIRED, version=version)
    assert frames.ended_text(session) == frames.ended(session).frame()
