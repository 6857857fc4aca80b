"""Plays the roles in rounds: everybody works on one item, all answers of a round in one commit."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.contrib.auth.models import User

from assembly.qti import item_session
from assembly.selection import Stream
from delivery.demo import answers, people, script
from delivery.demo.cast import Role
from delivery.demo.script import Beat, Stage
from delivery.models import Enrolment
from delivery.rules.refusals import Refusal
from delivery.saving import responses
from delivery.saving.responses import Save
from delivery.session import desk, moves, sessions
from delivery.session.desk import Desk

SKIPPED_EVERY: Final = 11
WRITER: Final = "demo"
DEVICE: Final = "Chromium on Linux"


@dataclass(slots=True)
class Player:
    """One role with what is still to come; `desk` is what its last move read."""

    stage: Stage
    desk: Desk
    coming: deque[Beat]
    step: int = 0
    at: datetime = field(init=False)

    def reach_work(self) -> bool:
        """Let everything happen up to the next item; False when nothing is left."""
        while self.coming:
            beat = self.coming.popleft()
            self.at = beat.at
            if beat.act is None:
                return True
            beat.act(at=beat.at)
        return False

    @property
    def key(self) -> str:
        return self.desk.session.position

    def skips(self) -> bool:
        """Every now and then an item is flagged and left for later, where one can return."""
        due = self.step % SKIPPED_EVERY == SKIPPED_EVERY - 2
        return due and not self.desk.place(self.key).linear

    def answer(self) -> Save:
        item, row = self.desk.definition(self.key), self.desk.item(self.key)
        begun = item_session.from_json(item, row.qti)
        role, stream = self.stage.role, self.stage.stream
        return Save(
            session_id=self.stage.session_id,
            item=self.key,
            raw=answers.respond(item, begun, role.ability, stream),
            base_revision=row.revision,
            client_seq=self.step + 1,
            key=f"demo-{self.step}",
            elapsed_ms=round((self.at - self.stage.start).total_seconds() * 1000),
            epoch=self.desk.session.epoch,
            writer=WRITER,
            received_at=self.at,
            by=self.stage.actor,
        )

    def go_on(self) -> None:
        """Go to the next item; someone whose time has just run out is told no here too."""
        sid, actor, key = self.stage.session_id, self.stage.actor, self.key
        self.step += 1
        try:
            self.desk = moves.advance(sid, self.at, by=actor, from_key=key, confirmed=True)
        except Refusal:
            self.desk = desk.read(sid)


def play(
    roles: Iterable[Role], places: Mapping[tuple[int, str], Enrolment], by: User, now: datetime
) -> None:
    """Play every role up to now."""
    sitting = [role for role in roles if role.end in script.SITS]
    players = [_begin(role, places[role.person, role.sitting], by, now) for role in sitting]
    while players := [player for player in players if player.reach_work()]:
        _round([player for player in players if player.key])


def _begin(role: Role, enrolment: Enrolment, by: User, now: datetime) -> Player:
    start, until = script.span(role, enrolment, now)
    actor = f"candidate:{enrolment.candidate_id}"
    session = sessions.start(enrolment.pk, start, by=actor, device=DEVICE)
    seed = sha256(f"{people.SEED}|{role.person}|{role.sitting}".encode()).digest()
    stage = Stage(role, session.pk, actor, by, Stream(seed), start, until)
    return Player(stage, desk.read(session.pk), deque(script.beats(stage, session.total)))


def _round(players: list[Player]) -> None:
    saves = []
    for player in players:
        if player.skips():
            sid, actor = player.stage.session_id, player.stage.actor
            moves.flag(sid, player.key, True, player.at, by=actor)
        else:
            saves.append(player.answer())
    responses.save(saves)
    for player in players:
        player.go_on()
