"""The item page: show an item, keep its answer, and go where the pressed button says."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from assembly import rendering
from assembly.qti.values import Raw, RawResponses
from delivery.candidate import frames, gate, looking, pages, uploads, words
from delivery.candidate.gate import Visit
from delivery.models import State
from delivery.rules import navigation
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import comments, responses
from delivery.saving.comments import Sender
from delivery.saving.responses import Refused, Save
from delivery.seat import presence
from delivery.session import desk, moves, sessions
from delivery.session.desk import Desk

# After these the session or the section is over: another page says so.
ENDINGS: Final = frozenset(
    {
        Reason.OUT_OF_TIME,
        Reason.SECTION_OUT_OF_TIME,
        Reason.CLOSED,
        Reason.TERMINATED,
        Reason.PAUSED,
        Reason.PART_ENDED,
        Reason.COMMENT_LATE,
    }
)
# The most digits of a number of the form: what the database can hold.
LONGEST: Final = 9
# What was typed stays in the page, so that it can be mended.
MENDABLE: Final = frozenset({Reason.NOT_VALID, Reason.MALFORMED, Reason.TOO_LARGE})


@require_http_methods(["GET", "POST"])
@gate.session_page(*State)
def item(visit: Visit, key: str) -> HttpResponse:
    if visit.session.state != State.IN_PROGRESS:
        return _too_late(visit, key)
    if visit.request.method == "GET":
        return _show(visit, _enter(visit, key), key)
    refused = _keep(visit, key) or _comment(visit, key)
    if not visit.is_holder or (refused and refused.refusal.reason is Reason.LEASE_LOST):
        return gate.go(visit.request, reverse("candidate:elsewhere", args=[visit.session.pk]))
    if refused is None:
        return _end_attempt(visit, key) or _go(visit, key)
    if refused.refusal.reason in ENDINGS:
        return _moved_on(visit)
    return _show(visit, desk.read(visit.session.pk), key, refused=refused)


def _too_late(visit: Visit, key: str) -> HttpResponse:
    """What a form brings after the end, or into a pause, is kept aside; the page moves on."""
    if visit.request.method == "POST" and visit.desk.route.index(key) >= 0:
        _keep(visit, key)
        _comment(visit, key)
    return gate.go(visit.request, gate.url_of(visit.session))


def _enter(visit: Visit, key: str) -> Desk:
    if visit.session.position == key:
        return visit.desk
    return moves.enter(visit.session.pk, key, visit.at, by=visit.by)


def _comment(visit: Visit, key: str) -> Refused | None:
    """Keep what was written to those who mark; one that is too long stays in the page."""
    text = visit.request.POST.get("comment")
    if text is None:
        return None
    posted = visit.request.POST
    sender = Sender(
        writer=_name(posted.get("writer")),
        client_seq=_whole(posted.get("comment_seq")),
        epoch=_whole(posted.get("epoch")),
        device=visit.device,
    )
    if sender.writer and not sender.client_seq:
        return None  # a page's script sends what was changed, and this was not
    try:
        comments.save(visit.session.pk, key, text, visit.at, by=visit.by, sender=sender)
    except Refusal as refusal:
        return None if refusal.reason is Reason.NO_COMMENTS else Refused(key, "", 0, refusal)
    return None


def _end_attempt(visit: Visit, key: str) -> HttpResponse | None:
    """The item's own button ends an attempt where there is one left (QTI end attempt)."""
    pressed = rendering.pressed(visit.desk.definition(key), visit.request.POST)
    if not pressed or not moves.may_check(visit.desk, key):
        return None
    after = moves.check(visit.session.pk, key, visit.at, by=visit.by, pressed=pressed)
    return _to(visit, after, key)


def _keep(visit: Visit, key: str) -> Refused | None:
    """Save the posted answer; None when it is kept, or when there is nothing to keep."""
    posted = visit.request.POST
    if posted.get("unchanged"):
        return None
    try:
        raw = _typed(visit, visit.desk, key)
    except Refusal as refusal:
        return Refused(key, "", 0, refusal)
    strays = _strays(visit, key, raw)
    if not strays and _filled(raw) == _filled(visit.desk.item(key).response):
        return None
    if not _filled(raw) and not navigation.may_answer(visit.desk.route, key):
        # The controls of a closed item are not sent: there is nothing to keep.
        return None
    save = Save(
        session_id=visit.session.pk,
        item=key,
        raw=raw,
        strays=strays,
        base_revision=_whole(posted.get("base_revision")),
        client_seq=_whole(posted.get("client_seq")),
        key=_name(posted.get("key")) or secrets.token_hex(16),
        elapsed_ms=_whole(posted.get("elapsed_ms")),
        epoch=_whole(posted.get("epoch")),
        writer=_name(posted.get("writer")),
        received_at=visit.at,
        by=visit.by,
        device=visit.device,
    )
    (result,) = responses.save([save], timezone.now())
    if isinstance(result, Refused):
        return result
    return Refused(key, "", 0, Refusal(Reason.STRAY_FIELDS)) if strays else None


def _filled(raw: RawResponses) -> dict[str, Raw]:
    """Return the responses that say something: a page that only passes by saves nothing new."""
    return {name: value for name, value in raw.items() if value}


def _typed(visit: Visit, at_desk: Desk, key: str) -> RawResponses:
    """Read the answer of the form; which button was pressed is no part of it."""
    definition, posted = at_desk.definition(key), visit.request.POST
    sent = uploads.of_request(visit.request)
    small = {name: file for name, file in sent.items() if (file.size or 0) <= uploads.SMALL}
    raw = rendering.posted_responses(definition, posted, small)
    raw |= {
        name.removeprefix("r."): uploads.keep(visit, key, file)
        for name, file in sent.items()
        if name not in small and name.removeprefix("r.") in raw
    }
    return {name: value for name, value in raw.items() if name not in rendering.buttons(definition)}


def _strays(visit: Visit, key: str, raw: RawResponses) -> RawResponses:
    """Read what the item never asked for; of a file it is the name."""
    found = rendering.strays(visit.desk.definition(key), visit.request.POST)
    for field, file in uploads.of_request(visit.request).items():
        if field.startswith("r.") and field.removeprefix("r.") not in raw:
            found[field.removeprefix("r.")] = [file.name or ""]
    return found


def _whole(text: str | None) -> int:
    """Read a number of the form; whatever is not one counts as nothing known."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) <= LONGEST
    return int(text) if text is not None and is_number else 0


def _name(text: str | None) -> str:
    """Read the name of a save or a page; one that is too long names nothing."""
    return text if text is not None and len(text) <= frames.LONGEST_NAME else ""


def _go(visit: Visit, key: str) -> HttpResponse:
    """Do what the pressed button says; an unknown one only saves."""
    wanted = visit.request.POST.get("go", "save")
    if wanted.startswith("item:"):
        return _to(visit, moves.enter(visit.session.pk, wanted[5:], visit.at, by=visit.by))
    return GOES.get(wanted, _stay)(visit, key)


def _next(visit: Visit, key: str) -> HttpResponse:
    place = visit.desk.place(key)
    if place.is_last_in_part and not place.linear:
        return gate.go(visit.request, reverse("candidate:review", args=[visit.session.pk]))
    if place.linear and not pages.goes_on_quietly(visit):
        return gate.go(visit.request, reverse("candidate:onward", args=[visit.session.pk, key]))
    return _advance(visit, key)


def _advance(visit: Visit, key: str) -> HttpResponse:
    pages.remember_quiet(visit)
    part = visit.desk.planned(key).part
    after = moves.advance(visit.session.pk, visit.at, by=visit.by, from_key=key, confirmed=True)
    if part in after.session.ended_parts and looking.has_last_words(after, part, visit.at):
        return gate.go(visit.request, looking.part_url(after.session, part))
    return _to(visit, after)


def _back(visit: Visit, key: str) -> HttpResponse:
    previous = visit.desk.place(key).previous_key
    if previous is None:
        raise Refusal(Reason.ITEM_CLOSED)
    return _to(visit, moves.enter(visit.session.pk, previous, visit.at, by=visit.by))


def _flag(visit: Visit, key: str) -> HttpResponse:
    flagged = visit.request.POST.get("go") == "flag"
    return _to(visit, moves.flag(visit.session.pk, key, flagged, visit.at, by=visit.by), key)


def _check(visit: Visit, key: str) -> HttpResponse:
    return _to(visit, moves.check(visit.session.pk, key, visit.at, by=visit.by), key)


def _leave(visit: Visit, key: str) -> HttpResponse:
    sessions.pause(visit.session.pk, paused_by="candidate", reason="", by=visit.by, at=visit.at)
    return gate.go(visit.request, reverse("candidate:paused", args=[visit.session.pk]))


def _help(visit: Visit, key: str) -> HttpResponse:
    presence.ask_help(visit.session.pk, visit.at, by=visit.by)
    return _stay(visit, key)


def _map(visit: Visit, key: str) -> HttpResponse:
    return gate.go(visit.request, reverse("candidate:map", args=[visit.session.pk]))


def _review(visit: Visit, key: str) -> HttpResponse:
    return gate.go(visit.request, reverse("candidate:review", args=[visit.session.pk]))


def _stay(visit: Visit, key: str) -> HttpResponse:
    return _to(visit, desk.read(visit.session.pk), key)


GOES: Final[dict[str, Callable[[Visit, str], HttpResponse]]] = {
    "next": _next,
    "next_confirmed": _advance,
    "back": _back,
    "flag": _flag,
    "unflag": _flag,
    "check": _check,
    "leave": _leave,
    "help": _help,
    "map": _map,
    "review": _review,
}


def _to(visit: Visit, after: Desk, key: str = "") -> HttpResponse:
    """Go to an item: with htmx its region at once, without a redirect; else post, redirect, get."""
    target = key or after.session.position
    if not target or after.session.state != State.IN_PROGRESS:
        return gate.go(visit.request, gate.url_of(after.session))
    if not visit.is_fragment:
        return redirect(gate.item_url(after.session, target))
    # The verb changed rows that this desk may have read before.
    return _show(visit, desk.read(after.session.pk), target)


def _moved_on(visit: Visit) -> HttpResponse:
    sessions.close_due(visit.session.pk, visit.at)
    return gate.go(visit.request, gate.url_of(desk.read(visit.session.pk).session))


def _show(visit: Visit, at_desk: Desk, key: str, refused: Refused | None = None) -> HttpResponse:
    typed = _typed(visit, at_desk, key) if refused and refused.refusal.reason in MENDABLE else None
    context = pages.item_context(visit, at_desk, key, typed) | {
        "refused": words.sentence(refused.refusal) if refused else "",
    }
    name = "candidate/_desk.html" if visit.is_fragment else "candidate/item.html"
    response = render(visit.request, name, context, status=409 if refused else 200)
    if visit.is_fragment:
        response["HX-Push-Url"] = gate.item_url(at_desk.session, key)
    return response


@require_http_methods(["GET", "POST"])
@gate.session_page(State.IN_PROGRESS)
def onward(visit: Visit, key: str) -> HttpResponse:
    """Ask before a step without return: the item closes, its answer can no longer be changed."""
    if visit.session.position != key:
        return redirect(gate.url_of(visit.session))
    if visit.request.method == "POST":
        return _advance(visit, key)
    row, place = visit.desk.item(key), visit.desk.place(key)
    context: dict[str, Any] = pages.frame(visit) | {"row": row, "place": place, "key": key}
    return render(visit.request, "candidate/onward.html", context)


@require_GET
@gate.session_page(State.IN_PROGRESS)
def item_map(visit: Visit) -> HttpResponse:
    """The map as a page; a long test's item page asks for its boxes when they are wanted."""
    if visit.is_fragment:
        boxes = {"map": visit.desk.map(), "as_buttons": True}
        return render(visit.request, "candidate/_map.html", boxes)
    context = pages.frame(visit) | {"map": visit.desk.map(), "counts": visit.desk.counts()}
    return render(visit.request, "candidate/map.html", context)
