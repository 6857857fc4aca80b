"""Files that answers hold: their names, and where they are seen again."""

from collections.abc import Callable

from assembly.qti import interactions_other


def name(value: str) -> str:
    if interactions_other.referred(value):
        return value.partition(";name=")[2]
    head = value[:300].partition(";base64,")[0]
    return head.partition(";name=")[2]


def address(value: str, file_url: Callable[[str], str] | None) -> str:
    """In the page itself, or where the file was handed in; "" where it cannot be seen here."""
    digest = interactions_other.referred(value)
    if not digest:
        return value if interactions_other.is_file(value) else ""
    return file_url(digest) if file_url is not None else ""
