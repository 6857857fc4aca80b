"""Anchors: places outside that are told of our checkpoints, so that nobody can take one back.

A target is `file:/mount/checkpoints.jsonl`, on a disk that only grows or belongs to somebody
else, `mailto:board@example.org`, or `rfc3161+https://tsa.example.org/` for a time stamp; what
follows a `#` there is a file with the authority's certificates. Anchoring runs by itself and is
never in the way of an exam: it takes seconds at most, and what fails is tried again ever later.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from django.conf import settings
from django.core.mail import send_mail

from integrity import chain
from integrity.models import Anchor, Checkpoint
from integrity.proof import seals, timestamps
from integrity.proof.timestamps import StampError

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
# All targets together: what is left waits for the next time.
MOST_SECONDS = 15.0


class AnchorError(Exception):
    """A target that cannot be used; the message is a sentence."""


def drop_all(at: datetime) -> list[Anchor]:
    """Tell every target that has not heard of the last checkpoint; return those that failed."""
    checkpoint = seals.last_checkpoint()
    if checkpoint is None:
        return []
    known = {row.target: row for row in Anchor.objects.all()}
    rows = [known.get(target) or Anchor(target=target) for target in settings.LEDGER_ANCHORS]
    due = [row for row in rows if row.size < checkpoint.size and _is_due(row, at)]
    until = time.monotonic() + MOST_SECONDS
    told = []
    for row in due:
        if time.monotonic() < until:
            _drop(row, checkpoint, at)
            told.append(row)
    return [row for row in told if row.error]


def _is_due(row: Anchor, at: datetime) -> bool:
    """A target that fails is left alone for a minute, then for two, four, at most an hour."""
    if not row.error:
        return True
    wait: timedelta = min(FIRST_WAIT * 2 ** max(0, row.failures - 1), LONGEST_WAIT)
    return (chain.milliseconds(at) - row.at_ms) * chain.MILLISECOND >= wait


def _drop(row: Anchor, checkpoint: Checkpoint, at: datetime) -> None:
    scheme = row.target.partition(":")[0]
    row.at_ms, row.error = chain.milliseconds(at), ""
    try:
        if scheme not in SCHEMES:
            raise AnchorError(f"An anchor begins with {', '.join(SCHEMES)}, and a colon.")
        SCHEMES[scheme](row.target, checkpoint, at)
        row.size, row.failures = checkpoint.size, 0
    except (AnchorError, StampError, OSError) as error:  # a mail server's refusal is an OSError
        row.error, row.failures = str(error), row.failures + 1
    row.save()


def _address(target: str) -> str:
    return unquote(target.partition(":")[2])


def _append_to_file(target: str, checkpoint: Checkpoint, at: datetime) -> None:
    line = json.dumps({"at_ms": checkpoint.at_ms, "note": checkpoint.note}, ensure_ascii=False)
    with Path(_address(target)).open("a") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def _send_by_mail(target: str, checkpoint: Checkpoint, at: datetime) -> None:
    subject = f"Checkpoint over {checkpoint.size} heads"
    send_mail(subject, checkpoint.note, from_email=None, recipient_list=[_address(target)])


def _have_stamped(target: str, checkpoint: Checkpoint, at: datetime) -> None:
    url, _, file = target.removeprefix("rfc3161+").partition("#")
    roots = timestamps.certificates(Path(unquote(file))) if file else []
    answer = timestamps.ask(url, checkpoint.note)
    timestamps.verify(answer, checkpoint.note, roots)
    timestamps.keep(target, checkpoint, answer, at)


SCHEMES: dict[str, Callable[[str, Checkpoint, datetime], None]] = {
    "file": _append_to_file,
    "mailto": _send_by_mail,
    "rfc3161+https": _have_stamped,
    "rfc3161+http": _have_stamped,
}


def notes(file: Path) -> Iterator[str]:
    """Yield the notes that a file holds; raises AnchorError for what is no such file."""
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        try:
            note = json.loads(line)["note"]
        except (ValueError, LookupError, TypeError) as error:
            raise AnchorError(f"Line {number} of {file} is not an anchored checkpoint.") from error
        yield str(note)
