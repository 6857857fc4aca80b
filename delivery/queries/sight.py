"""What a page shows of a session, asked in one statement that is built once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from delivery.models import AssessmentSession, ItemSession, Message, Quarantine, Sitting
from delivery.queries import plans
from delivery.queries.prepared import Prepared
from integrity import rowsets

# The letters of `outline.letter` in the plan's order, as each database writes them.
_ROWS: Final = "FROM delivery_itemsession i WHERE i.session_id = delivery_assessmentsession.id"
LETTERS: Final = {
    "postgresql": "SELECT string_agg(substr('abcdefgh', 1 + i.answered::int + 2 * i.flagged::int"
    f" + 4 * (i.state = 'closed')::int, 1), '' ORDER BY i.position) {_ROWS}",
    "sqlite": "SELECT group_concat(letter, '') FROM (SELECT substr('abcdefgh', 1 + i.answered"  # noqa: S608  (our own text)
    f" + 2 * i.flagged + 4 * (i.state = 'closed'), 1) AS letter {_ROWS} ORDER BY i.position)",
}


def _seen(session_id: UUID) -> QuerySet[AssessmentSession]:
    """Return a session with the item it stands at and the letters of all."""
    here = FilteredRelation("item_sessions", condition=Q(item_sessions__key=F("position")))
    unread = Message.objects.filter(session=OuterRef("pk"), acknowledged_at__isnull=True)
    kept = Quarantine.objects.filter(session=OuterRef("pk"), settled_at__isnull=True)
    return (
        AssessmentSession.objects.filter(pk=session_id)
        .annotate(here=here, mail=Exists(unread), kept=Exists(kept))
        .annotate(letters=RawSQL(LETTERS[connection.vendor], ()))  # noqa: S611  (our own text)
        .select_related("sitting__test_version", "candidate__user", "here")  # type: ignore[misc]
        .defer("sitting__test_version__xml", "outcomes")
    )


def _seen_signed_in(session_id: UUID, key: str) -> QuerySet[AssessmentSession]:
    """Return the same with what is kept of a sign-in, which no request can do without."""
    kept = Session.objects.filter(session_key=key)
    return _seen(session_id).annotate(
        sign_in=Subquery(kept.values("session_data")),
        sign_in_until=Subquery(kept.values("expire_date")),
    )


_SESSION: Final = UUID(int=1)
_KEY: Final = "the key of a sign-in"
_seen_whole = Prepared(_seen, _SESSION)
_seen_of_known_plan = Prepared(lambda pk: _seen(pk).defer("plan"), _SESSION)
_signed_in_whole = Prepared(_seen_signed_in, _SESSION, _KEY)
_signed_in_of_known_plan = Prepared(
    lambda pk, key: _seen_signed_in(pk, key).defer("plan"), _SESSION, _KEY
)


def _standing(session_ids: list[UUID]) -> QuerySet[AssessmentSession]:
    return AssessmentSession.objects.filter(pk__in=session_ids).defer("outcomes")


def _locked(session_ids: list[UUID]) -> QuerySet[AssessmentSession]:
    return _standing(session_ids).order_by("pk").select_for_update()


def _sittings(session_ids: list[UUID]) -> QuerySet[Sitting]:
    sessions = AssessmentSession.objects.filter(pk__in=session_ids)
    return Sitting.objects.filter(pk__in=sessions.values("sitting"))


SITTINGS: Final = Prepared(_sittings, [UUID(int=1)])
_SAMPLE: Final = [UUID(int=1)]
_standing_whole = Prepared(_standing, _SAMPLE)
_standing_of_known_plans = Prepared(lambda ids: _standing(ids).defer("plan"), _SAMPLE)
_locked_whole = Prepared(_locked, _SAMPLE)
_locked_of_known_plans = Prepared(lambda ids: _locked(ids).defer("plan"), _SAMPLE)


def _own(session_id: UUID) -> QuerySet[AssessmentSession]:
    """Return a session with its sitting, locked itself alone."""
    own = AssessmentSession.objects.filter(pk=session_id).select_related("sitting")
    return own.defer("outcomes").select_for_update(of=("self",))


_own_whole = Prepared(_own, _SESSION)
_own_of_known_plan = Prepared(lambda pk: _own(pk).defer("plan"), _SESSION)
_items = Prepared(
    lambda ids: ItemSession.objects.filter(session__in=ids).order_by("session", "position"),
    _SAMPLE,
)
# What an ending by the clock asks of a session, and what its page is told of that.
_ASKED: Final = (
    "id", "sitting_id", "state", "version", "resume_permitted", "created_at", "started_at",
    "base_ms", "time_multiplier", "fixed_ms", "unlimited", "adjusted_ms", "paused_ms", "window_ms",
    "paused_at", "paused_by", "timing", "position", "since", "answered", "total", "receipt_code",
)  # fmt: skip
_ending_whole = Prepared(lambda ids: _locked(ids).defer(None).only(*_ASKED, "plan"), _SAMPLE)
_ending_of_known_plans = Prepared(lambda ids: _locked(ids).defer(None).only(*_ASKED), _SAMPLE)


def own(session_id: UUID) -> AssessmentSession | None:
    """Lock one session and return it with its sitting; its items are not read."""
    return (_own_of_known_plan if plans.is_known(session_id) else _own_whole).one(session_id)


def items(session_ids: list[UUID]) -> list[ItemSession]:
    """Return the items of sessions, each session's together and in the order of its plan."""
    return _items.all(session_ids) if session_ids else []


def of_many(session_ids: list[UUID], *, lock: bool = False) -> list[AssessmentSession]:
    """Return how sessions stand, without their items; with `lock`, locked in the order of keys."""
    if not session_ids:
        return []
    known = all(map(plans.is_known, session_ids))
    if lock:
        asked = _locked_of_known_plans if known else _locked_whole
    else:
        asked = _standing_of_known_plans if known else _standing_whole
    return _seated(asked.all(session_ids), session_ids)


def ending(session_ids: list[UUID]) -> list[AssessmentSession]:
    """Lock sessions in the order of keys, with no more than what an ending by the clock asks."""
    known = all(map(plans.is_known, session_ids))
    asked = _ending_of_known_plans if known else _ending_whole
    return _seated(asked.all(session_ids), session_ids) if session_ids else []


def _seated(found: list[AssessmentSession], session_ids: list[UUID]) -> list[AssessmentSession]:
    """Give sessions their sittings: one object for each sitting, not one for each session."""
    sittings = {one.pk: one for one in SITTINGS.all(session_ids)}
    for session in found:
        session.sitting = sittings[session.sitting_id]
    return found


# Whatever changes a clock or where a candidate belongs counts the version up, or is the sitting's.
Stamp = tuple[int, datetime | None, int, bool]
_STAMPS: Final = (
    "SELECT s.id, s.version, t.closes_at, t.grace_seconds, t.extend_past_window"
    " FROM delivery_assessmentsession s JOIN delivery_sitting t ON t.id = s.sitting_id WHERE "
)


def stamp_of(session: AssessmentSession) -> Stamp:
    """Return what `stamps` returns of a session that was read."""
    of = session.sitting
    return session.version, of.closes_at, of.grace_seconds, of.extend_past_window


def stamps(session_ids: list[UUID]) -> dict[UUID, Stamp]:
    """Return what tells whether sessions stand as they stood, without reading them."""
    known = {pk.hex if connection.vendor == "sqlite" else pk: pk for pk in session_ids}
    which, values = rowsets.any_of("s.id", list(known), "uuid")
    with rowsets.cursor() as cursor:
        cursor.execute(_STAMPS + which, values)
        return {known[pk]: _stamp(*stamp) for pk, *stamp in cursor.fetchall()}


def _stamp(version: int, closes_at: datetime | None, grace: int, waits: Any) -> Stamp:
    return version, closes_at and rowsets.moment(closes_at), grace, bool(waits)


def of(session_id: UUID, sign_in: str = "") -> AssessmentSession | None:
    """Return a session with the facts beside it that `desk.Desk` holds.

    With the key of a sign-in, what is kept of that is beside it, too: `sign_in` and
    `sign_in_until`.
    """
    known = plans.is_known(session_id)
    if sign_in:
        asked = _signed_in_of_known_plan if known else _signed_in_whole
        found = asked.one(session_id, sign_in)
    else:
        found = (_seen_of_known_plan if known else _seen_whole).one(session_id)
    if found is not None and not hasattr(found, "here"):
        found.here = None  # type: ignore[attr-defined]
    return found
