"""The rules that hold for one candidate: their policy, where they may come from, what is waived."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction

from delivery.facts import events, journal
from delivery.models import AssessmentSession, Enrolment, Sitting
from delivery.rules import refusals
from delivery.rules.refusals import GRANTED, Permission, Reason, Refusal
from delivery.session import desk, interventions, sessions, steps
from integrity.policy import browsers, lockdown, networks, seb
from integrity.policy.lockdown import Policy

# What can be waived beside the signals of a policy.
REQUIREMENTS: Final = (
    "seb", "fullscreen", "javascript", "network", "device", "code", "browser",
)  # fmt: skip
SAME_REFUSAL_SECONDS: Final = 60
WATCHED_BY_NOBODY: Final = Policy("")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from: its address, the device that the cookie names, the browser."""

    address: networks.Address | None
    device: str
    agent: str = ""


def enrolment_of(session: AssessmentSession) -> Enrolment:
    """Return the enrolment that a session belongs to, with its sitting and candidate."""
    found = Enrolment.objects.select_related("sitting__lockdown", "candidate")
    return found.get(sitting=session.sitting_id, candidate=session.candidate_id)


def policy_of(enrolment: Enrolment, session: AssessmentSession | None = None) -> Policy:
    """Return the policy as it holds for one candidate: the session's own version, less waivers."""
    row = enrolment.sitting.lockdown if session is None else session.lockdown
    policy = WATCHED_BY_NOBODY if row is None else row.policy()
    if not enrolment.sitting.rules_may_terminate:
        policy = lockdown.without_endings(policy)
    return lockdown.quieted(policy, enrolment.waived_rules, assistive=enrolment.candidate.assistive)


def has_access_rules(sitting: Sitting) -> bool:
    """Tell whether a sitting looks at where a request comes from at all."""
    return bool(sitting.networks.strip()) or sitting.one_device


def may_come(
    enrolment: Enrolment, visitor: Visitor, session: AssessmentSession | None = None
) -> Permission:
    """Ask whether a request may come from where it does."""
    sitting, waived = enrolment.sitting, enrolment.waived_rules
    rooms = networks.read(sitting.networks)
    if rooms and "network" not in waived and not networks.within(visitor.address, rooms):
        where = str(visitor.address or "this device")
        return refusals.refuse(Reason.WRONG_NETWORK, address=where)
    if not _may_use(enrolment, visitor, session):
        return refusals.refuse(Reason.WRONG_BROWSER, browsers=_listed(enrolment, session))
    if session is None or not sitting.one_device or "device" in waived or not session.device_id:
        return GRANTED
    if hmac.compare_digest(session.device_id, visitor.device):
        return GRANTED
    return refusals.refuse(Reason.OTHER_DEVICE, device=session.device)


def _may_use(enrolment: Enrolment, visitor: Visitor, session: AssessmentSession | None) -> bool:
    """Tell whether the policy accepts the browser; Safe Exam Browser proves itself otherwise."""
    listed = policy_of(enrolment, session).browsers
    return seb.names_itself(visitor.agent) or browsers.accepts(listed, visitor.agent)


def _listed(enrolment: Enrolment, session: AssessmentSession | None) -> str:
    return ", ".join(f"{one}+" for one in policy_of(enrolment, session).browsers)


def room_codes(sitting: Sitting) -> dict[str, str]:
    """Return the codes by room; a line without a room is for everybody, under \"\"."""
    lines = [line.rpartition(":") for line in sitting.room_codes.splitlines() if line.strip()]
    return {room.strip().casefold(): _plain(code) for room, _colon, code in lines}


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code).casefold()


def needs_code(enrolment: Enrolment) -> bool:
    """Tell whether the candidate must give a code before they start."""
    return bool(_code_of(enrolment)) and "code" not in enrolment.waived_rules


def _code_of(enrolment: Enrolment) -> str:
    """Return the code of the candidate's room, or else the sitting's."""
    codes = room_codes(enrolment.sitting)
    return codes.get(enrolment.room.strip().casefold(), codes.get("", ""))


def may_enter_room(enrolment: Enrolment, code: str) -> Permission:
    """Ask whether this is the code of the candidate's room, or of the sitting."""
    if not needs_code(enrolment):
        return GRANTED
    right = hmac.compare_digest(_plain(code).encode(), _code_of(enrolment).encode())
    return GRANTED if right else refusals.refuse(Reason.ROOM_CODE)


def note_refused(
    enrolment: Enrolment, session: AssessmentSession | None, refusal: Refusal, *, by: str,
    at: datetime,
) -> None:  # fmt: skip
    """Record that a request was refused, once a minute for each candidate and rule."""
    if not cache.add(f"refused:{enrolment.pk}:{refusal.reason}", 1, SAME_REFUSAL_SECONDS):
        return
    with transaction.atomic():
        if session is None:
            payload = {
                "rule": str(refusal.reason),
                "candidate": f"candidate:{enrolment.candidate_id}",
            }
            journal.note(enrolment.sitting, "access.refused", dict(payload), by=by, at=at)
            return
        head = events.head(session.pk, session.sitting_id, by, at)
        journal.record(events.AccessRefused(**head, rule=refusal.reason))


def bind_device(session_id: UUID, device: str) -> None:
    """Remember on which device a session was started; the first one stays."""
    AssessmentSession.objects.filter(pk=session_id, device_id="").update(device_id=device)


def may_waive(enrolment: Enrolment) -> Permission:
    """Ask whether there is a rule from which a candidate could be freed."""
    sitting = enrolment.sitting
    asks = sitting.lockdown_id is not None or has_access_rules(sitting) or sitting.room_codes
    return GRANTED if asks else refusals.refuse(Reason.NOTHING_TO_WAIVE)


def is_quiet(enrolment: Enrolment, signal: str) -> bool:
    """Tell whether a signal is no incident for this candidate."""
    assistive = enrolment.candidate.assistive and lockdown.SIGNALS[signal].assistive
    return assistive or signal in enrolment.waived_rules


def waive(
    enrolment_id: int, rules: Iterable[str], *, reason: str, by: User, at: datetime
) -> Enrolment:
    """Free one candidate from further rules from now on; none at all makes every rule hold."""
    if not reason.strip():
        raise Refusal(Reason.REASON_REQUIRED)
    actor = interventions.actor(by)
    with transaction.atomic():
        enrolment = sessions.lock_enrolment(enrolment_id)
        known = (*REQUIREMENTS, *lockdown.SIGNALS)
        further = set(rules) & set(known)
        enrolment.waived_rules = sorted(further and {*enrolment.waived_rules, *further})
        enrolment.save(update_fields=["waived_rules"])
        session = sessions.current(enrolment)
        if session is None:
            payload = {
                "candidate": f"candidate:{enrolment.candidate_id}",
                "rules": list(enrolment.waived_rules),
                "reason": reason,
            }
            journal.note(enrolment.sitting, "rules.waived", payload, by=actor, at=at)
            return enrolment
        found = desk.lock(session.pk)
        fact = events.RulesWaived(
            **found.head(actor, at), rules=tuple(enrolment.waived_rules), reason=reason
        )
        journal.record(fact)
        steps.keep(found)
        return enrolment
