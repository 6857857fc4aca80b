"""What can happen to a session, as acts that carry when the server received them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from delivery.models import (
    AssessmentSession,
    Outage,
    Quarantine,
)
from delivery.saving import quarantine, responses
from delivery.saving.responses import Save
from delivery.seat import leases, silence
from delivery.seat.leases import Asker
from delivery.session import expiry, interventions, moves, scoring, sessions
from delivery.session.sessions import PausedBy
from delivery.sitting import outages, proctoring
from tests import factories
from tests.factories import after


@dataclass
class Scene:
    """One session of an hour from noon on, its proctors, and one save that two may send."""

    session: AssessmentSession
    proctor: User
    other: User
    save: Save


Act = Callable[[Scene], object]


@dataclass(frozen=True)
class Outcome:
    """How it stands afterwards: state, end, time given, answers, kept aside, story, both replies.

    Times in seconds past noon. The story leaves its opening out.
    """

    state: str
    ends: float | None
    answers: str
    story: str
    replies: tuple[str, str]
    aside: str = ""


@dataclass(frozen=True)
class Race:
    """Two acts and what is right: with the first one first, and, if it differs, the other way."""

    name: str
    first: Act
    second: Act
    forth: Outcome
    back: Outcome | None = None
    given: Act | None = None
    sitting: tuple[tuple[str, Any], ...] = ()


def save_at(seconds: float, item: str = "Q1", value: str = "A", **fields: Any) -> Act:
    def act(scene: Scene) -> object:
        made = factories.save(scene.session, item, value, received_at=after(seconds), **fields)
        return responses.save([made])[0]

    return act


def same_save(scene: Scene) -> object:
    return responses.save([scene.save])[0]


def submit_at(seconds: float) -> Act:
    return lambda scene: sessions.complete(
        scene.session.pk, after(seconds), by="candidate:1", confirmed=True
    )


@dataclass(frozen=True)
class Sweep:
    """The sweep leaves alone what is locked and comes again: a second later, in production."""

    seconds: float

    def __call__(self, scene: Scene) -> str:
        expiry.sweep(after(self.seconds))
        return "swept"


def pause_at(seconds: float, by: str = PausedBy.PROCTOR) -> Act:
    return lambda scene: sessions.pause(
        scene.session.pk, paused_by=by, reason="x", by="user:1", at=after(seconds)
    )


def resume_at(seconds: float) -> Act:
    return lambda scene: sessions.resume(scene.session.pk, after(seconds), by="candidate:1")


def extend_at(seconds: float, minutes: int = 10) -> Act:
    return lambda scene: interventions.extend(
        scene.session.pk, ms=minutes * 60_000, reason="x", by=scene.proctor, at=after(seconds)
    )


def terminate_at(seconds: float) -> Act:
    return lambda scene: interventions.terminate(
        scene.session.pk, reason="x", by=scene.proctor, at=after(seconds)
    )


def reopen_at(seconds: float) -> Act:
    return lambda scene: interventions.reopen(
        scene.session.pk, ms=60_000, reason="x", by=scene.proctor, at=after(seconds)
    )


def held(scene: Scene) -> None:
    """A page on the candidate's desk holds the lease."""
    page = Asker("desk", "Desk", "page")
    leases.claim(scene.session.pk, page, by="candidate:1", at=after(1))


def held_save_at(seconds: float) -> Act:
    """An answer of the page that held the lease."""
    return save_at(seconds, device="desk", writer="page", epoch=1, client_seq=1)


def take_over_at(seconds: float, device: str) -> Act:
    return lambda scene: leases.take_over(
        scene.session.pk, Asker(device, device), by="candidate:1", at=after(seconds)
    )


def start_at(seconds: float) -> Act:
    def act(scene: Scene) -> AssessmentSession:
        enrolled = scene.session.candidate.enrolments.get()
        return sessions.start(enrolled.pk, after(seconds), by="candidate:1")

    return act


def extend_seen(scene: Scene) -> str:
    """A proctor's form that saw no time given yet."""
    pk = scene.session.pk
    act = proctoring.Extend("x", ms=600_000, seen_ms={pk: 0})
    [result] = proctoring.apply(act, [pk], scene.proctor, after(90))
    return str(result.refusal.reason) if result.refusal else "done"


def credit(scene: Scene) -> str:
    outage = Outage.objects.get()
    done = outages.credit(
        outage,
        scene.session.sitting,
        {scene.session.pk},
        reason="x",
        by=scene.proctor,
        at=after(90),
    )
    return ",".join(str(one.refusal.reason) if one.refusal else "done" for one in done)


def outage(scene: Scene) -> None:
    Outage.objects.create(began_at=after(20), ended_at=after(80))


def silenced(scene: Scene) -> str:
    return f"{silence.sweep(after(90))} paused"


def silent_page(scene: Scene) -> None:
    AssessmentSession.objects.filter(pk=scene.session.pk).update(writer="page", epoch=1)


def score_at(seconds: float) -> Act:
    def act(scene: Scene) -> str:
        scoring.score(scene.session.pk, after(seconds))
        return "scored"

    return act


def late_answer(scene: Scene) -> None:
    """An answer in quarantine that somebody proposed to admit."""
    submit_at(64)(scene)
    save_at(70)(scene)
    [kept] = Quarantine.objects.all()
    quarantine.propose(kept.pk, reason="x", by=scene.proctor, at=after(80))


def admit_answer(scene: Scene) -> str:
    [kept] = Quarantine.objects.all()
    quarantine.admit(kept.pk, by=scene.other, at=after(90))
    return "admitted"


def answered_and_submitted(scene: Scene) -> None:
    save_at(60)(scene)
    submit_at(64)(scene)


def paused(scene: Scene) -> None:
    pause_at(64, PausedBy.CANDIDATE)(scene)


def go_to(item: str, seconds: float) -> Act:
    return lambda scene: (
        moves.enter(scene.session.pk, item, after(seconds), by="candidate:1").session
    )
