"""A sitting's results for staff: who scored what, how the scores are spread, how items did."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from delivery.models import ENDED_STATES, AssessmentSession, Sitting

BINS: Final = 10
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Bin:
    """How many results lie in one tenth of the scale; the last one holds its upper end too."""

    lower: int
    upper: int
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The scores in numbers; shares are between 0 and 100, `deviation` needs two results."""

    ended: int
    scored: int
    withheld: int
    needs_marking: int
    mean: float | None
    median: float | None
    deviation: float | None
    lowest: float | None
    highest: float | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class ItemReport:
    """How one item did: `facility` is the mean share (p), `rest` its correlation with the rest."""

    key: str
    title: str
    section: str
    seen: int
    answered: int
    facility: float | None
    rest: float | None


@dataclass(frozen=True, slots=True)
class SectionReport:
    id: str
    title: str
    results: int
    mean: float | None
    maximum: float | None


def results(sitting: Sitting) -> QuerySet[AssessmentSession]:
    """Return the sitting's sessions that have ended, by candidate and attempt."""
    ended = AssessmentSession.objects.filter(sitting=sitting, state__in=ENDED_STATES)
    return (
        ended.select_related("candidate")
        .defer("plan")
        .order_by("candidate__name", "candidate__number", "attempt_number")
    )


def fits(session: AssessmentSession, *, state: str, words: Sequence[str]) -> bool:
    """Tell whether a result is in this state and has all these words in its name or number."""
    if state and session.state != state:
        return False
    found = f"{session.candidate.name} {session.candidate.number}".casefold()
    return all(word in found for word in words)


def share(session: AssessmentSession) -> float | None:
    """Return the score in percent of its maximum."""
    if session.score is None or not session.max_score:
        return None
    return 100 * session.score / session.max_score


def summary(sessions: Sequence[AssessmentSession]) -> Summary:
    """Return the numbers over scored sessions; a withheld result is counted apart, not in."""
    counted = [session for session in sessions if not session.withheld]
    shares = [found for session in counted if (found := share(session)) is not None]
    return Summary(
        ended=len(sessions),
        scored=len(shares),
        withheld=len(sessions) - len(counted),
        needs_marking=sum(bool(_total(session).get("needs_marking")) for session in sessions),
        mean=statistics.fmean(shares) if shares else None,
        median=statistics.median(shares) if shares else None,
        deviation=statistics.stdev(shares) if len(shares) > 1 else None,
        lowest=min(shares, default=None),
        highest=max(shares, default=None),
        bins=tuple(spread(shares)),
    )


def _total(session: AssessmentSession) -> dict[str, Any]:
    found: dict[str, Any] = session.outcomes.get("total", {})
    return found


def spread(shares: Iterable[float]) -> Iterator[Bin]:
    """Count shares (0 to 100, and what lies outside by rounding) into tenths."""
    counts = [0] * BINS
    for found in shares:
        counts[min(BINS - 1, max(0, int(found * BINS // 100)))] += 1
    width = 100 // BINS
    for index, count in enumerate(counts):
        yield Bin(index * width, (index + 1) * width, count)


def items(sessions: Sequence[AssessmentSession]) -> list[ItemReport]:
    """Return a report of each item that was in any scored session, in order of first appearance."""
    entries: dict[str, list[tuple[dict[str, Any], float]]] = {}
    for session in sessions:
        if session.withheld or session.score is None:
            continue
        for entry in session.outcomes.get("items", ()):
            earned = (entry["score"] or 0.0) * entry.get("weight", 1.0)
            entries.setdefault(entry["key"], []).append((entry, session.score - earned))
    return [_item(key, found) for key, found in entries.items()]


def _item(key: str, found: list[tuple[dict[str, Any], float]]) -> ItemReport:
    marked = [
        (entry["score"] / entry["max"], rest)
        for entry, rest in found
        if entry["score"] is not None and entry["max"]
    ]
    first = found[0][0]
    return ItemReport(
        key=key,
        title=first["title"],
        section=first["section"],
        seen=len(found),
        answered=sum(bool(entry["answered"]) for entry, _rest in found),
        facility=statistics.fmean(part for part, _rest in marked) if marked else None,
        rest=correlation([part for part, _rest in marked], [rest for _part, rest in marked]),
    )


def correlation(ones: Sequence[float], others: Sequence[float]) -> float | None:
    """Return Pearson's r, or None where one of the two does not vary."""
    if len(ones) < 2:
        return None
    mean, other_mean = statistics.fmean(ones), statistics.fmean(others)
    away = [(one - mean, other - other_mean) for one, other in zip(ones, others, strict=True)]
    scale = math.sqrt(sum(a * a for a, _b in away) * sum(b * b for _a, b in away))
    return sum(a * b for a, b in away) / scale if scale else None


def sections(sessions: Sequence[AssessmentSession]) -> list[SectionReport]:
    """Return the mean score of each section over the results that are not withheld."""
    entries: dict[str, list[dict[str, Any]]] = {}
    for session in sessions:
        if not session.withheld:
            for entry in session.outcomes.get("sections", ()):
                entries.setdefault(entry["id"], []).append(entry)
    return [
        SectionReport(
            id=key,
            title=found[0]["title"],
            results=len(found),
            mean=statistics.fmean(entry["score"] or 0.0 for entry in found),
            maximum=max(entry["max"] or 0.0 for entry in found),
        )
        for key, found in entries.items()
    ]


HEADER: Final = (
    "number",
    "name",
    "attempt",
    "state",
    "started",
    "finished",
    "answered",
    "total",
    "score",
    "max_score",
    "percent",
    "withheld",
    "needs_marking",
)


def to_csv(sessions: Sequence[AssessmentSession]) -> str:
    """Return the results as CSV with a column per section; no cell can act as a formula."""
    titles = {found.id: found.title for found in sections(sessions)}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*HEADER, *(_cell(f"{title} ({key})") for key, title in titles.items())])
    for session in sessions:
        earned = {entry["id"]: entry["score"] for entry in session.outcomes.get("sections", ())}
        writer.writerow([*_cells(session), *(_number(earned.get(key)) for key in titles)])
    return text.getvalue()


def _cells(session: AssessmentSession) -> list[str]:
    return [
        _cell(session.candidate.number),
        _cell(session.candidate.name),
        str(session.attempt_number),
        str(session.state),
        _instant(session.started_at),
        _instant(session.finished_at),
        str(session.answered),
        str(session.total),
        _number(session.score),
        _number(session.max_score),
        _number(share(session), 1),
        "yes" if session.withheld else "no",
        "yes" if _total(session).get("needs_marking") else "no",
    ]


def _cell(text: str) -> str:
    """A spreadsheet runs what begins like a formula; an apostrophe makes it text."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.isoformat(timespec="seconds")


def _number(value: float | None, places: int = 4) -> str:
    return "" if value is None else f"{value:.{places}f}".rstrip("0").rstrip(".") or "0"
