"""Files of items and of the test's own words, to candidates who may see what they belong to."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from assembly import addresses, bank, files
from delivery.candidate import gate
from delivery.candidate.gate import Visit
from delivery.models import ENDED_STATES, State
from delivery.rules import navigation
from delivery.rules.refusals import Permission
from delivery.session import lookback, release


def _may_see(visit: Visit, key: str) -> Permission:
    entering = navigation.may_enter(visit.desk.route, key)
    if visit.session.state == State.IN_PROGRESS and entering:
        return entering
    looking = lookback.may_look(visit.desk, key, visit.at)
    return looking or lookback.may_see_solution(visit.desk, key, visit.at)


@require_GET
@gate.session_page(State.IN_PROGRESS, *ENDED_STATES)
def asset(visit: Visit, key: str, href: str) -> HttpResponse:
    """Hand out a file of an item that the candidate may see now, and of no other."""
    if visit.desk.route.index(key) < 0:
        raise Http404
    _may_see(visit, key).demand()
    found = bank.asset(visit.desk.item(key).item_version_id, addresses.from_address(href))
    if found is None:
        raise Http404
    return files.respond(visit.request, found)


@require_GET
@gate.session_page(State.IN_PROGRESS, *ENDED_STATES)
def test_asset(visit: Visit, href: str) -> HttpResponse:
    """Hand out a file of the test's own instructions and feedback."""
    if visit.session.is_ended:
        release.may_see_result(visit.session, visit.at).demand()
    version = visit.desk.sitting.test_version_id
    found = bank.test_asset(version, addresses.from_address(href))
    if found is None or not found.media_type.startswith(files.SHOWN):
        raise Http404
    return files.respond(visit.request, found)
