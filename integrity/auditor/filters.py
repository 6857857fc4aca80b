"""What an auditor wants to see of streams and entries, read from the address and back into it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrity import chain
from integrity.models import LedgerEntry, LedgerStream

# The sorts of streams that an auditor looks for; others are found by their names.
SORTS = ("session", "sitting", "candidate", "test", "item", "ledger")
LONGEST = 200


def _instant(text: str) -> int | None:
    """Return a local time of a form's field in milliseconds; None for what is none."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    if at is None:
        return None
    return chain.milliseconds(at if timezone.is_aware(at) else _aware(at))


def _aware(at: datetime) -> datetime:
    return timezone.make_aware(at, timezone.get_current_timezone())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters as they stand in an address; what is empty filters nothing."""

    since: str = ""
    until: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        names = cls.__dataclass_fields__
        return cls(**{name: query.get(name, "").strip()[:LONGEST] for name in names})

    @property
    def query(self) -> str:
        """Return the filters as they stand in an address."""
        return urlencode({name: value for name, value in asdict(self).items() if value})

    def __bool__(self) -> bool:
        return bool(self.query)


@dataclass(frozen=True, slots=True)
class WantedStreams(Wanted):
    """Streams by name and sort, and by when something last happened in them."""

    q: str = ""
    sort: str = ""

    def of(self, rows: QuerySet[LedgerStream]) -> QuerySet[LedgerStream]:
        if self.q:
            rows = rows.filter(name__icontains=self.q)
        if self.sort:
            rows = rows.filter(name__startswith=f"{self.sort}:")
        last = LedgerEntry.objects.filter(stream=OuterRef("pk"), seq=OuterRef("length"))
        since, until = _instant(self.since), _instant(self.until)
        if since is not None:
            rows = rows.filter(Exists(last.filter(at_ms__gte=since)))
        return rows if until is None else rows.filter(Exists(last.filter(at_ms__lte=until)))


@dataclass(frozen=True, slots=True)
class WantedEntries(Wanted):
    """Entries of a stream by kind, by who acted, by time, and by a word in what they tell."""

    kind: str = ""
    actor: str = ""
    word: str = ""

    def of(self, rows: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.actor:
            rows = rows.filter(actor=self.actor)
        if self.word:
            rows = rows.filter(payload__icontains=self.word)
        since, until = _instant(self.since), _instant(self.until)
        if since is not None:
            rows = rows.filter(at_ms__gte=since)
        return rows if until is None else rows.filter(at_ms__lte=until)
