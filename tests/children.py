"""Worker processes that this process has started, as the system lists them."""

from __future__ import annotations

import os
from pathlib import Path


def workers_here() -> list[int]:
    """Return the numbers of those that still run."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        state, parent = _state(each) or ("Z", "")
        if state != "Z" and int(parent) == os.getpid() and _is_worker(each):
            found.append(int(each.name))
    return sorted(found)


def is_running(process: int) -> bool:
    """Whether a process runs; one that ended and is not waited for does not."""
    return (_state(Path(f"/proc/{process}")) or ("Z", ""))[0] != "Z"


def _is_worker(folder: Path) -> bool:
    return b"gosync.work.workers" in (folder / "cmdline").read_bytes()


def _state(folder: Path) -> tuple[str, str] | None:
    try:
        state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return state, parent
