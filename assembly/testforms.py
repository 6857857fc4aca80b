"""Frozen forms: one plan of a published test, drawn once and shared by several candidates."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from assembly import bank, models, selection
from assembly.selection import Stream, TestPlan
from integrity import ledger


@transaction.atomic
def assemble(
    version: models.AssessmentTestVersion, name: str, *, by: str, at: datetime
) -> models.TestForm:
    """Draw a plan with a fresh secret and freeze it; raises SelectionError, IntegrityError."""
    secret = secrets.token_bytes(32)
    form = models.TestForm.objects.create(
        version=version,
        name=name,
        plan=_draw(version, secret, name).to_json(),
        commitment=selection.commitment(secret),
        secret=secret,
        created_at=at,
        created_by=by,
    )
    ledger.append(
        stream=bank.STREAM,
        kind="form.assembled",
        payload={
            "test": version.test.identifier,
            "version": version.number,
            "form": name,
            "commitment": form.commitment,
        },
        actor=by,
        at=at,
    )
    return form


def plan(form: models.TestForm) -> TestPlan:
    return TestPlan.from_json(form.plan)


def explains(form: models.TestForm) -> bool:
    """True where the secret keeps its commitment and draws this very plan again."""
    secret = bytes(form.secret)
    kept = selection.commitment(secret) == form.commitment
    return kept and _draw(form.version, secret, form.name) == plan(form)


def _draw(version: models.AssessmentTestVersion, secret: bytes, name: str) -> TestPlan:
    key = selection.session_key(secret, sitting="form", session=name)
    return selection.plan(bank.definition(version.pk), Stream(key), mode=bank.mode(version))
