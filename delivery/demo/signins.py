"""The sign-ins of the demo: kept under var/ for their owner alone, and printed as a table."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

FILE: Final = "demo.json"


@dataclass(frozen=True, slots=True)
class SignIn:
    """One way in: whose page, the name, the access code or password, and what to look at."""

    page: str
    name: str
    secret: str
    hint: str


def path() -> Path:
    return Path(settings.VAR_DIR) / FILE


def keep(signins: Sequence[SignIn]) -> None:
    """Write the sign-ins so that only the owner of the process can read them."""
    path().parent.mkdir(parents=True, exist_ok=True)
    path().unlink(missing_ok=True)
    opened = os.open(path(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        json.dump([asdict(signin) for signin in signins], file, ensure_ascii=False, indent=1)


def kept() -> tuple[SignIn, ...]:
    """The sign-ins of the demo that stands; none where none was loaded."""
    try:
        rows = json.loads(path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(SignIn(**row) for row in rows)


def table(signins: Sequence[SignIn]) -> Iterator[str]:
    """The lines of the table."""
    head = SignIn("Page", "Name", "Code or password", "What to see")
    rows = [(row.page, row.name, row.secret, row.hint) for row in (head, *signins)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for at, row in enumerate(rows):
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[3]))
        if at == 0:
            yield "  ".join("-" * width for width in (*widths, len(head.hint)))
