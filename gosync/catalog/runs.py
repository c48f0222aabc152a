"""Runs: when gosync ran, how it ended, what it did.

A run without an end is at work, or was killed; one that ended without an exit code
was stopped, because a signal or a time limit asked for it. The summary is JSON,
versioned by its writer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Final

import msgspec

from gosync.catalog.connection import Connection
from gosync.clock import Clock, format_time
from gosync.errors import GosyncError, StoreError

_BUG: Final = 1
_STOPPED: Final = frozenset({None, 130, 143})


class Run(msgspec.Struct, frozen=True):
    """One run; the fields are the table's columns, in their order.

    Attributes:
        id: Its number, ascending.
        command: The command's name.
        started_at: When it began.
        ended_at: When it ended; None while it is at work, and if it was killed.
        exit_code: How it ended; None too where it was cancelled.
        requests: How many requests it sent.
        bytes: How many bytes of bodies it received.
        summary: A JSON object.
    """

    id: int
    command: str
    started_at: str
    ended_at: str | None
    exit_code: int | None
    requests: int
    bytes: int
    summary: str

    @property
    def was_stopped(self) -> bool:
        """Whether it ended because it was asked to, before its work was done."""
        return self.ended_at is not None and self.exit_code in _STOPPED


_COLUMNS = ", ".join(Run.__struct_fields__)


class Runs:
    """The table of runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @contextmanager
    def during(self, command: str, clock: Clock) -> Iterator[int]:
        """Write down that a run begins, and how it ended where it did not finish.

        Yields:
            Its number, for ``finish``.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        run_id = self.start(command, clock.now())
        try:
            yield run_id
        except BaseException as exc:
            with suppress(StoreError):  # the first error counts
                self.finish(run_id, clock.now(), exit_code=_exit_code(exc))
            raise

    def start(self, command: str, now: datetime) -> int:
        """Write down that a run begins; return its number.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            found = self._connection.rows(
                "INSERT INTO runs (command, started_at) VALUES (?, ?) RETURNING id",
                (command, format_time(now)),
            )
        return int(found[0][0])

    def finish(
        self,
        run_id: int,
        now: datetime,
        *,
        exit_code: int | None,
        requests: int = 0,
        received_bytes: int = 0,
        summary: str = "{}",
    ) -> None:
        """Write down how a run ended.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "UPDATE runs SET ended_at = ?, exit_code = ?, requests = ?, bytes = ?,"
            " summary = ? WHERE id = ?",
            (format_time(now), exit_code, requests, received_bytes, summary, run_id),
        )

    def trim(self, *, keep: int) -> None:
        """Drop all but the newest runs: a daemon has tens of thousands a year.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?", (keep,)
        )

    def last_finished(self, command: str) -> str | None:
        """Return when a command last came to its end, having had answers.

        What ended with 3 did its work, and found something missing.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT max(ended_at) FROM runs WHERE command = ? AND exit_code IN (0, 3)",
            (command,),
        )
        return None if row is None else row[0]

    def latest(self, *, limit: int = 1) -> list[Run]:
        """Return the newest runs, newest first.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM runs ORDER BY id DESC LIMIT ?",  # noqa: S608 - own names
            (limit,),
        )
        return [Run(*row) for row in found]


def _exit_code(error: BaseException) -> int | None:
    """Return how a process would end with this; None for what was cancelled."""
    if isinstance(error, GosyncError):
        return error.exit_code
    return _BUG if isinstance(error, Exception) else None
