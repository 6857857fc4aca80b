"""Sessions in progress with signed-in candidates; printed as JSON for the load to use."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delivery.settings")
django.setup()

from django.test import Client  # noqa: E402  # Django is ready only now
from django.utils import timezone  # noqa: E402

from delivery import sessions  # noqa: E402
from tests import factories  # noqa: E402

ITEMS = 40  # as many as a page's map has in a long test


def main(candidates: int) -> None:
    names = [f"Q{number:02}" for number in range(1, ITEMS + 1)]
    version = factories.published(factories.Part(items=names), seconds=4 * 3600)
    sitting = factories.sitting(version, opens_at=None, closes_at=None)
    made = []
    for number in range(candidates):
        candidate = factories.candidate(f"Candidate {number}")
        enrolment = factories.enrolment(sitting, candidate)
        session = sessions.start(enrolment.pk, timezone.now(), by=f"candidate:{candidate.pk}")
        client = Client()
        client.force_login(candidate.user, "delivery.candidate.backend.AccessCodeBackend")
        cookie = f"sessionid={client.cookies['sessionid'].value}"
        made.append({"id": str(session.pk), "item": session.position, "cookie": cookie})
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    main(int(sys.argv[1]))
