"""A session's scores as its candidate sees them: the total and each section as a drawn bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from delivery.candidate import words
from delivery.models import AssessmentSession

BAR: Final = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """One score of a drawing that is `BAR` units wide."""

    title: str
    score: str
    most: str
    percent: int | None
    width: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a result page shows."""

    total: Bar
    sections: tuple[Bar, ...]


def summary(session: AssessmentSession) -> Summary:
    """Return the bars of a scored session."""
    sections = session.outcomes.get("sections", [])
    return Summary(
        total=_bar("", session.score, session.max_score),
        sections=tuple(_section(row) for row in sections),
    )


def _section(row: dict[str, Any]) -> Bar:
    return _bar(row.get("title") or row.get("id", ""), row.get("score"), row.get("max"))


def _bar(title: str, score: float | None, most: float | None) -> Bar:
    share = None if score is None or not most else min(1.0, max(0.0, score / most))
    return Bar(
        title=title,
        score=words.number(score),
        most=words.number(most),
        percent=None if share is None else round(share * 100),
        width=0 if share is None else round(share * BAR),
    )
