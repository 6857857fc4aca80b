"""Whether an answer may be accepted: one pure question over the state, the clock and the order."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from delivery.rules import clock, navigation, refusals, writers
from delivery.rules.clock import Clock
from delivery.rules.navigation import Route
from delivery.rules.refusals import GRANTED, Permission, Reason

PAUSE_FLUSH: Final = timedelta(seconds=5)


class Facing(NamedTuple):
    """A save and what it meets: the session, its clock and route, and the item's current answer.

    `revision`, `row_epoch`, `row_writer` and `row_seq` tell who wrote the current answer;
    `save_epoch`, `writer` and `client_seq` tell who writes now (0 and "" without JavaScript);
    `is_holder` whether it comes from the device that holds the lease, `holder` the page that does.
    `in_time` says that nothing is over by the clock, not even without the grace; False where that
    is still to be looked at.
    """

    state: str
    started: bool
    clock: Clock
    paused_at: datetime | None
    finished_at: datetime | None
    scored: bool
    route: Route
    epoch: int
    is_holder: bool
    holder: str
    revision: int
    row_answered: bool
    row_epoch: int
    row_writer: str
    row_seq: int
    item: str
    received_at: datetime
    base_revision: int
    client_seq: int
    save_epoch: int
    writer: str
    answered: bool
    zone: tzinfo
    in_time: bool = False


def may_save(facing: Facing) -> Permission:
    """Ask in order: the session's state, the time, the place, the writer, the sequence."""
    for question in (_state, _time, _place, _lease, _order):
        permission = question(facing)
        if not permission:
            return permission
    return GRANTED


def _state(facing: Facing) -> Permission:
    """The time of receipt decides: what was on its way at a pause or a close still counts."""
    if not facing.started:
        return refusals.refuse(Reason.NOT_STARTED)
    if facing.paused_at is not None and facing.received_at > facing.paused_at + PAUSE_FLUSH:
        return refusals.refuse(Reason.PAUSED)
    if facing.finished_at is None:
        return GRANTED
    if not facing.scored and facing.received_at <= _counts_until(facing, facing.finished_at):
        return GRANTED
    return _ended(facing, facing.finished_at)


def _counts_until(facing: Facing, finished_at: datetime) -> datetime:
    """What a page had sent when somebody ended the session counts; the clock adds its grace."""
    if facing.state == "expired":
        return finished_at + timedelta(milliseconds=facing.clock.grace_ms)
    return finished_at


def _ended(facing: Facing, finished_at: datetime) -> Permission:
    if facing.state == "terminated":
        return refusals.refuse(Reason.TERMINATED)
    if facing.state == "expired":
        words = clock.time_of(finished_at, facing.zone)
        return refusals.refuse(Reason.OUT_OF_TIME, deadline=words)
    return refusals.refuse(Reason.CLOSED)


def _time(facing: Facing) -> Permission:
    if facing.finished_at is not None or facing.in_time:
        return GRANTED
    end = clock.deadline(facing.clock, facing.received_at)
    if end is not None and not clock.accepts(facing.clock, facing.received_at):
        return refusals.refuse(Reason.OUT_OF_TIME, deadline=clock.time_of(end, facing.zone))
    over = clock.expired_scope(facing.clock, facing.received_at, grace=True)
    if over is not None:
        words = clock.time_of(over[1], facing.zone)
        return refusals.refuse(Reason.SECTION_OUT_OF_TIME, deadline=words)
    return GRANTED


def _place(facing: Facing) -> Permission:
    # An expired session has closed its items; what came in time is judged by the clock alone.
    if facing.finished_at is not None:
        return GRANTED
    return navigation.may_answer(facing.route, facing.item)


def _lease(facing: Facing) -> Permission:
    holds = writers.may_write(
        is_holder=facing.is_holder,
        writer=facing.writer,
        epoch=facing.save_epoch,
        holder=facing.holder,
        held_epoch=facing.epoch,
    )
    return GRANTED if holds else refusals.refuse(Reason.LEASE_LOST)


def _order(facing: Facing) -> Permission:
    """Within one writer `client_seq` decides, the later page where one followed the other; between
    writers it is the revision that they started from.
    """
    newer = _is_newer(facing)
    if newer is not None:
        return GRANTED if newer else refusals.refuse(Reason.STALE)
    if facing.base_revision == facing.revision:
        return GRANTED
    blank = facing.row_answered and not facing.answered
    return refusals.refuse(Reason.STALE_BLANK if blank else Reason.STALE)


def _is_newer(facing: Facing) -> bool | None:
    """What a page sent before its claim was answered stands under epoch 0."""
    epochs = (facing.save_epoch, facing.row_epoch)
    # A name of no line may come back after another page has written.
    if writers.page_of(facing.writer) is None and 0 not in epochs and epochs[0] != epochs[1]:
        return None
    return writers.is_newer(facing.writer, facing.client_seq, facing.row_writer, facing.row_seq)
