"""Queue of versions in an order, in a temporary file: any number in little memory.

SQLite keeps two mebibytes of it in memory and the rest in a file without a name,
below ``TMPDIR`` or ``/var/tmp``, which ends with the process: some 100 bytes a version.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from gosync.catalog.sqlite_errors import map_errors
from gosync.gomod.module import ModuleVersion

_NAME = "the queue of versions, in a temporary file"
_PAGE_ROWS = 1_000
_SETTINGS = ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE")

# Its place, "" for the first one; the version; how many bytes it has.
QueuedVersion: TypeAlias = tuple[str, ModuleVersion, int]


class VersionQueue:
    """Versions by their places, of one place by path and version."""

    def __init__(self) -> None:
        """Begin with none.

        Raises:
            CatalogError: there is no place for a temporary file.
        """
        with map_errors(_NAME):
            self._raw = sqlite3.connect("", isolation_level=None)
            for setting in _SETTINGS:
                self._raw.execute(f"PRAGMA {setting}")
            # Names are bytes: those of files need not be UTF-8.
            self._raw.execute(
                "CREATE TABLE queue (place, path, version, size_bytes,"
                " PRIMARY KEY (place, path, version)) WITHOUT ROWID"
            )

    def add(self, versions: Iterable[QueuedVersion]) -> None:
        """Add versions that are not in it.

        Raises:
            NoSpaceError: the disk is full.
        """
        rows = (
            (place, _bytes_of(mv.path), _bytes_of(mv.version), size)
            for place, mv, size in versions
        )
        with map_errors(_NAME):
            self._raw.execute("BEGIN")
            self._raw.executemany("INSERT INTO queue VALUES (?, ?, ?, ?)", rows)
            self._raw.execute("COMMIT")

    def __iter__(self) -> Iterator[tuple[ModuleVersion, int]]:
        """Yield versions with their sizes, the first places first."""
        after = ("", b"", b"")
        while page := self._page(after):
            for _, path, version, size in page:
                yield ModuleVersion(_text_of(path), _text_of(version)), size
            after = page[-1][:3]

    def _page(
        self, after: tuple[str, bytes, bytes]
    ) -> list[tuple[str, bytes, bytes, int]]:
        with map_errors(_NAME):
            return self._raw.execute(
                "SELECT place, path, version, size_bytes FROM queue"
                " WHERE (place, path, version) > (?, ?, ?)"
                " ORDER BY place, path, version LIMIT ?",
                (*after, _PAGE_ROWS),
            ).fetchall()

    def close(self) -> None:
        """Let the file go."""
        self._raw.close()


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
