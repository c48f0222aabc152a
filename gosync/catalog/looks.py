"""Looks: what an audit asks of whom, when it did so last, and what was said.

A look is one question, asked again and again: a module's list at one proxy, a
version's zip there. It is due when it never was asked, and an interval after its
last answer; a question that got none waits longer each time, so that it does not
stand in the way of the others. ``said`` is the last answer as JSON; its writer says
what is in it, and an unchanged file lets it stand.

What asking costs is kept beside it. ``spendings`` counts requests and bytes by
minute, written before a request leaves, so that an hour's budget outlives a
restart. ``rests`` names sources that give no answers, and until when they are left
alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from gosync.clock import format_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from gosync.catalog.connection import Connection

_MINUTE_CHARACTERS: Final = len("2026-11-25T02:45")
_WINDOW: Final = timedelta(minutes=60)  # and the minute that has begun


class What(StrEnum):
    """What is asked."""

    LIST = "list"
    NEWEST = "newest"
    INFO = "info"
    MOD = "mod"
    ZIP = "zip"
    INDEX = "index"
    REFS = "refs"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of whom.

    Attributes:
        source: Who is asked: a URL without secrets.
        path: The module path, or "".
        version: The version, or "".
        what: What is asked.
    """

    source: str
    path: str
    version: str
    what: What


@dataclass(frozen=True, slots=True)
class Look:
    """A question with its last answer; the fields are the table's columns.

    Attributes:
        source: As in Question.
        path: As in Question.
        version: As in Question.
        what: As in Question.
        due_at: When it is asked next; "" sorts before every time.
        looked_at: When it was answered last, or None.
        failures: How often in a row it got no answer.
        etag: What the last answer was marked with, or "".
        modified: The same.
        said: The last answer, as JSON.
    """

    source: str
    path: str
    version: str
    what: What
    due_at: str = ""
    looked_at: str | None = None
    failures: int = 0
    etag: str = ""
    modified: str = ""
    said: str = "{}"


@dataclass(frozen=True, slots=True)
class Rest:
    """A source that gives no answers.

    Attributes:
        source: Who it is.
        failures: How often in a row it was left alone.
        until: Until when it is.
        reason: What it said last.
    """

    source: str
    failures: int
    until: str
    reason: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What was asked within the hour.

    Attributes:
        requests: Requests sent.
        bytes: Bytes of bodies.
    """

    requests: int
    bytes: int


_COLUMNS = ", ".join(field.name for field in fields(Look))
# A question that is due later than it can be was put off by a clock that ran ahead.
_DUE = "source = ? AND (due_at < ? OR due_at > ?) AND (? OR what <> 'zip')"
_ANSWERED = """
UPDATE looks SET due_at = ?, looked_at = ?, failures = ?, etag = ?, modified = ?,
    said = ?
WHERE source = ? AND path = ? AND version = ? AND what = ?
"""


class Looks:
    """The tables of looks, spendings and rests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask_only(self, questions: Iterable[Question]) -> None:
        """Keep exactly these questions: new ones are due, dropped ones forgotten.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        keys = "source, path, version, what"
        with self._connection.transaction():
            self._connection.write(
                "CREATE TEMP TABLE IF NOT EXISTS asked (source, path, version, what,"
                " PRIMARY KEY (path, version, what, source)) WITHOUT ROWID"
            )
            self._connection.write("DELETE FROM asked")
            self._connection.write_many(
                "INSERT OR IGNORE INTO asked VALUES (?, ?, ?, ?)",
                ((q.source, q.path, q.version, q.what.value) for q in questions),
            )
            self._connection.write(
                f"INSERT OR IGNORE INTO looks ({keys}) SELECT {keys} FROM asked"  # noqa: S608 - own names
            )
            self._connection.write(
                f"DELETE FROM looks WHERE ({keys}) NOT IN (SELECT {keys} FROM asked)"  # noqa: S608 - own names
            )

    def sources(self) -> list[str]:
        """Return who is asked anything, sorted.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT DISTINCT source FROM looks ORDER BY source"
        )
        return [row[0] for row in found]

    def failing(self, source: str, since: datetime) -> set[str]:
        """Return the modules that a source does not answer for.

        Args:
            source: Who is asked.
            since: A question that was to be asked again before then counts no more.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT DISTINCT path FROM looks"
            " WHERE source = ? AND failures > 0 AND due_at > ?",
            (source, format_time(since)),
        )
        return {row[0] for row in found}

    def next_due(
        self,
        source: str,
        now: datetime,
        *,
        latest: datetime,
        zips: bool,
        but: Iterable[str] = (),
    ) -> Look | None:
        """Return the question of a source that has waited longest, or None.

        Args:
            source: Who is asked.
            now: What is due then or later is not returned.
            latest: What is due later than this cannot be so.
            zips: Whether a zip may be asked for.
            but: Modules that are not asked about.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT {_COLUMNS} FROM looks WHERE {_DUE}"  # noqa: S608 - own names
            " AND path NOT IN (SELECT value FROM json_each(?))"
            " ORDER BY due_at, coalesce(looked_at, ''), path, version, what LIMIT 1",
            (
                source,
                format_time(now),
                format_time(latest),
                int(zips),
                json.dumps([*but]),
            ),
        )
        return None if row is None else _look(row)

    def count_due(self, source: str, now: datetime, *, latest: datetime) -> int:
        """Return how many questions of a source are due; see ``next_due``.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT count(*) FROM looks WHERE {_DUE}",  # noqa: S608 - own names
            (source, format_time(now), format_time(latest), 1),
        )
        return 0 if row is None else int(row[0])

    def oldest(self) -> str | None:
        """Return when the question was answered whose answer is oldest.

        "" where one never was; None where nothing is asked.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row("SELECT min(coalesce(looked_at, '')) FROM looks")
        return None if row is None else row[0]

    def answered(self, look: Look) -> None:
        """Write down an answer, and when the question is due again.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            _ANSWERED,
            (
                look.due_at,
                look.looked_at,
                look.failures,
                look.etag,
                look.modified,
                look.said,
                *_key(look),
            ),
        )

    def make_all_due(self) -> None:
        """Let every question be asked at the next occasion.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write("UPDATE looks SET due_at = ''")

    def make_due(self, path: str, what: What) -> None:
        """Let a question about a module be asked at the next occasion.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "UPDATE looks SET due_at = '' WHERE path = ? AND what = ?",
            (path, what.value),
        )

    def of(self, path: str, version: str) -> list[Look]:
        """Return all that is asked of a version, or with "" of a module itself.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM looks WHERE path = ? AND version = ?"  # noqa: S608 - own names
            " ORDER BY source, what",
            (path, version),
        )
        return [_look(row) for row in found]

    def spend(
        self, source: str, now: datetime, *, requests: int = 0, size_bytes: int = 0
    ) -> None:
        """Count what is asked, or was got, in this minute.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "INSERT INTO spendings (source, minute, requests, bytes)"
            " VALUES (?, ?, ?, ?) ON CONFLICT (source, minute) DO UPDATE SET"
            " requests = requests + excluded.requests, bytes = bytes + excluded.bytes",
            (source, _minute(now), requests, size_bytes),
        )

    def spent(self, source: str, now: datetime) -> Spent:
        """Return what was asked of a source in the last hour.

        Minutes that are yet to come, after a clock went back, count too.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT coalesce(sum(requests), 0), coalesce(sum(bytes), 0)"
            " FROM spendings WHERE source = ? AND minute >= ?",
            (source, _minute(now - _WINDOW)),
        )
        assert row is not None
        return Spent(int(row[0]), int(row[1]))

    def forget_spendings(self, now: datetime) -> None:
        """Forget what no hour counts any more, past or far ahead.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "DELETE FROM spendings WHERE minute < ? OR minute > ?",
            (_minute(now - _WINDOW), _minute(now + _WINDOW)),
        )

    def rest(self, source: str) -> Rest | None:
        """Return whether a source is left alone, and until when.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT source, failures, until, reason FROM rests WHERE source = ?",
            (source,),
        )
        return None if row is None else Rest(*row)

    def set_rest(self, rest: Rest) -> None:
        """Leave a source alone for a while.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "REPLACE INTO rests (source, failures, until, reason) VALUES (?, ?, ?, ?)",
            (rest.source, rest.failures, rest.until, rest.reason),
        )

    def end_rest(self, source: str) -> None:
        """Remember that a source answers again.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write("DELETE FROM rests WHERE source = ?", (source,))


def _key(look: Look) -> tuple[str, str, str, str]:
    return (look.source, look.path, look.version, look.what.value)


def _minute(moment: datetime) -> str:
    return format_time(moment)[:_MINUTE_CHARACTERS]


def _look(row: sqlite3.Row) -> Look:
    source, path, version, what, *rest = row
    return Look(source, path, version, What(what), *rest)
