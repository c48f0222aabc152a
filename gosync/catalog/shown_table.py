"""The tables of what published trees show; their rows are said in ``shown``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from gosync.catalog.connection import Connection
from gosync.catalog.shown import ShownModule, ShownSums
from gosync.catalog.sqlite_errors import reading_row

_PAGE_ROWS = 1_000
_COLUMNS = (
    "path, newest, versions, go_mods, proven, digest, begins_page, vulns,"
    " synopsis, commands"
)
_PUT = f"""
INSERT INTO shown_modules (tree_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tree_id, path) DO UPDATE SET
    newest = excluded.newest, versions = excluded.versions,
    go_mods = excluded.go_mods, proven = excluded.proven,
    digest = excluded.digest, begins_page = excluded.begins_page,
    vulns = excluded.vulns, synopsis = excluded.synopsis,
    commands = excluded.commands
"""  # noqa: S608 - own names


@reading_row
def _shown_module(row: sqlite3.Row) -> ShownModule:
    path, newest, versions, go_mods, proven, digest, begins_page, *told = row
    vulns, synopsis, commands = told
    return ShownModule(
        path,
        newest,
        versions,
        go_mods,
        proven,
        digest,
        begins_page=begins_page == 1,
        vulns=vulns,
        synopsis=synopsis,
        commands=_folders(commands),
    )


def _lines(folders: tuple[str, ...]) -> str:
    """Return folders as a column has them: each after a newline."""
    return "".join(f"\n{each}" for each in folders)


def _folders(lines: str) -> tuple[str, ...]:
    return tuple(lines.split("\n")[1:])


class ShownModules:
    """The tables of what trees show."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, tree_id: str, modules: Iterable[ShownModule]) -> None:
        """Write what a tree shows of these modules.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            _PUT,
            (
                (
                    tree_id,
                    *(m.path, m.newest, m.versions, m.go_mods, m.proven, m.digest),
                    int(m.begins_page),
                    *(m.vulns, m.synopsis, _lines(m.commands)),
                )
                for m in modules
            ),
        )

    def remove(self, tree_id: str, paths: Iterable[str]) -> None:
        """Forget modules that a tree shows no more.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            "DELETE FROM shown_modules WHERE tree_id = ? AND path = ?",
            ((tree_id, path) for path in paths),
        )

    def clear(self, tree_id: str) -> None:
        """Forget all that a tree shows.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            for table in ("shown_modules", "shown_sums"):
                self._connection.write(
                    f"DELETE FROM {table} WHERE tree_id = ?",  # noqa: S608 - own names
                    (tree_id,),
                )

    def get(self, tree_id: str, path: str) -> ShownModule | None:
        """Return what a tree shows of a module, or None.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            f"SELECT {_COLUMNS} FROM shown_modules WHERE tree_id = ? AND path = ?",  # noqa: S608 - own names
            (tree_id, path),
        )
        return None if row is None else _shown_module(row)

    def sums(self, tree_id: str) -> ShownSums:
        """Return what a tree shows in all.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        row = self._connection.row(
            "SELECT modules, versions, go_mods, proven FROM shown_sums"
            " WHERE tree_id = ?",
            (tree_id,),
        )
        return ShownSums() if row is None else ShownSums(*row)

    def between(
        self, tree_id: str, first: str = "", before: str | None = None
    ) -> Iterator[ShownModule]:
        """Yield modules by path, from one on, up to another or to the end.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        while True:
            rows = self._connection.rows(
                f"SELECT {_COLUMNS} FROM shown_modules"  # noqa: S608 - own names
                " WHERE tree_id = ? AND path >= ? AND (? IS NULL OR path < ?)"
                " ORDER BY path LIMIT ?",
                (tree_id, first, before, before, _PAGE_ROWS),
            )
            yield from map(_shown_module, rows)
            if len(rows) < _PAGE_ROWS:
                return
            first = f"{rows[-1][0]}\0"  # the next possible path

    def vulnerable(self, tree_id: str) -> list[str]:
        """Return the modules whose pages tell of vulnerabilities, by path.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path FROM shown_modules WHERE tree_id = ? AND vulns <> ''"
            " ORDER BY path",
            (tree_id,),
        )
        return [row[0] for row in found]

    def page_starts(self, tree_id: str) -> list[str]:
        """Return the modules that begin a page, by path.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path FROM shown_modules WHERE tree_id = ? AND begins_page = 1"
            " ORDER BY path",
            (tree_id,),
        )
        return [row[0] for row in found]
