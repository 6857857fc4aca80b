"""Files that are there whole or not at all, readable by their owner alone."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkstemp


def make_once(file: Path, content: str | bytes) -> bool:
    """Make a file unless it is there; of several that make it at once one does, and is told so."""
    with _draft(file, content) as draft:
        try:
            os.link(draft, file)
        except FileExistsError:
            return False
    return True


def replace(file: Path, content: str | bytes) -> None:
    """Put a file where another may be."""
    with _draft(file, content) as draft:
        draft.replace(file)


@contextlib.contextmanager
def _draft(file: Path, content: str | bytes) -> Iterator[Path]:
    """Write a file of its own for each that asks: the threads of a process share its number."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = mkstemp(prefix=f".{file.name}.", dir=file.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as open_file:
            open_file.write(content.encode() if isinstance(content, str) else content)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
