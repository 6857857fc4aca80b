"""Acts on sessions in a process of its own; prints when it acted, by the clock that all share."""

import argparse
import json
import os
import sys
import time
from datetime import datetime, timedelta
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delivery.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402  # Django is ready only now
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from delivery.facts import hub, journal  # noqa: E402
from delivery.models import AssessmentSession  # noqa: E402
from delivery.session import desk, interventions  # noqa: E402

BETWEEN_SECONDS = 0.02
LEAVING_SECONDS = 3.0
WARMING_SECONDS = 1.0
LASTING_MS = 3_600_000


def tell(session_ids: list[UUID], times: int) -> list[float]:
    """Write to one candidate after the other; return when each message was committed."""
    by, told = _warm(), list[float]()
    for number in range(times):
        session_id = session_ids[number % len(session_ids)]
        with transaction.atomic():
            # Before the hint of the verb, which is told after the commit, too.
            transaction.on_commit(lambda: told.append(time.monotonic()))
            interventions.message(session_id, f"Message {number}", by=by, at=timezone.now())
        time.sleep(BETWEEN_SECONDS)
    return told


def tell_all(session_ids: list[UUID]) -> list[float]:
    """Write to all at once; return when it began and when it was committed."""
    by, told = _warm(), [time.monotonic()]
    with transaction.atomic():
        transaction.on_commit(lambda: told.append(time.monotonic()))
        interventions.message_all(session_ids, "To all", by=by, at=timezone.now())
    # What is told after the commit goes its way in a thread of this process.
    time.sleep(LEAVING_SECONDS)
    return told


def let_end(session_ids: list[UUID], end: datetime) -> list[float]:
    """Let all sessions end at one instant; return when that is, with the grace of the sitting."""
    sessions = AssessmentSession.objects.filter(pk__in=session_ids).select_related("sitting")
    changed, at = list(sessions), timezone.now()
    for session in changed:
        session.base_ms = LASTING_MS
        session.adjusted_ms = session.paused_ms = session.fixed_ms = 0
        session.time_multiplier = 1
        session.started_at = end - timedelta(milliseconds=LASTING_MS)
        session.since = at
        desk.reset_due(session, at)
    fields = ["base_ms", "adjusted_ms", "paused_ms", "fixed_ms", "time_multiplier", "started_at"]
    AssessmentSession.objects.bulk_update(
        changed, [*fields, "since", "deadline", "due_at"], batch_size=500
    )
    # As a window that moves, so that the pages that are there learn of it.
    hint = {"type": "session.changed", "what": "time.extended"}
    hub.send_all([(journal.session_group(session.pk), hint) for session in changed])
    time.sleep(LEAVING_SECONDS)
    (due,) = {session.due_at for session in changed}
    assert due is not None
    return [time.monotonic() + (due - timezone.now()).total_seconds()]


def _warm() -> User:
    """Return a proctor; their web process has long been talking with the others."""
    hub.send(hub.PULSE, {"type": "pulse"})
    time.sleep(WARMING_SECONDS)
    return User.objects.get_or_create(username="bench-proctor")[0]


if __name__ == "__main__":
    read = argparse.ArgumentParser(description="Acts on the sessions named on standard input.")
    read.add_argument("act", choices=["tell", "tell-all", "let-end"])
    read.add_argument("number", type=float, nargs="?", default=0.0)
    given = read.parse_args()
    ids = [UUID(one) for one in json.load(sys.stdin)]
    if given.act == "tell":
        done = tell(ids, int(given.number))
    elif given.act == "tell-all":
        done = tell_all(ids)
    else:
        done = let_end(ids, timezone.now() + timedelta(seconds=given.number))
    sys.stdout.write(json.dumps(done))
