"""How a package's own address of a file travels inside ours, folders above it included."""

from __future__ import annotations

from typing import Final

# A browser resolves ".." in an address itself: the folder above travels under another name.
UP: Final = "~up"
# So many folders stand above an item's own in the addresses that scripts resolve by themselves.
DEPTH: Final = 6
STEP: Final = "_"


def in_address(href: str) -> str:
    """Write an item's own address of a file so that it survives in ours."""
    return "/".join(UP if part == ".." else part for part in href.split("/"))


def from_address(path: str) -> str:
    """Return the address that `in_address` wrote."""
    return "/".join(".." if part == UP else part for part in path.split("/"))


def in_depth(href: str) -> str:
    """Write an address below so many folders that "../" in a script stays in the package."""
    folders = [STEP] * DEPTH
    for part in href.split("/"):
        if part == ".." and folders:
            folders.pop()
        elif part not in (".", ".."):
            folders.append(part)
    return "/".join(folders)


def from_depth(path: str) -> str:
    """Return the address that `in_depth` wrote, or that a browser resolved from one."""
    parts = path.split("/")
    steps = 0
    while steps < min(DEPTH, len(parts)) and parts[steps] == STEP:
        steps += 1
    return "/".join([".."] * (DEPTH - steps) + parts[steps:])
