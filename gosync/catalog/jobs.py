"""Jobs of the daemon: when each ran last, how that ended, when it runs next.

A job that has begun and not ended was killed. What is here can be lost without
harm: a job that is not here is due.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from gosync.catalog.connection import Connection
from gosync.clock import format_time


class JobRow(msgspec.Struct, frozen=True):
    """One job; the fields are the table's columns, in their order.

    Attributes:
        name: The job.
        started_at: When its last run began.
        ended_at: When that ended, or None.
        exit_code: How it ended, or None.
        error: Why it failed, "" when it did not.
        summary: What it did, a JSON object.
        next_run_at: When it is due next, or None where others run it.
        succeeded_at: When a run last ended well, whatever it found, or None.
        failures: How many runs in a row have failed.
        told_at: When hooks were last told of these failures, or None.
    """

    name: str
    started_at: str
    ended_at: str | None
    exit_code: int | None
    error: str
    summary: str
    next_run_at: str | None
    succeeded_at: str | None
    failures: int
    told_at: str | None


_COLUMNS = ", ".join(JobRow.__struct_fields__)


class Jobs:
    """The table of jobs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[JobRow]:
        """Return every job by name.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(f"SELECT {_COLUMNS} FROM jobs ORDER BY name")  # noqa: S608 - own names
        return [JobRow(*row) for row in found]

    def get(self, name: str) -> JobRow | None:
        """Return a job, or None when it never ran.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT {_COLUMNS} FROM jobs WHERE name = ?",  # noqa: S608 - own names
            (name,),
        )
        return None if row is None else JobRow(*row)

    def start(self, name: str, now: datetime, next_run: datetime | None) -> None:
        """Write down that a run begins, and when the next one is due.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "INSERT INTO jobs (name, started_at, next_run_at) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at,"
            " next_run_at = excluded.next_run_at, ended_at = NULL, exit_code = NULL",
            (name, format_time(now), format_time(next_run) if next_run else None),
        )

    def finish(
        self,
        name: str,
        now: datetime,
        *,
        exit_code: int,
        is_good: bool,
        error: str,
        summary: str,
    ) -> None:
        """Write down how a run ended; a good end ends the count of failures.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "UPDATE jobs SET ended_at = :now, exit_code = :code, error = :error,"
            " summary = :summary,"
            " failures = CASE :good WHEN 1 THEN 0 ELSE failures + 1 END,"
            " succeeded_at = CASE :good WHEN 1 THEN :now ELSE succeeded_at END,"
            " told_at = CASE :good WHEN 1 THEN NULL ELSE told_at END"
            " WHERE name = :name",
            {
                "name": name,
                "now": format_time(now),
                "code": exit_code,
                "good": int(is_good),
                "error": error,
                "summary": summary,
            },
        )

    def interrupt(self, name: str, now: datetime, *, exit_code: int) -> None:
        """Write down that a run was ended early, which is no failure: it is due.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "UPDATE jobs SET ended_at = :now, exit_code = :code, next_run_at = :now"
            " WHERE name = :name",
            {"name": name, "now": format_time(now), "code": exit_code},
        )

    def told(self, name: str, now: datetime) -> None:
        """Write down that hooks are told of a failure.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "UPDATE jobs SET told_at = ? WHERE name = ?", (format_time(now), name)
        )
