"""Sign-ins of a cluster: Django's sessions in the database, each read by one prepared statement.

A cache between would save nothing: asking Redis costs a page as much, and a sign-out counts in
every process at once.
"""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from delivery.queries.prepared import Prepared


def _kept(key: str) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key)


_known = Prepared(_kept, "sample")


class SessionStore(db.SessionStore):
    """Django's own store, which asks in fewer steps."""

    def _get_session_from_db(self) -> Session | None:
        found = _known.one(self.session_key)
        if found is None or found.expire_date <= timezone.now():
            self._session_key = None
            return None
        return found
