"""Answers that are decided on one look at the database, or on what the last answer left.

Nothing here waits for the database: whoever runs the statements hands over what they found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from delivery.queries import lookups, plans
from delivery.queries.lookups import Seen
from delivery.saving import batches, handing, responses, standings
from delivery.saving.batches import Batch, Revision
from delivery.saving.responses import Decided, Save, Saved
from integrity.rowsets import Composed

# A statement and its values.
Asked = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Drafted:
    """Decided saves and the one statement that makes them count; None where it makes none."""

    batch: Batch
    decided: Sequence[Decided]
    statement: Composed | None

    def committed(self) -> list[Saved | None]:
        """Return the acknowledgements; of what was not accepted nothing is decided yet."""
        batches.remember(self.batch)
        return [
            responses.acknowledge(one) if isinstance(one, Revision) else None
            for one in self.decided
        ]


def may_draft(one: Save) -> bool:
    """Tell whether a save may be decided without asking more than a look tells."""
    return (
        (standings.is_known(one.session_id) or plans.is_known(one.session_id))
        and responses.is_legible(one)
        and not one.strays
        and not handing.names_any(one.raw)
    )


def is_remembered(one: Save) -> bool:
    """Tell whether it may be decided on what the last answer left."""
    return batches.is_remembered(one.session_id, one.item)


def forget(session_id: UUID) -> None:
    """Look at a session with its next answer: it is known to have changed."""
    batches.forget(session_id)


def asked(saves: Sequence[Save]) -> Asked:
    """Return the statement that looks at what saves meet; `told` reads what it finds."""
    return lookups.seen_asked(responses.sent_by(saves))


def told(rows: Iterable[tuple[Any, ...]]) -> list[Seen]:
    return lookups.seen_told(rows)


def standings_asked(saves: Sequence[Save], seen: Sequence[Seen]) -> Asked | None:
    """Return the statement that reads how those stand who have changed; `learn` keeps it."""
    found = {saves[one.place].session_id: one.session for one in seen}
    changed = [
        pk
        for pk, columns in found.items()
        if plans.is_known(pk) and not standings.stands(pk, columns)
    ]
    return lookups.STANDINGS.asked(changed) if changed else None


def learn(rows: Iterable[tuple[Any, ...]]) -> None:
    """Keep how sessions stand, so that what was seen of them may be decided on."""
    standings.learn(lookups.STANDINGS.told(rows))


def draft(saves: Sequence[Save], at: datetime, seen: Sequence[Seen] | None = None) -> Drafted:
    """Decide saves on what was seen, or on what is remembered; raises MovedError.

    Nothing is written: whoever runs the statement calls `committed`, and whatever fails is saved
    by `responses.save`; so is what would have to be read first.
    """
    sent = responses.sent_by(saves)
    if seen is None:
        batch = batches.remembered(sent, at)
    else:
        read = [one for one in seen if standings.stands(sent[one.place][0], one.session)]
        batch = batches.looked(sent, read, at)
    decided = responses.decided(batch, saves)
    return Drafted(batch, decided, batches.composed(batch) if batch.facts else None)
