"""Which rows a proctor wants to see, and how many there are of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy

from delivery.proctor.lines import STANDINGS, Line
from delivery.rules.watch import Standing

ATTENTION = "attention"
ORDER = (
    Standing.IN_PROGRESS,
    Standing.PAUSED,
    Standing.NOT_STARTED,
    Standing.COMPLETED,
    Standing.EXPIRED,
    Standing.TERMINATED,
    Standing.ABSENT,
)
LABELS = {
    "": gettext_lazy("All"),
    ATTENTION: gettext_lazy("Need attention"),
    **{state.value: STANDINGS[state] for state in ORDER},
}


@dataclass(frozen=True, slots=True)
class Showing:
    """The board's filter: a standing (or attention, or all), a room and words to find."""

    standing: str = ""
    room: str = ""
    find: str = ""

    @classmethod
    def read(cls, data: Mapping[str, str]) -> Showing:
        """Read a query; what is not known shows everything."""
        asked = data.get("standing", "")
        return cls(
            standing=asked if asked in LABELS else "",
            room=data.get("room", ""),
            find=data.get("find", "").strip(),
        )

    def shows(self, line: Line) -> bool:
        if self.standing == ATTENTION and not line.attention:
            return False
        if self.standing not in ("", ATTENTION, line.standing):
            return False
        if self.room and line.room != self.room:
            return False
        return all(word in line.find for word in self.find.casefold().split())

    def query(self, standing: str) -> str:
        """Return the query of the same filter with another standing."""
        pairs = {"standing": standing, "room": self.room, "find": self.find}
        return urlencode({name: value for name, value in pairs.items() if value})


@dataclass(frozen=True, slots=True)
class Count:
    """One filter across the top: its name, its word and how many rows it has."""

    standing: str
    label: str
    number: int
    query: str
    current: bool


def numbers(lines: Iterable[Line]) -> dict[str, int]:
    """Count the rows by every filter."""
    counted = dict.fromkeys(LABELS, 0)
    for line in lines:
        counted[""] += 1
        counted[line.standing] += 1
        counted[ATTENTION] += line.attention
    return counted


def counts(lines: Iterable[Line], showing: Showing) -> list[Count]:
    """Return the filters with their numbers, in the board's order."""
    counted = numbers(lines)
    return [
        Count(name, str(label), counted[name], showing.query(name), name == showing.standing)
        for name, label in LABELS.items()
    ]
