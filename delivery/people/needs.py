"""What a candidate needs to sit a test like everybody: AfA PNP profiles put on candidates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from assembly.qti import appearance, catalogs, pnp
from assembly.qti.errors import ReadingError
from assembly.qti.pnp import ExtraTime, Profile, Record
from delivery.models import Candidate
from integrity import ledger

# Supports that a program of the candidate's own brings, whose doings are no incidents.
ASSISTIVE = frozenset({"spoken", "braille", "tactile", "magnification", "line-reader"})
LANGUAGES = ("keyword-translation", "item-translation", "sign-language")


class NeedsError(Exception):
    """A file of profiles that cannot be meant; the message is a full sentence."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a candidate's pages offer: kinds of catalog cards, if possible in a language.

    What is `optional` is offered, and switched on by the candidate alone.
    """

    supports: frozenset[str]
    language: str
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Look:
    """How the candidate's pages look from the start: a theme of ours, and a stylesheet."""

    theme: str
    sheet: str

    @property
    def version(self) -> str:
        """Name this sheet, so that a browser may keep it."""
        return sha256(self.sheet.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate's profile as the file says it."""

    candidate: Candidate
    profile: Profile


def of(candidate: Candidate) -> Needs:
    """Return what to show; the glossary is for everybody to whom it is not forbidden."""
    kept = candidate.preferences
    named = {catalogs.GLOSSARY, *kept.get("supports", {})}
    given = kept.get("supports", {})
    languages = (given.get(name, {}).get("language", "") for name in LANGUAGES)
    return Needs(
        frozenset(named - set(kept.get("prohibited", ()))),
        next((language for language in languages if language), ""),
        frozenset(name for name, when in _activation(kept) if when == "option"),
    )


def _activation(kept: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    found: dict[str, str] = kept.get("activation", {})
    return found.items()


def look(candidate: Candidate) -> Look:
    """Return how pages look to a candidate; what is only an option is theirs to pick."""
    kept = candidate.preferences
    offered = of(candidate)
    given = {
        name: settings
        for name, settings in kept.get("supports", {}).items()
        if name in offered.supports - offered.optional
    }
    return Look(appearance.theme(given), appearance.sheet(given))


def read(source: bytes, *, only: Candidate | None = None) -> list[Row]:
    """Read a file of profiles by candidate numbers, or the single profile of `only`.

    Raises NeedsError; nothing is written.
    """
    try:
        records = pnp.read(source)
    except ReadingError as error:
        raise NeedsError(str(error)) from error
    if only is not None:
        return [Row(only, _only(records, only).profile)]
    if any(not record.person for record in records):
        raise NeedsError(_("The file holds one profile without a person: say whose it is."))
    numbers = [record.person for record in records]
    known = {one.number: one for one in Candidate.objects.filter(number__in=numbers)}
    missing = [number for number in numbers if number not in known]
    if missing:
        facts = {"numbers": ", ".join(missing[:10]), "count": len(missing)}
        raise NeedsError(_("No candidate has these numbers (%(count)s): %(numbers)s.") % facts)
    return [Row(known[record.person], record.profile) for record in records]


def _only(records: Iterable[Record], candidate: Candidate) -> Record:
    for record in records:
        if record.person in ("", candidate.number):
            return record
    facts = {"number": candidate.number}
    raise NeedsError(_("The file holds no profile of candidate %(number)s.") % facts)


@transaction.atomic
def keep(rows: Iterable[Row], *, by: str, at: datetime) -> int:
    """Put profiles on their candidates, each in the place of an earlier one; return how many.

    Sessions that have begun keep the time that was frozen onto them. The ledger keeps a digest:
    what somebody needs is nobody else's business.
    """
    count = 0
    for row in rows:
        candidate = Candidate.objects.select_for_update().get(pk=row.candidate.pk)
        _apply(candidate, row.profile)
        candidate.save()
        ledger.append(
            stream=f"candidate:{candidate.pk}",
            kind="candidate.needs_imported",
            payload={"sha256": sha256(repr(row.profile).encode()).hexdigest()},
            actor=by,
            at=at,
        )
        count += 1
    return count


def _apply(candidate: Candidate, profile: Profile) -> None:
    time = profile.time
    if time != ExtraTime() or pnp.TIME in profile.prohibited:
        candidate.time_multiplier = time.multiplier or Decimal(1)
        candidate.fixed_minutes = time.fixed_minutes or 0
        candidate.unlimited = time.unlimited
    candidate.assistive = candidate.assistive or bool(ASSISTIVE & set(profile.supports))
    candidate.preferences = to_json(profile)


def to_json(profile: Profile) -> dict[str, Any]:
    """Return a profile as it is kept on the candidate; time is kept in the candidate's own fields.

    `supports` are settings by name, `activation` "initial" or "option" by name.
    """
    return {
        "supports": {
            name: dict(given) for name, given in profile.supports.items() if name != pnp.TIME
        },
        "activation": dict(profile.activation),
        "prohibited": sorted(profile.prohibited),
        "requirements": {name: list(given) for name, given in profile.requirements.items()},
    }


def edited(
    kept: Mapping[str, Any],
    *,
    supports: Iterable[str],
    prohibited: Iterable[str],
    language: str,
) -> dict[str, Any]:
    """Return preferences with these supports; each keeps the settings that it had."""
    before = kept.get("supports", {})
    chosen = {name: dict(before.get(name, {})) for name in supports}
    for name in LANGUAGES:
        if name in chosen and (language or "language" in chosen[name]):
            chosen[name]["language"] = language
    return {**kept, "supports": chosen, "prohibited": sorted(prohibited)}
