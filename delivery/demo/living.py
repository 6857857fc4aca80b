"""Keeps the demo's candidates at work while it is served: heartbeats, answers, going on again."""

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Event, Thread
from typing import Final

from django.contrib.auth.models import User
from django.db import close_old_connections
from django.utils import timezone

from assembly.selection import Stream
from delivery.demo import cast, offer, people
from delivery.demo.cast import End, Role
from delivery.demo.play import Player
from delivery.demo.script import Stage
from delivery.models import OPEN_STATES, AssessmentSession, State
from delivery.rules.refusals import Refusal
from delivery.saving import responses
from delivery.seat import presence
from delivery.session import desk, sessions

BREATH_SECONDS: Final = 8.0
READING: Final = timedelta(seconds=12)
SLOWEST: Final = 170
QUICKEST: Final = 55

logger = logging.getLogger(__name__)


def begin() -> Event:
    """Start in the background; setting the event ends it."""
    stop = Event()
    Thread(target=_keep, args=(stop,), name="demo", daemon=True).start()
    return stop


def _keep(stop: Event) -> None:
    while not stop.wait(BREATH_SECONDS):
        try:
            breathe(timezone.now())
        except Exception:  # the show must not end because the database was busy once
            logger.exception("The demo's candidates held their breath.")
        finally:
            close_old_connections()


def breathe(at: datetime) -> None:
    """Let everybody who is at work by their role do what is due."""
    by = User.objects.get(username="proctor")
    for session, role in at_work(cast.roles()).items():
        try:
            _act(session, role, by, at)
        except Refusal:
            # Paused, ended or out of time between looking and acting: the next breath sees it.
            continue


def at_work(roles: Iterable[Role]) -> Mapping[AssessmentSession, Role]:
    """The open sessions of those who work on by themselves, not by hand and not silently."""
    titles = {one.title: one.key for one in offer.OFFERS}
    working = {
        (people.number(role.person), role.sitting): role
        for role in roles
        if role.end is End.OPEN and not role.code and not role.quiet
    }
    held = AssessmentSession.objects.filter(
        state__in=OPEN_STATES, sitting__title__in=titles, attempt_number=1
    ).select_related("candidate", "sitting")
    found = {session: (session.candidate.number, titles[session.sitting.title]) for session in held}
    return {session: working[key] for session, key in found.items() if key in working}


def _act(session: AssessmentSession, role: Role, by: User, at: datetime) -> None:
    actor = f"candidate:{session.candidate_id}"
    presence.seen(session.pk, by=actor, at=at)
    for message in presence.unread_messages(session.pk):
        if at - message.sent_at > READING:
            presence.acknowledge(message.pk, session.pk, at, by=actor)
    if session.state == State.PAUSED:
        if session.resume_permitted:
            sessions.resume(session.pk, at, by=actor)
    elif at - (session.last_save_at or session.created_at) > _pace(role):
        _work(session, role, actor, by, at)


def _pace(role: Role) -> timedelta:
    return timedelta(seconds=QUICKEST + role.person * 37 % (SLOWEST - QUICKEST))


def _work(session: AssessmentSession, role: Role, actor: str, by: User, at: datetime) -> None:
    """Answer the item and go on; submit where everything is behind."""
    stream = Stream(sha256(f"{people.SEED}|{role.person}|{role.sitting}".encode()).digest())
    stage = Stage(role, session.pk, actor, by, stream, session.started_at or at, at)
    here = desk.read(session.pk)
    player = Player(stage, here, deque(), step=here.session.version)
    player.at = at
    if not player.key:
        sessions.complete(session.pk, at, by=actor, confirmed=True)
        return
    if not here.item(player.key).answered:
        responses.save([player.answer()])
    player.go_on()
    if player.desk.session.position == here.session.position:
        sessions.complete(session.pk, at, by=actor, confirmed=True)
