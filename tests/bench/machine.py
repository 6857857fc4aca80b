"""CPU time and memory of process trees, read from /proc."""

import os
from pathlib import Path

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _parents() -> dict[int, int]:
    """The parent of every process."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return {pid: int(fields[1]) for pid in pids if (fields := _stat(pid))}


def children(pid: int) -> set[int]:
    return {child for child, parent in _parents().items() if parent == pid}


def tree(pid: int) -> set[int]:
    parents, found = _parents(), {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def cpu_ms(pid: int) -> float:
    """CPU time of a process and its children, those that ended included."""
    total = 0
    for one in tree(pid):
        fields = _stat(one)
        if fields:
            ended = fields[13:15] if one == pid else []
            total += sum(int(ticks) for ticks in [*fields[11:13], *ended])
    return total * TICK_MS


def resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
