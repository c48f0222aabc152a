"""The table of looks; what a look is is said in ``looks``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

from msgspec.structs import asdict

from gosync.catalog.connection import Connection
from gosync.catalog.looks import Look, Question, Rest, Spent, Subject, subject_of
from gosync.catalog.sqlite_errors import reading_row
from gosync.catalog.version_reader import LAST
from gosync.clock import format_time, shift
from gosync.gomod.module import ModuleVersion

_MINUTE_CHARACTERS: Final = len("2026-11-25T02:45")
_AT_ONCE: Final = 5_000  # questions that are compared with what is there
_WINDOW: Final = timedelta(minutes=60)  # and the minute that has begun
_COLUMNS = ", ".join(Look.__struct_fields__)
# A question that is due later than it can be was put off by a clock that ran ahead.
_DUE = "source = ? AND (due_at < ? OR due_at > ?) AND (? OR what <> 'zip')"
_OF_ONE = " AND path = ?"
_KNOWN = (
    " AND EXISTS (SELECT 1 FROM looks AS other WHERE other.path = looks.path"
    " AND other.source = looks.source AND other.looked_at IS NOT NULL)"
)
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

        Args:
            questions: By path; some thousands of them are in memory at a time.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            first = ""
            for some in _by_paths(questions):
                last = some[-1].path
                self._ask_only(some, first, last)
                first = f"{last}\0"  # no path is between them
            self._ask_only([], first, LAST)

    def _ask_only(self, questions: Iterable[Question], first: str, last: str) -> None:
        """Keep these of the paths from one up to another."""
        asked = {(q.source, q.path, q.version, q.what.value) for q in questions}
        known = {
            (row[0], row[1], row[2], row[3])
            for row in self._connection.rows(
                "SELECT source, path, version, what FROM looks"
                " WHERE path >= ? AND path <= ?",
                (first, last),
            )
        }
        self._connection.write_many(
            "INSERT INTO looks (source, path, version, what) VALUES (?, ?, ?, ?)",
            sorted(asked - known),
        )
        self._connection.write_many(
            "DELETE FROM looks WHERE source = ? AND path = ? AND version = ?"
            " AND what = ?",
            sorted(known - asked),
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

    def failing(self, source: str, since: datetime) -> dict[str, int]:
        """Return the modules that a source does not answer for, and how often in a row.

        Args:
            source: Who is asked.
            since: A question that was to be asked again before then counts no more.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path, sum(failures) FROM looks"
            " WHERE source = ? AND failures > 0 AND due_at > ? GROUP BY path",
            (source, format_time(since)),
        )
        return {row[0]: row[1] for row in found}

    def next_due(
        self,
        source: str,
        now: datetime,
        *,
        latest: datetime,
        zips: bool,
        but: Iterable[str] = (),
        path: str = "",
        known: bool = False,
    ) -> Look | None:
        """Return the question of a source that has waited longest, or None.

        Args:
            source: Who is asked.
            now: What is due then or later is not returned.
            latest: What is due later than this cannot be so.
            zips: Whether a zip may be asked for.
            but: Modules that are not asked about.
            path: The one module that is asked about, "" for any.
            known: Whether only modules count of which it ever answered anything.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT {_COLUMNS} FROM looks WHERE {_DUE}"  # noqa: S608 - own names
            " AND path NOT IN (SELECT value FROM json_each(?))"
            f"{_OF_ONE if path else ''}{_KNOWN if known else ''}"
            " ORDER BY due_at, coalesce(looked_at, ''), path, version, what LIMIT 1",
            (
                source,
                format_time(now),
                format_time(latest),
                int(zips),
                json.dumps([*but]),
                *([path] if path else []),
            ),
        )
        return None if row is None else _look(row)

    def next_answerable(
        self, source: str, now: datetime, *, but: Iterable[str] = ()
    ) -> Look | None:
        """Return what a source has answered and is due soonest, but not yet.

        Only what takes one small request to answer.

        Args:
            source: Who is asked.
            now: What is due before is not returned.
            but: Modules that are not asked about.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT {_COLUMNS} FROM looks WHERE source = ? AND due_at >= ?"  # noqa: S608 - own names
            " AND looked_at IS NOT NULL AND what IN ('list', 'info', 'mod', 'refs')"
            " AND path NOT IN (SELECT value FROM json_each(?))"
            " ORDER BY due_at, coalesce(looked_at, '') LIMIT 1",
            (source, format_time(now), json.dumps([*but])),
        )
        return None if row is None else _look(row)

    def strangers(self, source: str) -> set[str]:
        """Return the modules for which a source never gave any answer.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path FROM looks WHERE source = ?"
            " GROUP BY path HAVING max(looked_at) IS NULL",
            (source,),
        )
        return {row[0] for row in found}

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

    def make_due(self, path: str, what: Subject) -> None:
        """Let a question about a module be asked at the next occasion.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "UPDATE looks SET due_at = '' WHERE path = ? AND what = ?",
            (path, what.value),
        )

    def of(self, item: ModuleVersion) -> list[Look]:
        """Return all that is asked of a version, or with version "" of a module itself.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            f"SELECT {_COLUMNS} FROM looks WHERE path = ? AND version = ?"  # noqa: S608 - own names
            " ORDER BY source, what",
            (item.path, item.version),
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
            (source, _minute(shift(now, -_WINDOW))),
        )
        assert row is not None
        return Spent(int(row[0]), int(row[1]))

    def first_spending(self, source: str, now: datetime) -> str | None:
        """Return the first minute of the last hour in which a source was asked.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT min(minute) FROM spendings WHERE source = ? AND minute >= ?",
            (source, _minute(shift(now, -_WINDOW))),
        )
        return None if row is None else row[0]

    def forget_spendings(self, now: datetime) -> None:
        """Forget what no hour counts any more, past or far ahead.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write(
            "DELETE FROM spendings WHERE minute < ? OR minute > ?",
            (_minute(shift(now, -_WINDOW)), _minute(shift(now, _WINDOW))),
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
        self._connection.replace("rests", [asdict(rest)])

    def end_rest(self, source: str) -> None:
        """Remember that a source answers again.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write("DELETE FROM rests WHERE source = ?", (source,))


def _by_paths(questions: Iterable[Question]) -> Iterator[list[Question]]:
    """Yield questions in lists, all of a path in the same one."""
    found: list[Question] = []
    for _, group in groupby(questions, key=attrgetter("path")):
        found += group
        if len(found) >= _AT_ONCE:
            yield found
            found = []
    if found:
        yield found


def _key(look: Look) -> tuple[str, str, str, str]:
    return (look.source, look.path, look.version, look.what.value)


def _minute(moment: datetime) -> str:
    return format_time(moment)[:_MINUTE_CHARACTERS]


@reading_row
def _look(row: sqlite3.Row) -> Look:
    source, path, version, what, *rest = row
    return Look(source, path, version, subject_of(what), *rest)
