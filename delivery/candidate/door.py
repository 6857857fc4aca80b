"""Who stands at the door: the address, the device and the browser of a candidate's request.

A browser is checked by its headers on every page; where its web view sends none, by its JavaScript
API on a page of its own, whose address works once. What was found rides on the sign-in, so that
sockets and scripts need no headers.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from delivery.models import AssessmentSession, Enrolment
from delivery.rules.refusals import Reason, Refusal
from delivery.seat import browsers, conditions
from delivery.seat.browsers import Addresses, Examined
from delivery.seat.conditions import Visitor
from integrity.policy import networks, seb
from integrity.policy.lockdown import Policy
from integrity.policy.seb import Assurance, Claim, Mode

CHECKED: Final = "seb"
SEEN: Final = "seb-seen"
COOKIE: Final = "invigil_device"
COOKIE_SALT: Final = "delivery.door"
COOKIE_AGE: Final = 400 * 24 * 3600
# How long a page may rest on what the JavaScript API said, in seconds; scripts rest on it longer.
API_HOLDS: Final = 600
SIGN_IN_HOLDS: Final = 12 * 3600


@dataclass(frozen=True, slots=True)
class Caller:
    """A candidate's request at the door: for which enrolment, in which session."""

    request: HttpRequest
    enrolment: Enrolment
    session: AssessmentSession | None
    at: datetime

    @property
    def by(self) -> str:
        return f"candidate:{self.enrolment.candidate_id}"

    @property
    def policy(self) -> Policy:
        return conditions.policy_of(self.enrolment, self.session)


def origin_of(request: HttpRequest) -> str:
    """Return scheme and host as candidates type them."""
    return settings.PUBLIC_ORIGIN or f"{request.scheme}://{request.get_host()}"


def url_of(request: HttpRequest) -> str:
    """Return the address that was asked for, byte for byte: browsers hash what they sent."""
    scope: dict[str, Any] = getattr(request, "scope", {})
    raw: bytes = scope.get("raw_path") or quote(request.path, safe="/:@!$&'()*+,;=~-._").encode()
    query = request.META.get("QUERY_STRING", "")
    path = raw.decode("ascii", "replace").partition("?")[0]
    return f"{origin_of(request)}{path}{'?' if query else ''}{query}"


def addresses_of(request: HttpRequest) -> Addresses:
    """Return the pages that a configuration names."""
    origin = origin_of(request)
    return Addresses(
        origin=origin,
        sign_in=origin + reverse("candidate:sign_in"),
        quit=origin + reverse("candidate:browser_quit"),
        launch=lambda token: origin + reverse("candidate:launch", args=[token]),
    )


def address_of(request: HttpRequest) -> networks.Address | None:
    """Return the address of the candidate's device, as far as the proxies in front tell it."""
    peer = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    trusted = networks.read(" ".join(settings.TRUSTED_PROXIES))
    if settings.BEHIND_PROXY and forwarded:
        # The server in front of us is the proxy: the last entry is what it saw itself.
        forwarded, _comma, peer = forwarded.rpartition(",")
    return networks.client(peer, forwarded, trusted)


def device_of(request: HttpRequest) -> str:
    """Return the name that this device was given, or ""."""
    cookie = request.COOKIES.get(COOKIE, "")
    return _device_signed(cookie, settings.SECRET_KEY) if cookie else ""


@lru_cache(maxsize=20_000)
def _device_signed(cookie: str, _secret: str) -> str:
    """Look at a signature once: it holds or it does not, however often it comes."""
    request = HttpRequest()
    request.COOKIES[COOKIE] = cookie
    return str(request.get_signed_cookie(COOKIE, "", salt=COOKIE_SALT))


def device_in(cookies: Mapping[str, str]) -> str:
    """Return the name that cookies carry; a socket has cookies, and no request to ask."""
    request = HttpRequest()
    request.COOKIES = dict(cookies)
    return device_of(request)


def name_device(response: HttpResponse, device: str) -> None:
    """Give the device a name that only this server can give."""
    response.set_signed_cookie(
        COOKIE,
        device,
        salt=COOKIE_SALT,
        max_age=COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def new_device() -> str:
    return secrets.token_hex(16)


def claim_of(request: HttpRequest) -> Claim:
    """Return what the headers say of the browser."""
    return Claim(
        user_agent=request.headers.get("User-Agent", ""),
        config_key_hash=request.headers.get(seb.CONFIG_KEY_HEADER, ""),
        exam_key_hash=request.headers.get(seb.EXAM_KEY_HEADER, ""),
    )


def admit_from(caller: Caller) -> None:
    """Let a request in by its network and device; raises Refusal, and records it."""
    if not (conditions.has_access_rules(caller.enrolment.sitting) or caller.policy.browsers):
        return
    agent = caller.request.headers.get("User-Agent", "")
    visitor = Visitor(address_of(caller.request), device_of(caller.request), agent)
    refusal = conditions.may_come(caller.enrolment, visitor, caller.session).refusal
    if refusal is not None:
        note_refusal(caller, refusal)
        raise refusal


def note_refusal(caller: Caller, refusal: Refusal) -> None:
    """Record that a rule kept somebody out."""
    conditions.note_refused(caller.enrolment, caller.session, refusal, by=caller.by, at=caller.at)


def admit_browser(caller: Caller, *, page: bool) -> HttpResponse | None:
    """Let a browser in, or return where it is checked; raises Refusal NEEDS_SEB.

    A page rests on its own headers, or for a while on the JavaScript API; a script's request rests
    on what the sign-in has shown.
    """
    policy = caller.policy
    if policy.seb_mode is Mode.NONE:
        return None
    claim = claim_of(caller.request)
    if not claim.is_empty:
        seen = examined(caller, policy, claim, url_of(caller.request), "header")
        _decide(caller, policy, seen)
        return None
    if policy.seb_mode is Mode.OPTIONAL:
        _note_optional(caller, claim)
        return None
    if rests(caller.request, caller.enrolment, caller.at, strictly=page):
        return None
    if page and caller.request.method == "GET" and not getattr(caller.request, "htmx", False):
        return to_check(caller)
    seen = examined(caller, policy, claim, url_of(caller.request), "header")
    _decide(caller, policy, seen)
    return None


def examined(caller: Caller, policy: Policy, claim: Claim, url: str, way: str) -> Examined:
    addresses = addresses_of(caller.request)
    return browsers.examine(caller.enrolment, policy, addresses, url=url, way=way, claim=claim)


def _decide(caller: Caller, policy: Policy, seen: Examined) -> None:
    if seen.enough or policy.seb_mode is Mode.OPTIONAL:
        remember(caller, seen)
        return
    turn_away(caller, seen)


def turn_away(caller: Caller, seen: Examined) -> None:
    """Keep what arrived for the page that explains it, pause what runs; raises Refusal."""
    caller.request.session.get(CHECKED, {}).pop(str(caller.enrolment.pk), None)
    caller.request.session[SEEN] = {
        "enrolment": caller.enrolment.pk,
        "url": seen.url,
        "way": seen.way,
        "header": seen.header,
        "expected": seen.expected,
        "arrived": seen.arrived,
        "agent": seen.claim.user_agent[:300],
        "at": caller.at.timestamp(),
    }
    if caller.session is not None and caller.session.is_open:
        browsers.refuse(caller.session, seen, by=caller.by, at=caller.at)
    raise Refusal(Reason.NEEDS_SEB)


def remember(caller: Caller, seen: Examined) -> None:
    """Let later requests of this sign-in rest on what was proved, and keep the level."""
    known = dict(caller.request.session.get(CHECKED, {}))
    entry = known.get(str(caller.enrolment.pk), {})
    level = seen.proof.assurance
    stale = caller.at.timestamp() - entry.get("at", 0) > API_HOLDS / 2
    if seen.enough and (entry.get("way") != seen.way or stale or seen.way == "api"):
        known[str(caller.enrolment.pk)] = {
            "way": seen.way, "at": caller.at.timestamp(), "level": level.value,
        }  # fmt: skip
        caller.request.session[CHECKED] = known
        caller.request.session.pop(SEEN, None)
    note_level(caller, level, seen.way)


def note_level(caller: Caller, level: Assurance, way: str) -> None:
    session = caller.session
    if session is not None and session.is_open and session.assurance != level:
        browsers.note(session.pk, level, way=way, by=caller.by, at=caller.at)


def note_start(caller: Caller) -> None:
    """Give a session that just began the level that its start was allowed with."""
    level = level_of(caller.request, caller.enrolment)
    if level is not Assurance.NONE:
        note_level(caller, level, str(entry_of(caller.request.session, caller.enrolment)["way"]))
    elif caller.policy.seb_mode is not Mode.NONE:
        _note_optional(caller, claim_of(caller.request))


def _note_optional(caller: Caller, claim: Claim) -> None:
    """Without a key, a browser's name is all there is; it never lowers what was proved."""
    session = caller.session
    if session is not None and session.assurance == Assurance.NONE:
        level = Assurance.USER_AGENT if seb.names_itself(claim.user_agent) else Assurance.NONE
        note_level(caller, level, "header")


def entry_of(request_session: Any, enrolment: Enrolment) -> dict[str, Any]:
    """Return what this sign-in has shown for an enrolment."""
    known = request_session.get(CHECKED, {})
    found = known.get(str(enrolment.pk), {}) if isinstance(known, dict) else {}
    return found if isinstance(found, dict) else {}


def rests(request: HttpRequest, enrolment: Enrolment, at: datetime, *, strictly: bool) -> bool:
    """Tell whether a request without headers may rest on what this sign-in has shown.

    Where headers were sent before, a page without them is another browser with the same cookie.
    """
    entry = entry_of(request.session, enrolment)
    age = at.timestamp() - float(entry.get("at", 0))
    if not strictly:
        return age < SIGN_IN_HOLDS
    is_page = request.method == "GET" and not getattr(request, "htmx", False)
    # The picture of an item that is open already must not be sent to a check of its own.
    match = request.resolver_match
    is_page = is_page and not (match is not None and match.url_name == "asset")
    holds = API_HOLDS if is_page else SIGN_IN_HOLDS
    return entry.get("way") == "api" and age < holds


def may_listen(sign_in: Any, session: AssessmentSession, at: datetime) -> bool:
    """Tell whether a socket may open: it sends no headers, so it rests on the sign-in."""
    enrolment = conditions.enrolment_of(session)
    if conditions.policy_of(enrolment, session).seb_mode is not Mode.REQUIRED:
        return True
    entry = entry_of(sign_in or {}, enrolment)
    return at.timestamp() - float(entry.get("at", 0)) < SIGN_IN_HOLDS


def to_check(caller: Caller) -> HttpResponse:
    """Send a page to where the JavaScript API is asked, and back here afterwards."""
    check = reverse("candidate:browser", args=[caller.enrolment.pk])
    back = quote(caller.request.get_full_path())
    return HttpResponse(status=302, headers={"Location": f"{check}?next={back}"})


def level_of(request: HttpRequest, enrolment: Enrolment) -> Assurance:
    """Return what this sign-in has proved so far."""
    return Assurance(entry_of(request.session, enrolment).get("level", Assurance.NONE))
