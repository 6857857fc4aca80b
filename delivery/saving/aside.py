"""Answers in quarantine as people look at them: beside the stored ones, in words, page by page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet
from django.db.models.expressions import OuterRef, Subquery

from assembly import bank, wording
from delivery.models import ItemSession, Quarantine, Sitting
from delivery.saving import comments

PAGE: Final = 50
DECIDED: Final = Q(admitted_at__isnull=False) | Q(refused_at__isnull=False)
# A comment waits for nobody's decision: it is there to be read.
OPEN: Final = ~DECIDED & ~Q(reason__startswith=comments.ASIDE)
SHOWS: Final = {
    "open": OPEN,
    "proposed": OPEN & Q(proposed_at__isnull=False),
    "decided": DECIDED,
    "all": Q(),
}


@dataclass(frozen=True, slots=True)
class Aside:
    """One answer in quarantine with the stored one, in words."""

    kept: Quarantine
    number: int
    title: str
    said: list[str]
    saved: list[str]

    @property
    def stands(self) -> str:
        """Say how far it is: admitted, refused, proposed, or open."""
        if self.kept.admitted_at is not None:
            return "admitted"
        if self.kept.refused_at is not None:
            return "refused"
        return "proposed" if self.kept.proposed_at is not None else "open"


def of_sitting(sitting: Sitting, show: str) -> QuerySet[Quarantine]:
    """Return what is kept of a sitting, newest first."""
    return with_items(Quarantine.objects.filter(session__sitting=sitting)).filter(
        SHOWS.get(show, OPEN)
    )


def with_items(kept: QuerySet[Quarantine]) -> QuerySet[Quarantine]:
    """Read each with its candidate and its item's row, in one statement."""
    rows = ItemSession.objects.filter(session=OuterRef("session"), key=OuterRef("item_key"))
    people = ("session__candidate", "session__sitting", "proposed_by", "admitted_by", "refused_by")
    found = kept.select_related(*people).defer("session__plan", "session__outcomes")
    return found.annotate(row_id=Subquery(rows.values("pk")[:1])).order_by("-received_at", "-pk")


def tell(found: Iterable[Quarantine]) -> list[Aside]:
    """Put answers into words, in two statements for any number of them."""
    kept = list(found)
    wanted = [getattr(one, "row_id", None) for one in kept]
    rows = ItemSession.objects.in_bulk([key for key in wanted if key is not None])
    return [_aside(one, rows.get(key or 0)) for one, key in zip(kept, wanted, strict=True)]


def _aside(kept: Quarantine, row: ItemSession | None) -> Aside:
    if row is None:
        return Aside(kept, 0, kept.item_key, [], [])
    item = bank.item(row.item_version_id)
    return Aside(
        kept=kept,
        number=row.position + 1,
        title=item.title,
        said=wording.answer(item, kept.value),
        saved=wording.answer(item, row.response),
    )


def undecided(sitting: Sitting) -> int:
    """Return how many wait for a decision."""
    return Quarantine.objects.filter(OPEN, session__sitting=sitting).count()


def counts(sitting: Sitting) -> dict[str, int]:
    """Return how many there are under each heading."""
    rows = Quarantine.objects.filter(session__sitting=sitting)
    return {name: rows.filter(which).count() for name, which in SHOWS.items()}
