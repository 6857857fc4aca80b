"""Candidates and the sittings that they are enrolled in."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from delivery.facts import journal
from delivery.models import Candidate, Enrolment, Sitting
from integrity.chain import Payload


def enrol(sitting: Sitting, candidate: Candidate, *, by: str, at: datetime) -> Enrolment:
    """Let a candidate sit a sitting; twice is once."""
    with transaction.atomic():
        enrolment, fresh = Enrolment.objects.get_or_create(sitting=sitting, candidate=candidate)
        if fresh:
            payload: Payload = {"candidate": f"candidate:{candidate.pk}"}
            journal.note(sitting, "candidate.enrolled", payload, by=by, at=at)
    return enrolment


def new_user() -> User:
    """Create the user behind a candidate: no password, a name that says nothing."""
    user = User(username=f"candidate-{secrets.token_hex(8)}")
    user.set_unusable_password()
    user.save()
    return user


def new_candidate(number: str, name: str, *, email: str = "") -> Candidate:
    """Create a candidate and the user behind them; use in a transaction."""
    return Candidate.objects.create(user=new_user(), number=number, name=name, email=email)
