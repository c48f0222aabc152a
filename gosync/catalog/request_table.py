"""The tables of requests, and of who asked; what a request is, ``requests`` says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime

from gosync.catalog.connection import Connection
from gosync.catalog.requests import ModuleRequest, RequestState
from gosync.catalog.sqlite_errors import reading_row
from gosync.clock import format_time

_COLUMNS = "module, query, count, first, last, state, reason, decided_at"
_ADD = """
INSERT INTO requests (module, query, count, first, last) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (module, query) DO UPDATE SET
    count = count + excluded.count,
    first = min(first, excluded.first),
    last = max(last, excluded.last)
"""
_ADD_ASKER = """
INSERT INTO request_askers (module, query, asker, count) VALUES (?, ?, ?, ?)
ON CONFLICT (module, query, asker) DO UPDATE SET count = count + excluded.count
"""


class Requests:
    """The table of requests."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, request: ModuleRequest, askers: Mapping[str, int] | None = None
    ) -> None:
        """Add to what was asked before; who asked is kept beside it.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            self._connection.write(
                _ADD,
                (*request.key, request.count, request.first, request.last),
            )
            self._connection.write_many(
                _ADD_ASKER,
                ((*request.key, asker, n) for asker, n in (askers or {}).items()),
            )

    def decide(
        self,
        keys: Iterable[tuple[str, str]],
        state: RequestState,
        now: datetime,
        *,
        reason: str = "",
    ) -> None:
        """Write down what was decided of requests that are known.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            "UPDATE requests SET state = ?, reason = ?, decided_at = ?"
            " WHERE module = ? AND query = ?",
            ((state.value, reason, format_time(now), *key) for key in keys),
        )

    def forget(self, keys: Iterable[tuple[str, str]]) -> None:
        """Forget requests: what is carried by now is none any more.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection.write_many(
            "DELETE FROM requests WHERE module = ? AND query = ?", keys
        )

    def all(self) -> list[ModuleRequest]:
        """Return all of them, the most asked first.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        rows = self._connection.rows(
            f"SELECT {_COLUMNS} FROM requests"  # noqa: S608 - own names
            " ORDER BY count DESC, module, query"
        )
        return [_request(row) for row in rows]

    def askers(self) -> dict[tuple[str, str], dict[str, int]]:
        """Return who asked for what, and how often.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found: dict[tuple[str, str], dict[str, int]] = {}
        rows = self._connection.rows(
            "SELECT module, query, asker, count FROM request_askers"
            " ORDER BY module, query, count DESC, asker"
        )
        for module, query, asker, count in rows:
            found.setdefault((module, query), {})[asker] = count
        return found


@reading_row
def _request(row: sqlite3.Row) -> ModuleRequest:
    module, query, count, first, last, state, reason, decided_at = row
    return ModuleRequest(
        module=module,
        query=query,
        count=count,
        first=first,
        last=last,
        state=RequestState(state),
        reason=reason,
        decided_at=decided_at,
    )
