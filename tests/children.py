"""Processes as the system lists them: workers of this one; whether one is at work."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
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


def have_ended(processes: Iterable[int], *, within_seconds: float = 60) -> bool:
    """Wait until none of the processes runs, and return whether that came about.

    A kill is a signal: who gets it ends when it is next run, which may take a while.
    """
    until = time.monotonic() + within_seconds
    while left := [each for each in processes if is_running(each)]:
        if time.monotonic() > until:
            return False
        processes = left
        time.sleep(0.02)
    return True


def all_wait(process: int, *, looks: int = 10) -> bool:
    """Whether every thread of a process and its children waits, at each of some looks.

    A thread that has something to do is running or ready to, however busy the machine.
    """
    for _ in range(looks):
        if any(state not in "SI" for state in _thread_states(process)):
            return False
        time.sleep(0.01)
    return True


def _thread_states(process: int) -> Iterator[str]:
    for thread in Path(f"/proc/{process}/task").glob("*"):
        state, _ = _state(thread) or ("S", "")
        yield state
        for child in (thread / "children").read_text().split():
            yield from _thread_states(int(child))


def _is_worker(folder: Path) -> bool:
    return b"gosync.work.workers" in (folder / "cmdline").read_bytes()


def _state(folder: Path) -> tuple[str, str] | None:
    try:
        state, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return state, parent
