"""Lease holders: runs of gosync that hold leases, and whether they are alive.

A holder is one run, in one process. It is gone

- where its pid can be looked up from here (the same boot, the same pid namespace): as
  soon as there is no such process any more, or one that started at another time;
- elsewhere, as in another container or before a reboot: when its heartbeat is older
  than LOST_SECONDS.

What a holder has goes with its row: leases, its waiting for some, announcements.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from gosync.catalog.connection import Connection
from gosync.clock import format_time, parse_time

BEAT_SECONDS: Final = 10.0
LOST_SECONDS: Final = 60.0
_ENDED: Final = frozenset("ZX")  # a process that was killed and not yet waited for


class ProcessId(msgspec.Struct, frozen=True):
    """A process, told from every other one that ever has its pid.

    Attributes:
        pid: Its number.
        started: When it started, in the kernel's ticks since boot; 0 if unknown.
        place: Boot id and pid namespace, "" if unknown: where the pid means it.
    """

    pid: int
    started: int
    place: str


class HolderRow(msgspec.Struct, frozen=True):
    """A holder; the fields are the table's columns, in their order.

    Attributes:
        id: Its number, never given twice.
        pid: Its process, in that process's own namespace.
        started: As in ProcessId.
        place: As in ProcessId.
        command: What it runs.
        since: Since when.
        beat_at: When it last said that it lives.
    """

    id: int
    pid: int
    started: int
    place: str
    command: str
    since: str
    beat_at: str

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.command}) since {self.since}"

    @property
    def process(self) -> ProcessId:
        """Its process."""
        return ProcessId(self.pid, self.started, self.place)


COLUMNS: Final = ", ".join(f"holders.{name}" for name in HolderRow.__struct_fields__)


def this_process() -> ProcessId:
    """Return this process."""
    pid = os.getpid()
    return ProcessId(pid, _started(pid) or 0, _place())


def _started(pid: int) -> int | None:
    """Return when a process started; None if it is not there, or has ended."""
    with suppress(OSError, ValueError, IndexError):
        stat = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
        # The name in parentheses may hold anything; the state is the third field.
        state, *rest = stat.rpartition(")")[2].split()
        return None if state in _ENDED else int(rest[18])
    return None


@lru_cache(maxsize=1)
def _place() -> str:
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


def is_gone(holder: HolderRow, now: datetime) -> bool:
    """Return whether a holder of another process is not alive any more."""
    if holder.place and holder.place == _place():
        return _started(holder.pid) != holder.started
    silence = abs(now - parse_time(holder.beat_at))
    return silence > timedelta(seconds=LOST_SECONDS)


class Holders:
    """The table of holders."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[HolderRow]:
        """Return every holder, the oldest first, gone or not.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(f"SELECT {COLUMNS} FROM holders ORDER BY id")  # noqa: S608 - own names
        return [HolderRow(*row) for row in found]

    def alive(self, now: datetime) -> list[HolderRow]:
        """Return the holders that are not gone, the oldest first.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return [each for each in self.all() if not is_gone(each, now)]

    def add(self, process: ProcessId, command: str, now: datetime) -> int:
        """Write a holder down; return its number.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        at = format_time(now)
        with self._connection.brief_transaction():
            found = self._connection.rows(
                "INSERT INTO holders (pid, started, place, command, since, beat_at)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
                (process.pid, process.started, process.place, command, at, at),
            )
        return int(found[0][0])

    def beat(self, holder: int, now: datetime) -> None:
        """Write down that a holder lives.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.brief_transaction():
            self._connection.write(
                "UPDATE holders SET beat_at = ? WHERE id = ?",
                (format_time(now), holder),
            )

    def remove(self, holder: int) -> None:
        """Remove a holder, and with it whatever it has.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.brief_transaction():
            self._connection.write("DELETE FROM holders WHERE id = ?", (holder,))
