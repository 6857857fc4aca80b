from collections.abc import Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from delivery.asgi import application
from delivery.candidate import backend, consumers, door
from delivery.models import AssessmentSession
from delivery.seat import conditions
from integrity.models import LockdownPolicy
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
Begin = Callable[..., AssessmentSession]
ORIGIN = [(b"origin", b"http://localhost"), (b"host", b"localhost")]


def cookie(session: AssessmentSession, **shown: Any) -> bytes:
    """Sign the candidate in, with what their browser has shown."""
    client = Client()
    client.force_login(session.candidate.user, backend=backend.PATH)
    kept = client.session
    kept[door.CHECKED] = shown
    kept.save()
    return f"{settings.SESSION_COOKIE_NAME}={kept.session_key}".encode()


async def connect(path: str, *headers: tuple[bytes, bytes]) -> tuple[bool, int | None]:
    socket = WebsocketCommunicator(application, path, headers=[*ORIGIN, *headers])
    connected, code = await socket.connect()
    await socket.disconnect()
    return connected, code


async def test_a_socket_rides_on_the_browser_that_was_checked(begin: Begin) -> None:
    def prepared() -> tuple[AssessmentSession, bytes, bytes]:
        session = begin()
        policy = LockdownPolicy.objects.create(name="SEB", seb_mode="required")
        AssessmentSession.objects.update(lockdown=policy)
        enrolment = conditions.enrolment_of(session)
        shown = {"way": "header", "at": timezone.now().timestamp(), "level": "config_key"}
        return session, cookie(session), cookie(session, **{str(enrolment.pk): shown})

    session, unchecked, checked = await database_sync_to_async(prepared)()
    path = f"/ws/delivery/{session.pk}/"
    assert await connect(path, (b"cookie", unchecked)) == (False, consumers.NOT_YOURS)
    assert (await connect(path, (b"cookie", checked)))[0]

    def waive() -> None:
        enrolment = conditions.enrolment_of(session)
        at, proctor = timezone.now(), factories.proctor()
        conditions.waive(enrolment.pk, ["seb"], reason="Agreed", by=proctor, at=at)

    await database_sync_to_async(waive)()
    assert (await connect(path, (b"cookie", unchecked)))[0]


async def test_a_hello_is_for_who_is_signed_in(begin: Begin) -> None:
    session = await database_sync_to_async(begin)()
    signed_in = await database_sync_to_async(cookie)(session)
    assert (await connect("/ws/hello/", (b"cookie", signed_in)))[0]
    assert not (await connect("/ws/hello/"))[0]
