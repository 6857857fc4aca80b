"""Sessions in progress with signed-in candidates; printed as JSON for the load to use."""

import argparse
import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delivery.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402  # Django is ready only now
from django.db import connection, transaction  # noqa: E402
from django.db.backends.utils import CursorWrapper  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from delivery.session import sessions  # noqa: E402
from tests import factories  # noqa: E402

BACKEND = "delivery.candidate.backend.AccessCodeBackend"
CLONE = """
INSERT INTO delivery_assessmentsession (id, {columns})
  SELECT gen_random_uuid(), {chosen} FROM delivery_assessmentsession s
  CROSS JOIN generate_series(
    (SELECT max(attempt_number) + 1 FROM delivery_assessmentsession), %s) AS g
  WHERE s.id = ANY(%s);
INSERT INTO delivery_itemsession ({item_columns})
  SELECT {item_chosen} FROM delivery_assessmentsession s
  JOIN delivery_assessmentsession o ON o.sitting_id = s.sitting_id
    AND o.candidate_id = s.candidate_id AND o.attempt_number = 1
  JOIN delivery_itemsession i ON i.session_id = o.id AND i.position = 0
  WHERE s.attempt_number > 1
    AND NOT EXISTS (SELECT FROM delivery_itemsession x WHERE x.session_id = s.id);
INSERT INTO integrity_ledgerstream (name, head, length)
  SELECT 'session:' || id, repeat('0', 64), 0 FROM delivery_assessmentsession
  WHERE attempt_number > 1 ON CONFLICT DO NOTHING;
ANALYZE
"""

CLONES = """
SELECT s.id, o.id FROM delivery_assessmentsession s JOIN delivery_assessmentsession o
  ON o.sitting_id = s.sitting_id AND o.candidate_id = s.candidate_id AND o.attempt_number = 1
  WHERE o.id = ANY(%s::uuid[]) AND s.attempt_number > 1 ORDER BY s.attempt_number, s.id LIMIT %s
"""
MOST = 10_000


def main(candidates: int, items: int, name: str, *, waiting: bool = False) -> list[dict[str, str]]:
    """Make candidates amid a test, or before its start: then `item` is the page that starts it."""
    names = [f"{name}Q{number:04}" for number in range(1, items + 1)]
    version = factories.published(factories.Part(items=names), seconds=4 * 3600)
    sitting = factories.sitting(version, opens_at=None, closes_at=None, title=f"Bench {name}")
    made = []
    for number in range(candidates):
        with transaction.atomic():
            candidate = factories.candidate(f"Candidate {name}{number}")
            enrolment = factories.enrolment(sitting, candidate)
            cookie = f"sessionid={_signed_in(candidate.user)}"
            if waiting:
                made.append({"id": "", "item": f"/sittings/{enrolment.pk}/", "cookie": cookie})
                continue
            session = sessions.start(enrolment.pk, timezone.now(), by=f"candidate:{candidate.pk}")
        made.append({"id": str(session.pk), "item": session.position, "cookie": cookie})
    return made


def _signed_in(user: User) -> str | None:
    client = Client()
    client.force_login(user, BACKEND)
    return client.cookies["sessionid"].value


def multiply(made: list[dict[str, str]], total: int) -> list[dict[str, str]]:
    """Make as many sessions as asked for out of the ones there are, by SQL alone.

    Returns some of them, as many as there are sockets to be opened at most.
    """
    times = total // len(made)
    with connection.cursor() as cursor:
        own = _columns(cursor, "delivery_assessmentsession")
        items = _columns(cursor, "delivery_itemsession")
        statements = CLONE.format(
            columns=", ".join(own),
            chosen=", ".join("g" if one == "attempt_number" else f"s.{one}" for one in own),
            item_columns=", ".join(items),
            item_chosen=", ".join("s.id" if one == "session_id" else f"i.{one}" for one in items),
        )
        first, *others = statements.split(";")
        cursor.execute(first, [times, [one["id"] for one in made]])
        for statement in others:
            cursor.execute(statement)
        cursor.execute(CLONES, [[one["id"] for one in made], MOST])
        known = {one["id"]: one for one in made}
        return [known[str(old)] | {"id": str(new)} for new, old in cursor.fetchall()]


def _columns(cursor: CursorWrapper, table: str) -> list[str]:
    found = connection.introspection.get_table_description(cursor, table)
    return [column.name for column in found if column.name != "id"]


if __name__ == "__main__":
    read = argparse.ArgumentParser(description="NAME:CANDIDATES:ITEMS each, or --multiply.")
    read.add_argument("scenes", nargs="*")
    read.add_argument("--multiply", type=int, help="how many sessions to make of those given")
    read.add_argument("--waiting", help="the scene in which nobody has started", default="")
    given = read.parse_args()
    made = {}
    if given.multiply:
        made["many"] = multiply(json.load(sys.stdin), given.multiply)
    for scene in given.scenes:
        name, candidates, items = scene.split(":")
        made[name] = main(int(candidates), int(items), name, waiting=name == given.waiting)
    sys.stdout.write(json.dumps(made))
