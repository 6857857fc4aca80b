"""Files of an upload, read one at a time and never by a name that leaves it."""

from __future__ import annotations

import io
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from assembly.qti.errors import ReadingError

MANIFEST = "imsmanifest.xml"
MAX_MEMBERS = 20_000
MAX_DIRECTORY = 8 * 1024 * 1024  # of 20,000 files with names of 300 letters and their extras
DIRECTORY_END = 22
MAX_MEMBER = 64 * 1024 * 1024
MAX_TOTAL = 1024 * 1024 * 1024
MAX_RATIO = 120  # XML rarely passes 40, a zip bomb reaches 1,000
SMALL = 1024 * 1024  # below this a ratio says nothing
# All that the readers of zips and of what is packed in them may raise at broken bytes.
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
)
CHUNK = 64 * 1024
DRIVE = re.compile(r"^[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Files:
    """The members of a zip, a folder or a single file by their names with forward slashes."""

    name: str
    kind: Literal["zip", "folder", "file"]
    names: frozenset[str]
    holds: Callable[[str], bool]
    read: Callable[[str], bytes]
    main: str = ""
    close: Callable[[], None] = lambda: None

    def documents(self) -> list[str]:
        """Names of XML documents: all of a folder's, or the one file that was given."""
        if self.main:
            return [self.main]
        return sorted(name for name in self.names if name.lower().endswith(".xml"))


def open_files(source: Path | str | bytes | BinaryIO, name: str = "") -> Files:
    if isinstance(source, str | Path):
        path = Path(source)
        if path.is_dir():
            return _folder(path, path.name)
        if not path.is_file():
            raise ReadingError(f"There is no file {path}.", reason="missing_file")
        with path.open("rb") as head:
            zipped = head.read(2) == b"PK"
        return _zip(path.open("rb"), path.name) if zipped else _single(path)
    handle = io.BytesIO(source) if isinstance(source, bytes) else source
    zipped = handle.read(2) == b"PK"
    handle.seek(0)
    return _zip(handle, name or "The upload") if zipped else _document(handle, name or "upload.xml")


def safe_name(name: str) -> str:
    """The name with forward slashes, or ReadingError where it would leave the package."""
    plain = name.replace("\\", "/")
    parts = PurePosixPath(plain).parts
    if plain.startswith("/") or DRIVE.match(plain) or ".." in parts or "\0" in name:
        raise ReadingError(
            f"The package holds a file whose name leads outside it: {name!r}.",
            reason="path_traversal",
        )
    return str(PurePosixPath(plain))


def _zip(handle: BinaryIO, name: str) -> Files:
    try:
        _refuse_crowd(handle)
        opened = zipfile.ZipFile(handle)
    except DAMAGED as error:
        handle.close()
        raise ReadingError(f"{name} is not a readable zip file.", reason="not_zip") from error
    except ReadingError:
        handle.close()
        raise

    def close() -> None:
        opened.close()
        handle.close()

    try:
        members = _members(opened)
    except ReadingError:
        close()
        raise
    return Files(
        name,
        "zip",
        frozenset(members),
        members.__contains__,
        lambda key: _extract(opened, members[key]),
        close=close,
    )


def _refuse_crowd(handle: BinaryIO) -> None:
    """Look at the end of the zip's directory before anybody reads a million entries of it.

    Folders have entries, too. What the end says of their number may be a lie, but not its size.
    """
    end = handle.seek(0, io.SEEK_END)
    handle.seek(max(0, end - DIRECTORY_END - 65_536))
    tail = handle.read()
    handle.seek(0)
    at = tail.rfind(b"PK\5\6")
    wide = tail.rfind(b"PK\6\6", 0, max(at, 0))
    count, size = _number(tail, at + 10, 2), _number(tail, at + 12, 4)
    if wide >= 0 and 0xFFFF in (count, size >> 16):
        count, size = _number(tail, wide + 32, 8), _number(tail, wide + 40, 8)
    if at >= 0 and (count > 2 * MAX_MEMBERS or size > MAX_DIRECTORY):
        raise ReadingError(
            f"The package holds far more than {MAX_MEMBERS} files.", reason="too_many_files"
        )


def _number(source: bytes, at: int, width: int) -> int:
    return int.from_bytes(source[at : at + width], "little")


def _members(opened: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in opened.infolist():
        # zipfile ends a name at its first NUL.
        if info.filename in ("", "."):
            raise ReadingError("The package holds a file without a name.", reason="unnamed")
        if info.is_dir():
            safe_name(info.filename)
            continue
        member = _checked(info)
        if member in members:
            raise ReadingError(f"The package holds {member} twice.", reason="duplicate_name")
        members[member] = info
    _check_sizes(list(members.values()))
    return members


def _checked(info: zipfile.ZipInfo) -> str:
    name = safe_name(info.filename)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ReadingError(f"The package holds a symbolic link: {name}.", reason="symlink")
    if info.flag_bits & 1:
        raise ReadingError(
            f"The package is encrypted ({name}): upload it without a password.", reason="encrypted"
        )
    if info.file_size > SMALL and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise ReadingError(
            f"{name} would unpack to more than {MAX_RATIO} times its size: "
            "this looks like a zip bomb.",
            reason="zip_bomb",
        )
    return name


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise ReadingError(
            f"The package holds {len(members)} files; at most {MAX_MEMBERS} are read.",
            reason="too_many_files",
        )
    for info in members:
        if info.file_size > MAX_MEMBER:
            raise _too_large(info.filename)
    total = sum(info.file_size for info in members)
    if total > MAX_TOTAL:
        raise ReadingError(
            f"The package would unpack to {total // 2**20} MB; at most {MAX_TOTAL // 2**20} MB "
            "are read.",
            reason="too_large",
        )


def _too_large(name: str) -> ReadingError:
    return ReadingError(
        f"{name} is larger than {MAX_MEMBER // 2**20} MB.",
        reason="too_large",
    )


def _extract(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # The directory's sizes are only claims: what really comes out is counted, too.
    content = bytearray()
    try:
        with opened.open(info) as stream:
            while chunk := stream.read(CHUNK):
                content += chunk
                if len(content) > min(info.file_size, MAX_MEMBER):
                    raise _too_large(info.filename)
    except DAMAGED as error:
        raise ReadingError(
            f"{info.filename} in the package is damaged or packed in an unknown way.",
            reason="damaged",
        ) from error
    return bytes(content)


def _folder(path: Path, name: str) -> Files:
    found: dict[str, Path] = {}
    total = 0
    for member in sorted(path.rglob("*")):
        if member.is_symlink():
            raise ReadingError(
                f"The folder holds a symbolic link: {member.relative_to(path)}.", reason="symlink"
            )
        if not member.is_file():
            continue
        total += member.stat().st_size
        found[member.relative_to(path).as_posix()] = member
        if total > MAX_TOTAL or len(found) > MAX_MEMBERS:
            raise ReadingError(f"The folder {name} is too large to import.", reason="too_large")
    names = frozenset(found)
    return Files(name, "folder", names, found.__contains__, lambda key: _read(found[key], key))


def _single(path: Path) -> Files:
    """One file; what its links mean is looked up in its package's folder or its own."""
    folders = list(path.resolve().parents)[:4]
    root = next((folder for folder in folders if (folder / MANIFEST).is_file()), folders[0])
    main = path.resolve().relative_to(root).as_posix()

    def holds(name: str) -> bool:
        found = root / safe_name(name)
        return found.is_file() and found.resolve().is_relative_to(root)

    return Files(
        path.name, "file", frozenset({main}), holds, lambda key: _read(root / key, key), main=main
    )


def _document(handle: BinaryIO, name: str) -> Files:
    content = handle.read(MAX_MEMBER + 1)
    if len(content) > MAX_MEMBER:
        raise _too_large(name)
    # Only the last part of an uploaded name is the file's.
    plain = PurePosixPath(name.replace("\\", "/")).name or "upload.xml"
    names = frozenset({plain})
    return Files(plain, "file", names, names.__contains__, lambda _key: content, main=plain)


def _read(path: Path, name: str) -> bytes:
    if path.stat().st_size > MAX_MEMBER:
        raise _too_large(name)
    return path.read_bytes()
