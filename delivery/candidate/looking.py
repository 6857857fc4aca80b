"""Looking back (QTI review and solution states): a part that ended, and the items of the test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from assembly.qti import item_session, values
from assembly.qti.values import RawResponses
from delivery.candidate import gate, pages, told, words
from delivery.candidate.gate import Visit
from delivery.models import ENDED_STATES, AssessmentSession, State
from delivery.rules.refusals import Permission
from delivery.saving import comments
from delivery.session import lookback
from delivery.session.desk import Desk

SOLUTION: Final = "solution"


@dataclass(frozen=True, slots=True)
class Entry:
    """An item that may be looked at again; `score` only where the result may be seen."""

    key: str
    number: int
    answered: bool
    url: str
    score: str = ""
    most: str = ""


def part_url(session: AssessmentSession, part: str) -> str:
    return reverse("candidate:part_over", args=[session.pk, part])


def url_of(session: AssessmentSession, key: str) -> str:
    return reverse("candidate:look", args=[session.pk, key])


def has_last_words(at_desk: Desk, part: str, at: Any) -> bool:
    """Tell whether the end of a part has something to show before the candidate goes on."""
    return bool(told.after_part(at_desk, part) or lookback.keys_of_part(at_desk, part, at))


def entries(visit: Visit, keys: Iterable[str]) -> list[Entry]:
    return [_entry(visit, key) for key in keys]


def _entry(visit: Visit, key: str) -> Entry:
    row = visit.desk.item(key)
    known = visit.session.is_ended
    return Entry(
        key=key,
        number=visit.desk.route.index(key) + 1,
        answered=row.answered,
        url=url_of(visit.session, key),
        score=words.number(row.score) if known and row.score is not None else "",
        most=words.number(row.max_score) if known and row.max_score else "",
    )


def keys(visit: Visit) -> list[str]:
    """Name the items that may be looked at now, in their order."""
    planned = [item.key for item in visit.desk.plan.items]
    return [key for key in planned if may_look_at_all(visit, key)]


def may_look_at_all(visit: Visit, key: str) -> Permission:
    looking = lookback.may_look(visit.desk, key, visit.at)
    return looking or lookback.may_see_solution(visit.desk, key, visit.at)


@require_GET
@gate.session_page(State.IN_PROGRESS)
def part_over(visit: Visit, part: str) -> HttpResponse:
    """What the test says at the end of a part, before the candidate goes on."""
    if part not in visit.session.ended_parts:
        raise Http404
    known = visit.desk.outline.parts[part]
    seen = lookback.keys_of_part(visit.desk, part, visit.at)
    context = pages.frame(visit) | {
        "part_title": known.title,
        "told": told.after_part(visit.desk, part),
        "entries": entries(visit, seen),
        "onward": gate.url_of(visit.session),
    }
    return render(visit.request, "candidate/part_over.html", context)


@require_GET
@gate.session_page(State.IN_PROGRESS, *ENDED_STATES)
def look(visit: Visit, key: str) -> HttpResponse:
    """A closed item with the candidate's own answer, or with its solution."""
    if visit.desk.route.index(key) < 0:
        raise Http404
    solution = visit.request.GET.get("show") == SOLUTION
    asked = lookback.may_see_solution if solution else lookback.may_look
    asked(visit.desk, key, visit.at).demand()
    ended = visit.session.is_ended
    context = {"session": visit.session, "sitting": visit.desk.sitting, "desk": visit.desk}
    context = (context if ended else pages.frame(visit)) | _looked_at(visit, key, solution)
    return render(visit.request, f"candidate/{'look' if ended else 'look_open'}.html", context)


def _looked_at(visit: Visit, key: str, solution: bool) -> dict[str, Any]:
    row = visit.desk.item(key)
    seen = keys(visit)
    place = seen.index(key)
    shown = _solution(visit.desk, key) if solution else row.response
    feedback = not solution and lookback.shows_feedback(visit.desk, key)
    return {
        "entry": _entry(visit, key),
        "solution": solution,
        "has_own": bool(lookback.may_look(visit.desk, key, visit.at)),
        "has_solution": bool(lookback.may_see_solution(visit.desk, key, visit.at)),
        "is_known": any(shown.values()),
        "rendered": pages.rendered(visit.desk, key, shown, disabled=True, feedback=feedback),
        "comment": comments.on(row),
        "before": url_of(visit.session, seen[place - 1]) if place else "",
        "after": url_of(visit.session, seen[place + 1]) if place + 1 < len(seen) else "",
        "back": _back(visit, key),
    }


def _back(visit: Visit, key: str) -> str:
    """Return where the candidate came from: the result, the end of the part, or the item."""
    if visit.session.is_ended:
        return reverse("candidate:result", args=[visit.session.pk])
    part = visit.desk.planned(key).part
    if part in visit.session.ended_parts:
        return part_url(visit.session, part)
    return gate.item_url(visit.session, key)


def _solution(at_desk: Desk, key: str) -> RawResponses:
    """Return the correct responses of this session's variant: the one place that shows them."""
    row, definition = at_desk.item(key), at_desk.definition(key)
    session = item_session.from_json(definition, row.qti)
    correct = item_session.correct_responses(definition, session)
    return {name: values.raw(value) for name, value in correct.items()}
