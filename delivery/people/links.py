"""Launch links: each signs one candidate in once, for one sitting, before it expires."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from delivery.facts import journal
from delivery.models import Enrolment, LaunchLink
from delivery.people import codes
from delivery.rules.refusals import Reason, Refusal
from integrity.chain import Payload


def issue_launch_link(enrolment: Enrolment, expires_at: datetime, *, by: str, at: datetime) -> str:
    """Return the token of a link that signs the candidate in once before it expires."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        LaunchLink.objects.create(
            enrolment=enrolment, token_hmac=codes.digest("launch", token), expires_at=expires_at
        )
        payload: Payload = {"candidate": f"candidate:{enrolment.candidate_id}"}
        journal.note(enrolment.sitting, "launch_link.issued", payload, by=by, at=at)
    return token


def find_link(token: str, at: datetime, *, lock: bool = False) -> LaunchLink:
    """Return a launch link that can still be used; raises Refusal."""
    found = LaunchLink.objects.select_related(
        "enrolment__candidate__user", "enrolment__sitting__lockdown"
    )
    found = found.select_for_update(of=("self",)) if lock else found
    link = found.filter(token_hmac__in=codes.digests("launch", token)).first()
    if link is None or at >= link.expires_at:
        raise Refusal(Reason.LINK_EXPIRED)
    if link.used_at is not None:
        raise Refusal(Reason.LINK_USED)
    return link


def redeem(token: str, at: datetime) -> Enrolment:
    """Use a launch link up and return whom it is for; raises Refusal."""
    with transaction.atomic():
        link = find_link(token, at, lock=True)
        link.used_at = at
        link.save(update_fields=["used_at"])
        return link.enrolment
