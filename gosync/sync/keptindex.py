"""The kept index: all of a module index in the catalog, with a cursor of its own.

Where ``upstream.keep_index`` says so, a pass keeps every row that it reads, of whatever
module. A pattern that is new, or behind for any other reason, then finds its modules
here, up to where the kept index has come, in seconds; it would be hours and some 32 500
requests from the network. From there on it moves along with the others.

The rows are one index's. Where another one is configured, or none is to be kept any
more, they are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from gosync.catalog.cursors import sort_key
from gosync.catalog.db import Catalog
from gosync.catalog.index_rows import KeptRow
from gosync.clock import format_time
from gosync.gomod.info import parse_time
from gosync.gomod.patterns import literal_prefix
from gosync.upstream.indexpage import IndexEvent

KEPT: Final = "(kept)"  # no pattern has parentheses
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class KeptColumns:
    """Rows of some pages, by column, until they are kept.

    A time takes a third of its text's memory.

    Attributes:
        paths: The modules' paths.
        versions: A version of each.
        moments: When the index first had it, in microseconds since 1970.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.versions: list[str] = []
        self.moments: list[int] = []

    def __len__(self) -> int:
        return len(self.paths)

    def add(self, events: Sequence[IndexEvent]) -> None:
        """Add a page's events, in its order."""
        self.paths.extend(event.path for event in events)
        self.versions.extend(event.version for event in events)
        self.moments += _all_microseconds([event.timestamp for event in events])


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
        self._catalog.index_rows.keep(
            rows.paths,
            rows.versions,
            rows.moments,
            least=_microseconds(since) if since is not None else None,
        )

    def finish(self) -> None:
        """Make what finds a module's rows, now that all that there is was read.

        Raises:
            StoreError: if the catalog cannot be written.
        """
        self._catalog.index_rows.add_lookup()

    def events_of(
        self, match: Callable[[str], bool], patterns: Iterable[str]
    ) -> Iterator[list[IndexEvent]]:
        """Yield what is kept of modules, some at a time.

        Args:
            match: Whether a module path is meant.
            patterns: Patterns and paths, one of which each of these fits.

        Raises:
            StoreError: if the catalog cannot be read.
        """
        prefixes = sorted({literal_prefix(pattern) for pattern in patterns})
        for rows in self._catalog.index_rows.rows_of(match, prefixes):
            yield [_event(row) for row in rows]

    def forget(self) -> None:
        """Forget what is kept, of whatever index.

        Raises:
            StoreError: if the catalog cannot be written.
        """
        if self._catalog.index_rows.count():
            with self._catalog.transaction():
                self._catalog.cursors.drop(KEPT)
                self._catalog.index_rows.forget()


def behind(stand: Mapping[str, str | None], kept: str) -> list[str]:
    """Return the cursors that stand before a time stamp."""
    return [
        name
        for name, since in stand.items()
        if since is None or sort_key(since) < sort_key(kept)
    ]


def _microseconds(timestamp: str) -> int:
    """Return a time as a number; what the index served was checked to be one."""
    if timestamp.endswith("Z"):
        return round(datetime.fromisoformat(timestamp).timestamp() * 1e6)
    return (parse_time(timestamp) - _START) // _MICROSECOND


def _all_microseconds(timestamps: Sequence[str]) -> list[int]:
    """Return times as numbers; nearly all pages have UTC's alone."""
    try:
        moments = map(datetime.fromisoformat, timestamps)
        return [round(at * 1e6) for at in map(datetime.timestamp, moments)]
    except ValueError:
        return [_microseconds(timestamp) for timestamp in timestamps]


def _event(row: KeptRow) -> IndexEvent:
    path, version, at = row
    return IndexEvent(path, version, format_time(_START + at * _MICROSECOND))
