"""What the candidate's pages show: the frame around every page, and the item page itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from assembly import addresses, bank, bodies, files, portables, rendering
from assembly.qti import item_session
from assembly.qti.assessment import ResolvedControl
from assembly.qti.values import RawResponses
from delivery.candidate import told, uploads, words
from delivery.candidate.gate import Visit
from delivery.models import ItemSession
from delivery.people import needs
from delivery.rules import navigation
from delivery.saving import comments, drafts
from delivery.seat import conditions, leases, presence
from delivery.session import ahead, instructions, lookback, moves, sessions
from delivery.session.desk import Desk
from integrity.proof import sealing

QUIET: Final = "goes_on_quietly"
# A longer test's map comes when it is opened, so that every page costs the same.
MOST_BOXES: Final = 60
A_DAY_MS: Final = 24 * 3_600_000
UPLOADS: Final = frozenset({"upload_interaction", "drawing_interaction"})
OWN: Final = UPLOADS | {"portable_custom_interaction"}


def frame(visit: Visit, on: Desk | None = None) -> dict[str, Any]:
    """Return what every page of a running session needs: clock, messages, socket, policy."""
    at_desk = on or visit.desk
    session = at_desk.session
    reading = at_desk.reading(visit.at)
    timer = words.timer(reading, session.state, session.version)
    policy = None
    if session.lockdown_id is not None:
        policy = conditions.policy_of(conditions.enrolment_of(session), session)
    return {
        "desk": at_desk,
        "session": session,
        "sitting": at_desk.sitting,
        "timer": timer.frame(),
        "reading": reading,
        # The first reason is the deadline itself, which stands above the steps.
        "steps": list(timer.reasons[1 if reading.deadline else 0 :]),
        "remaining": None
        if reading.remaining_ms is None
        else words.countdown(reading.remaining_ms),
        # A window that closes days from now is a date, not a countdown.
        "far": (reading.remaining_ms or 0) > A_DAY_MS,
        "watched": " ".join(sorted(policy.watched)) if policy else "",
        "shortcuts": " ".join(policy.shortcuts) if policy else "",
        "policy": policy,
        "inbox": presence.unread_messages(session.pk) if at_desk.mail else (),
        # Another page writes at this moment; whether it is this tab's own, only the tab knows.
        "held": bool(session.writer) and not leases.is_gone(session, visit.at),
        "queue_key": sealing.device_key(str(session.pk)),
        "export_key": sealing.public_key(),
        # Asked for by whole pages only: a fragment has no place for them.
        "keeps_ready": SimpleLazyObject(lambda: bool(ahead.may_keep_ready(at_desk))),
        "drafts": SimpleLazyObject(lambda: drafts.count(session) if at_desk.kept else 0),
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
    return frame(visit, at_desk) | {
        "key": key,
        "fragment": visit.is_fragment,
        "instructions": instructions.at(at_desk, key, told.test_asset_url(at_desk)),
        "row": row,
        "definition": definition,
        "rendered": rendered(
            at_desk,
            key,
            row.response if typed is None else typed,
            disabled=not answerable,
            feedback=lookback.shows_feedback(at_desk, key),
        ),
        "place": at_desk.place(key),
        "map": at_desk.map() if len(at_desk.plan.items) <= MOST_BOXES else (),
        "answerable": answerable,
        "may_check": answerable and moves.offers_check(at_desk, key),
        "attempts_left": _attempts_left(row, control),
        "must": must(control) if answerable else (),
        "told": told.during(at_desk, key),
        "comment": comments.on(row) if control.allow_comment else None,
        "comment_limit": comments.LONGEST,
        **_closed(visit, at_desk, key, answerable=answerable),
        "quiet": goes_on_quietly(visit),
        "uploads": any(each.name in UPLOADS for each in definition.interactions),
        "scripts": rendering.SCRIPTS,
    }


def _closed(visit: Visit, at_desk: Desk, key: str, *, answerable: bool) -> dict[str, Any]:
    """Tell what of a closed item may still be seen (QTI ASI: allow-review, show-solution)."""
    if answerable:
        return {"seen": True, "solution": False}
    feedback = lookback.shows_feedback(at_desk, key)
    return {
        "seen": feedback or bool(lookback.may_look(at_desk, key, visit.at)),
        "solution": bool(lookback.may_see_solution(at_desk, key, visit.at)),
    }


def must(control: ResolvedControl) -> tuple[str, ...]:
    """Say beforehand what the test will hold the candidate to at this item."""
    found = []
    if not control.allow_skipping:
        found.append(_("This item must be answered."))
    if control.validate_responses:
        found.append(_("Only an answer that fits what is asked for is accepted."))
    return tuple(found)


def _attempts_left(row: ItemSession, control: ResolvedControl) -> int | None:
    """Count the attempts that are left where there is more than one; None where none is counted."""
    if control.max_attempts < 2:
        return None
    return max(0, control.max_attempts - row.num_attempts)


def rendered(
    at_desk: Desk,
    key: str,
    shown: RawResponses,
    *,
    disabled: bool,
    feedback: bool,
) -> rendering.RenderedItem:
    """Render an item with the responses handed over; the item's answers are not among them."""
    row, definition = at_desk.item(key), at_desk.definition(key)
    version, session, state = row.item_version_id, at_desk.session, lookback.seen(row)
    # What hands in files, and a frame that is sealed for an hour, are each candidate's own.
    own = any(each.name in OWN for each in definition.interactions)
    shared = not own and bank.known_item(version) is definition
    address = _asset_address(key, version, bodies.SOMEBODY if shared else str(session.pk))
    offered = needs.of(session.candidate)
    how: dict[str, Any] = {
        "asset_url": address,
        "stimuli": bank.stimuli(version),
        "disabled": disabled,
        "show_feedback": feedback,
        "supports": offered.supports,
        "optional": offered.optional,
        "language": offered.language,
    }
    if shared:
        return bodies.rendered(definition, state, shown, who=str(session.pk), place=key, **how)
    return rendering.render_item(
        definition,
        item_session.from_json(definition, state),
        shown,
        style_url=address,
        frames=portables.frames(version),
        handing=uploads.of(session, key),
        **how,
    )


def _asset_address(key: str, item_version_id: int, who: str) -> Callable[[str], str]:
    def address(href: str) -> str:
        url = reverse("candidate:asset", args=[who, key, addresses.in_address(href)])
        digest = bank.digest(item_version_id, href)
        return f"{url}?v={files.version_of(digest)}" if digest else url

    return address


def goes_on_quietly(visit: Visit) -> bool:
    """Tell whether the candidate asked not to be asked again before a step without return."""
    return bool(visit.request.session.get(QUIET) == str(visit.session.pk))


def remember_quiet(visit: Visit) -> None:
    """Keep the candidate's wish not to be asked again in this test."""
    if visit.request.POST.get("quiet"):
        visit.request.session[QUIET] = str(visit.session.pk)
