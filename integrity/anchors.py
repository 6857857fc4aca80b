"""Anchors: places outside that are told of our checkpoints, so that nobody can take one back.

A target is `file:/mount/checkpoints.jsonl`, on a disk that only grows or belongs to somebody
else, or `mailto:board@example.org`. Anchoring runs by itself and is never in the way of an exam.
"""

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from django.conf import settings
from django.core.mail import send_mail

from integrity import chain, seals
from integrity.models import Anchor, Checkpoint


class AnchorError(Exception):
    """A target that cannot be used; the message is a sentence."""


def drop_all(at: datetime) -> list[Anchor]:
    """Tell every target that has not heard of the last checkpoint; return those that failed."""
    checkpoint = seals.last_checkpoint()
    if checkpoint is None:
        return []
    known = {row.target: row for row in Anchor.objects.all()}
    rows = [known.get(target) or Anchor(target=target) for target in settings.LEDGER_ANCHORS]
    due = [row for row in rows if row.size < checkpoint.size]
    for row in due:
        _drop(row, checkpoint, at)
    return [row for row in due if row.error]


def _drop(row: Anchor, checkpoint: Checkpoint, at: datetime) -> None:
    scheme, _, rest = row.target.partition(":")
    row.at_ms, row.error = chain.milliseconds(at), ""
    try:
        if scheme not in SCHEMES:
            raise AnchorError("An anchor begins with file: or mailto:.")
        SCHEMES[scheme](unquote(rest), checkpoint)
        row.size = checkpoint.size
    except (AnchorError, OSError) as error:  # a mail server's refusal is an OSError, too
        row.error = str(error)
    row.save()


def _append_to_file(path: str, checkpoint: Checkpoint) -> None:
    line = json.dumps({"at_ms": checkpoint.at_ms, "note": checkpoint.note}, ensure_ascii=False)
    with Path(path).open("a") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def _send_by_mail(address: str, checkpoint: Checkpoint) -> None:
    subject = f"Checkpoint over {checkpoint.size} heads"
    send_mail(subject, checkpoint.note, from_email=None, recipient_list=[address])


SCHEMES: dict[str, Callable[[str, Checkpoint], None]] = {
    "file": _append_to_file,
    "mailto": _send_by_mail,
}


def notes(file: Path) -> Iterator[str]:
    """Yield the notes that a file holds; raises AnchorError for what is no such file."""
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        try:
            note = json.loads(line)["note"]
        except (ValueError, LookupError, TypeError) as error:
            raise AnchorError(f"Line {number} of {file} is not an anchored checkpoint.") from error
        yield str(note)
