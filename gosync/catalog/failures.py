"""Failures: what failed, why, and when it is tried again.

One open failure for an item; an item is a ``ModuleVersion``, or with version "" the
module itself, or with path "" something of the run (its version then names it).
Back-off by attempt: the first failure is due again at once (the next run), the
second after 60 s, then doubling up to 24 h; a Retry-After that is longer wins.
Evidence of misbehaviour stands until the item is admitted: a later time-out or
404 of the same item counts as an attempt, but does not replace the reason.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import asdict

from gosync.catalog.connection import Connection
from gosync.catalog.sqlite_errors import reading_row
from gosync.clock import format_time, shift
from gosync.errors import (
    GosyncError,
    SecurityError,
    UpstreamStatusError,
    VolumeSpentError,
)
from gosync.gomod.module import ModuleVersion, OfVersion

FIRST_DELAY_SECONDS = 60.0
MAX_DELAY_SECONDS = 24 * 3600.0
MAX_REASON_CHARACTERS = 2_000


class Failure(OfVersion, msgspec.Struct, frozen=True):
    """An open failure; the fields are the table's columns, in their order.

    Attributes:
        path: The module path.
        version: The version, or "".
        kind: What was being had: "list", "latest", "info", "mod", "zip", "proof" ...
        error: The error's class.
        reason: The error's sentence.
        exit_code: The error's exit code.
        attempts: How often in a row it failed.
        first_at: When it failed first.
        last_at: When it failed last.
        next_try_at: From when it is due again.
        upstream: Whom it was met at, as the configuration named that, without
            secrets; "" where that is nobody in particular.
    """

    path: str
    version: str
    kind: str
    error: str
    reason: str
    exit_code: int
    attempts: int
    first_at: str
    last_at: str
    next_try_at: str
    upstream: str = ""

    def was(self, kind: type[GosyncError]) -> bool:
        """Return whether the error was of this very class."""
        return self.error == kind.__name__


_COLUMNS = ", ".join(Failure.__struct_fields__)


def back_off_seconds(attempts: int) -> float:
    """Return how long to wait after this many failures in a row."""
    if attempts <= 1:
        return 0.0
    # The exponent is bounded so that a row of any age stays a number.
    doubled = FIRST_DELAY_SECONDS * 2.0 ** min(attempts - 2, 32)
    return min(doubled, MAX_DELAY_SECONDS)


def _delay_seconds(attempts: int, error: GosyncError) -> float:
    """Return how long to wait; a month that ends ends for all at once."""
    asked = _retry_after_seconds(error)
    if isinstance(error, VolumeSpentError):
        return asked
    return max(back_off_seconds(attempts), asked)


def _retry_after_seconds(error: GosyncError) -> float:
    if isinstance(error, UpstreamStatusError | VolumeSpentError):
        return min(error.retry_after_seconds or 0.0, MAX_DELAY_SECONDS)
    return 0.0


def _reason(error: GosyncError) -> str:
    return str(error)[:MAX_REASON_CHARACTERS]


def _outweighs(before: Failure, error: GosyncError) -> bool:
    """Whether evidence of misbehaviour stands against a mere lack of an answer."""
    was_security = before.exit_code == SecurityError.exit_code
    return was_security and not isinstance(error, SecurityError)


@reading_row
def _failure(row: sqlite3.Row) -> Failure:
    return Failure(*row)


class Failures:
    """The table of open failures."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(
        self,
        item: ModuleVersion,
        *,
        kind: str,
        error: GosyncError,
        now: datetime,
        upstream: str = "",
    ) -> Failure:
        """Write down a failure and when the item is due again; return the row.

        What was met at another upstream is over: the count begins anew.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            before = self.get(item)
            if before is not None and before.upstream not in ("", upstream):
                before = None
            attempts = 1 if before is None else before.attempts + 1
            delay = _delay_seconds(attempts, error)
            finding = (type(error).__name__, _reason(error), error.exit_code)
            if before is not None and _outweighs(before, error):
                finding = (before.error, before.reason, before.exit_code)
            failure = Failure(
                item.path,
                item.version,
                kind,
                *finding,
                attempts,
                format_time(now) if before is None else before.first_at,
                format_time(now),
                format_time(shift(now, timedelta(seconds=delay))),
                upstream,
            )
            self._connection.replace("failures", [asdict(failure)])
        return failure

    def settle_clock(self, now: datetime) -> int:
        """Make due what waits for longer than anything ever waits.

        Its next try was planned by a clock that was ahead. Returns how many.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        latest = shift(now, timedelta(seconds=MAX_DELAY_SECONDS))
        return self._connection.write(
            "UPDATE failures SET next_try_at = ? WHERE next_try_at > ?",
            (format_time(now), format_time(latest)),
        )

    def clear(self, items: Iterable[ModuleVersion]) -> int:
        """Forget the failures of these items; return how many there were.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        return self._connection.write_many(
            "DELETE FROM failures WHERE path = ? AND version = ?",
            ((item.path, item.version) for item in items),
        )

    def get(self, item: ModuleVersion) -> Failure | None:
        """Return the open failure of an item, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT {_COLUMNS} FROM failures WHERE path = ? AND version = ?",  # noqa: S608 - own names
            (item.path, item.version),
        )
        return None if row is None else _failure(row)

    def open(self) -> list[Failure]:
        """Return all open failures by path and version.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM failures ORDER BY path, version"  # noqa: S608 - own names
        )
        return [_failure(row) for row in found]

    def count(self) -> int:
        """Return how many failures are open.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row("SELECT count(*) FROM failures")
        return 0 if row is None else int(row[0])
