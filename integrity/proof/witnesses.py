"""Witnesses: upper layers say how what they keep compares with what the ledger recorded of it.

The ledger holds digests and never the things themselves, and it has never heard of an exam: who
keeps the things names a witness in the settings, and whoever verifies the ledger hears them all.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.utils.module_loading import import_string

from integrity.chain import Break, BreakKind
from integrity.ledger import Verdict
from integrity.proof import seals


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not what its entry recorded; `said` and `found` are lines, side by side.

    `seq` is the entry's number, 0 where no entry speaks of what was found.
    """

    stream: str
    seq: int
    kind: BreakKind
    what: str
    said: tuple[tuple[str, str], ...]
    found: tuple[tuple[str, str], ...]

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.stream, 0, Break(self.kind, self.seq))


# Given names of streams, or None for all of them; those it has never heard of it leaves out.
Witness = Callable[[Sequence[str] | None], Iterator[Difference]]


def verify(streams: Sequence[str]) -> list[Verdict]:
    """Walk some streams, compare them with their seals, and hear what differs beside them."""
    verdicts = seals.verify_streams(streams)
    first: dict[str, Verdict] = {}
    for difference in differences(streams) if streams else ():
        first.setdefault(difference.stream, difference.verdict)
    return [
        replace(verdict, broken=first[verdict.stream].broken)
        if verdict.is_whole and verdict.stream in first
        else verdict
        for verdict in verdicts
    ]


def differences(streams: Sequence[str] | None = None) -> Iterator[Difference]:
    """Yield every difference that a witness finds in some streams, or in all of them."""
    for path in settings.LEDGER_WITNESSES:
        witness: Witness = import_string(path)
        yield from witness(streams)
