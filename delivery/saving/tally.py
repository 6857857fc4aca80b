"""What this process counts while it saves: cheap enough for every answer, asked for by metrics."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from delivery.saving.responses import Outcome, Refused, Save

# Upper bounds in seconds, as Prometheus names buckets.
BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Tally:
    """Counts since the process began."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.saved = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.refused: Counter[str] = Counter()
        self.quarantined = 0
        self.failed = 0
        self.sockets: Counter[str] = Counter()

    def note(self, saves: Sequence[Save], outcomes: Sequence[Outcome], at: datetime) -> None:
        """Count a batch; `at` is when it was committed."""
        with self.lock:
            for one, outcome in zip(saves, outcomes, strict=True):
                if isinstance(outcome, Refused):
                    self.refused[outcome.refusal.reason] += 1
                    self.quarantined += outcome.kept_as is not None
                    continue
                seconds = max(0.0, (at - one.received_at).total_seconds())
                self.saved[bisect_left(BOUNDS, seconds)] += 1
                self.seconds += seconds


here: Final = Tally()
