"""The cast of the fault suite, printed as JSON: candidates at work, and a crowd that will start."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delivery.settings")
django.setup()

from django.test import Client  # noqa: E402  # Django is ready only now
from django.utils import timezone  # noqa: E402

from delivery.models import Enrolment  # noqa: E402
from delivery.session import sessions  # noqa: E402
from tests import factories  # noqa: E402

ITEMS = [f"Q{number:02}" for number in range(1, 11)]
BACKEND = "delivery.candidate.backend.AccessCodeBackend"


def cookie(enrolment: Enrolment) -> str:
    client = Client()
    client.force_login(enrolment.candidate.user, BACKEND)
    return f"sessionid={client.cookies['sessionid'].value}"


def main(working: int, crowd: int) -> None:
    version = factories.published(factories.Part(items=ITEMS), seconds=4 * 3600)
    sitting = factories.sitting(version, opens_at=None, closes_at=None)
    made: dict[str, list[dict[str, Any]]] = {"working": [], "crowd": []}
    for number in range(working + crowd):
        candidate = factories.candidate(f"Candidate {number}")
        enrolment = factories.enrolment(sitting, candidate)
        if number < working:
            by = f"candidate:{candidate.pk}"
            session = sessions.start(enrolment.pk, timezone.now(), by=by)
            made["working"].append({"id": str(session.pk), "cookie": cookie(enrolment)})
        else:
            made["crowd"].append({"enrolment": enrolment.pk, "cookie": cookie(enrolment)})
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
