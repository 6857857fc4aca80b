"""What the candidate's pages show: the frame around every page, and the item page itself."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

from django.core import signing
from django.urls import reverse

from assembly import bank, rendering
from assembly.qti import item_session
from assembly.qti.values import RawResponses
from delivery import moves, navigation, presence, rules, sessions
from delivery.candidate import instructions, words
from delivery.candidate.gate import Visit
from delivery.desk import Desk

QUIET: Final = "goes_on_quietly"
A_DAY_MS: Final = 24 * 3_600_000
UPLOADS: Final = frozenset({"upload_interaction", "drawing_interaction"})
# A browser resolves ".." in an address itself: the folder above travels under another name.
UP: Final = "~up"


PORTABLE_SALT: Final = "portable interaction"


def in_address(href: str) -> str:
    """Write an item's own address of a file so that it survives in ours."""
    return "/".join(UP if part == ".." else part for part in href.split("/"))


def from_address(path: str) -> str:
    """Return the address that `in_address` wrote."""
    return "/".join(".." if part == UP else part for part in path.split("/"))


def frame(visit: Visit, on: Desk | None = None) -> dict[str, Any]:
    """Return what every page of a running session needs: clock, messages, socket, policy."""
    at_desk = on or visit.desk
    session = at_desk.session
    reading = at_desk.reading(visit.at)
    policy = None
    if session.lockdown_id is not None:
        policy = rules.policy_of(rules.enrolment_of(session), session)
    return {
        "desk": at_desk,
        "session": session,
        "sitting": at_desk.sitting,
        "timer": words.timer(reading, session.state, session.version).frame(),
        "reading": reading,
        # The first reason is the deadline itself, which stands above the steps.
        "steps": words.reasons(reading)[1 if reading.deadline else 0 :],
        "remaining": None
        if reading.remaining_ms is None
        else words.countdown(reading.remaining_ms),
        # A window that closes days from now is a date, not a countdown.
        "far": (reading.remaining_ms or 0) > A_DAY_MS,
        "watched": " ".join(sorted(policy.watched)) if policy else "",
        "policy": policy,
        "inbox": presence.unread_messages(session.pk),
        "seen_seconds": _seconds_since(session.last_seen_at, visit.at),
        "seen_at": words.time_of(session.last_seen_at) if session.last_seen_at else "",
        "may_leave": bool(sessions.may_leave(session, visit.at)),
        "page_key": secrets.token_hex(16),
    }


def item_context(
    visit: Visit, at_desk: Desk, key: str, typed: RawResponses | None = None
) -> dict[str, Any]:
    """Return what the item page shows; `typed` is an answer that was refused, to be mended."""
    row, definition = at_desk.item(key), at_desk.definition(key)
    control = at_desk.outline.control(at_desk.planned(key))
    answerable = bool(navigation.may_answer(at_desk.route, key))
    feedback = control.show_feedback and row.num_attempts > 0
    shown = row.response if typed is None else typed

    def test_asset_url(href: str) -> str:
        return reverse("candidate:test_asset", args=[at_desk.session.pk, in_address(href)])

    return frame(visit, at_desk) | {
        "key": key,
        "instructions": instructions.at(at_desk, key, test_asset_url),
        "row": row,
        "definition": definition,
        "rendered": _rendered(at_desk, key, shown, answerable=answerable, feedback=feedback),
        "place": at_desk.place(key),
        "map": at_desk.map(),
        "counts": at_desk.counts(),
        "answerable": answerable,
        "may_check": answerable and control.show_feedback and bool(moves.may_check(at_desk, key)),
        "quiet": goes_on_quietly(visit),
        "uploads": any(each.name in UPLOADS for each in definition.interactions),
        "scripts": rendering.SCRIPTS,
    }


def _rendered(
    at_desk: Desk, key: str, shown: RawResponses, *, answerable: bool, feedback: bool
) -> rendering.RenderedItem:
    """Render an item with its answer; correct answers are not among what is handed over."""
    row, definition = at_desk.item(key), at_desk.definition(key)

    def asset_url(href: str) -> str:
        return reverse("candidate:asset", args=[at_desk.session.pk, key, in_address(href)])

    return rendering.render_item(
        definition,
        item_session.from_json(definition, row.qti),
        shown,
        asset_url=asset_url,
        style_url=asset_url,
        stimuli=bank.stimuli(row.item_version_id),
        disabled=not answerable,
        show_feedback=feedback,
        frames=_frames(row.item_version_id),
    )


def _frames(item_version_id: int) -> rendering.Frames:
    """Where the item's portable interactions run, and their files for the next hour."""
    token = signing.dumps(item_version_id, salt=PORTABLE_SALT)
    return rendering.Frames(
        page=reverse("candidate:portable_frame"),
        file_url=lambda href: reverse("candidate:portable_file", args=[token, in_address(href)]),
    )


def _seconds_since(then: datetime | None, at: datetime) -> int:
    """Return how long ago something was; long ago where it never was."""
    return 10**6 if then is None else max(0, int((at - then).total_seconds()))


def goes_on_quietly(visit: Visit) -> bool:
    """Tell whether the candidate asked not to be asked again before a step without return."""
    return bool(visit.request.session.get(QUIET) == str(visit.session.pk))


def remember_quiet(visit: Visit) -> None:
    """Keep the candidate's wish not to be asked again in this test."""
    if visit.request.POST.get("quiet"):
        visit.request.session[QUIET] = str(visit.session.pk)
