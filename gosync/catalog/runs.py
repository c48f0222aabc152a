"""Runs: when gosync ran, how it ended, what it did.

A run without an end was killed. The summary is JSON, versioned by its writer.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from gosync.clock import format_time

if TYPE_CHECKING:
    from datetime import datetime

    from gosync.catalog.connection import Connection


@dataclass(frozen=True, slots=True)
class Run:
    """One run; the fields are the table's columns, in their order.

    Attributes:
        id: Its number, ascending.
        command: The command's name.
        started_at: When it began.
        ended_at: When it ended, or None.
        exit_code: How it ended, or None.
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


_COLUMNS = ", ".join(field.name for field in fields(Run))


class Runs:
    """The table of runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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
        exit_code: int,
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
