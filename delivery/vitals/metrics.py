"""This process and its service as numbers, in the text format that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from delivery.saving import swift, tally
from delivery.saving.tally import Tally
from delivery.vitals.health import Check, Level

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# A check's figure under the name that says its unit.
FIGURES: Final = {
    "database": ("invigil_database_seconds", "How long the database took to answer."),
    "redis": ("invigil_redis_seconds", "How long Redis took to answer."),
    "sweep": ("invigil_sweep_late_seconds", "How long the session that waits longest is due."),
    "seal": ("invigil_ledger_unsealed_seconds", "How old the oldest unsealed entry is."),
}


def text(found: Sequence[Check], counts: Tally = tally.here) -> str:
    """Return all that is known; `found` are the checks of the service."""
    return "\n".join([*_saves(counts), *_now(counts), *_service(found), ""])


def _saves(counts: Tally) -> Iterator[str]:
    name = "invigil_save_seconds"
    yield f"# HELP {name} From the receipt of an answer to its commit."
    yield f"# TYPE {name} histogram"
    totals = list(accumulate(counts.saved))
    for bound, total in zip([*tally.BOUNDS, "+Inf"], totals, strict=True):
        yield f'{name}_bucket{{le="{bound}"}} {total}'
    yield f"{name}_sum {counts.seconds}"
    yield f"{name}_count {totals[-1]}"
    yield "# HELP invigil_saves_refused_total Answers refused, by reason."
    yield "# TYPE invigil_saves_refused_total counter"
    for reason, count in sorted(counts.refused.items()):
        yield f'invigil_saves_refused_total{{reason="{reason}"}} {count}'
    yield from _one("invigil_saves_quarantined_total", "counter", "Refused and kept.",
                    counts.quarantined)  # fmt: skip
    yield from _one("invigil_saves_failed_total", "counter", "Answers whose commit failed.",
                    counts.failed)  # fmt: skip


def _now(counts: Tally) -> Iterator[str]:
    yield from _one("invigil_lane_waiting", "gauge", "Answers behind the commit that runs.",
                    swift.waiting())  # fmt: skip
    yield "# HELP invigil_sockets Open sockets of this process."
    yield "# TYPE invigil_sockets gauge"
    yield f'invigil_sockets{{audience="candidate"}} {counts.sockets["candidate"]}'


def _service(found: Sequence[Check]) -> Iterator[str]:
    for check in found:
        if check.name in FIGURES and check.figure is not None:
            name, means = FIGURES[check.name]
            yield from _one(name, "gauge", means, check.figure)
    yield "# HELP invigil_up What the service stands on: 1 good, 0.5 poor, 0 down."
    yield "# TYPE invigil_up gauge"
    worth = {Level.GOOD: 1, Level.POOR: 0.5, Level.DOWN: 0}
    for check in found:
        if check.level in worth:
            yield f'invigil_up{{part="{check.name}"}} {worth[check.level]}'


def _one(name: str, kind: str, means: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {means}"
    yield f"# TYPE {name} {kind}"
    yield f"{name} {value}"
