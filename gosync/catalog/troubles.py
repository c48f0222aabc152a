"""Troubles: what jobs' last runs found wrong, so that a timer tells each once."""

from __future__ import annotations

from collections.abc import Iterable

from gosync.catalog.connection import Connection


class Troubles:
    """The table of troubles."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, job: str) -> frozenset[str]:
        """Return what a job's last run found wrong.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows("SELECT item FROM troubles WHERE job = ?", (job,))
        return frozenset(row[0] for row in found)

    def replace(self, job: str, items: Iterable[str]) -> None:
        """Remember what a job's last run found wrong.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            self._connection.write("DELETE FROM troubles WHERE job = ?", (job,))
            self._connection.write_many(
                "INSERT INTO troubles (job, item) VALUES (?, ?)",
                ((job, item) for item in sorted(set(items))),
            )
