"""The kept index: all of a module index in the catalog, with a cursor of its own.

Where ``upstream.keep_index`` says so, a pass keeps every row that it reads, of whatever
module. A pattern that is new, or behind for any other reason, then finds its modules
here, up to where the kept index has come, in less than half a minute; it would be hours
and some 32 500 requests from the network. From there on it moves along with the others.

The rows are one index's. Where another one is configured, or none is to be kept any
more, they are forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Final

from gosync.catalog.cursors import sort_key
from gosync.catalog.db import Catalog
from gosync.gomod.info import format_time, parse_time
from gosync.gomod.patterns import PatternSet
from gosync.upstream.indexpage import IndexEvent

KEPT: Final = "(kept)"  # no pattern has parentheses
_TO_A_SECOND: Final = len("2006-01-02T15:04:05")  # so far, times sort as text


class KeptColumns:
    """Rows of some pages, by column, until they are kept.

    Attributes:
        paths: The modules' paths.
        versions: A version of each.
        times: When the index first had it, RFC 3339 in UTC.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.versions: list[str] = []
        self.times: list[str] = []

    def add(self, events: Sequence[IndexEvent]) -> None:
        """Add a page's events, in its order."""
        self.paths.extend([event.path for event in events])
        self.versions.extend([event.version for event in events])
        self.times.extend(_in_utc([event.timestamp for event in events]))

    def since(self, least: str) -> KeptColumns:
        """Return what is not older than a time; nearly always that is all."""
        second = least[:_TO_A_SECOND]
        if min(self.times, default="~")[:_TO_A_SECOND] > second:
            return self
        key, some = sort_key(least), KeptColumns()
        is_new = [sort_key(at) >= key for at in self.times]
        some.paths = list(compress(self.paths, is_new))
        some.versions = list(compress(self.versions, is_new))
        some.times = list(compress(self.times, is_new))
        return some


class KeptIndex:
    """What a catalog keeps of one index."""

    def __init__(self, catalog: Catalog, index_url: str) -> None:
        self._catalog = catalog
        self._url = index_url

    def begin(self) -> str | None:
        """Begin a pass; return how far the index is kept, None for nothing yet.

        Raises:
            StoreError: if the catalog cannot be read or written.
        """
        self._catalog.index_rows.begin()
        since = self._catalog.cursors.get(self._url, KEPT)
        if since is None:
            self.forget()
        return since

    def keep(self, rows: KeptColumns, *, since: str | None) -> None:
        """Keep rows, inside of the transaction that moves the cursor.

        Args:
            rows: All of some pages, in their order.
            since: How far the index is kept; what is older is kept already.

        Raises:
            StoreError: if the catalog cannot be written.
        """
        new = rows if since is None else rows.since(since)
        self._catalog.index_rows.keep(new.paths, new.versions, new.times)

    def rows_of(
        self, patterns: Iterable[str], paths: frozenset[str], *, since: str = ""
    ) -> Iterator[list[IndexEvent]]:
        """Yield what is kept of modules, some at a time, as it was served.

        Args:
            patterns: Patterns, one of which each of these fits, or
            paths: these modules' paths.
            since: What is older need not come; "" for all.

        Raises:
            StoreError: if the catalog cannot be read.
        """
        fitting = PatternSet(patterns)

        def meant(lines: str) -> Iterable[tuple[int, str]]:
            if not paths:
                return fitting.places_in(lines)
            return _places_in(lines, paths | fitting.matching_lines(lines))

        least = sort_key(since) if since else ""
        for rows in self._catalog.index_rows.rows_of(meant, since=least):
            yield [IndexEvent(*row) for row in rows]

    def forget(self) -> None:
        """Forget what is kept, of whatever index.

        Raises:
            StoreError: if the catalog cannot be written.
        """
        if self._catalog.index_rows.count():
            with self._catalog.transaction():
                self._catalog.cursors.drop(KEPT)
                self._catalog.index_rows.forget()


def _places_in(lines: str, meant: frozenset[str]) -> Iterator[tuple[int, str]]:
    at = 0
    for path in lines.split("\n"):
        if path in meant:
            yield at, path
        at += len(path) + 1


def behind(stand: Mapping[str, str | None], kept: str) -> list[str]:
    """Return the cursors that stand before a time stamp."""
    return [
        name
        for name, since in stand.items()
        if since is None or sort_key(since) < sort_key(kept)
    ]


def _in_utc(timestamps: Sequence[str]) -> Sequence[str]:
    """Return times in UTC, as nearly all are served; they were checked to be some."""
    if "\n".join([*timestamps, ""]).count("Z\n") == len(timestamps):
        return timestamps
    return [
        each if each.endswith("Z") else format_time(parse_time(each))
        for each in timestamps
    ]
