"""Alerts over access logs that hooks were told of: each is told once."""

from __future__ import annotations

from datetime import datetime

from gosync.catalog.connection import Connection
from gosync.clock import format_time


class ToldAlerts:
    """The table of alerts that hooks were told of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, rule: str, key: str, since: str, now: datetime) -> bool:
        """Note an alert; return whether it is new.

        Args:
            rule: The rule.
            key: The address, user or module.
            since: When it began, RFC 3339.
            now: When hooks are told.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.transaction():
            known = self._connection.row(
                "SELECT 1 FROM told_alerts WHERE rule = ? AND key = ? AND since = ?",
                (rule, key, since),
            )
            if known is None:
                self._connection.write(
                    "INSERT INTO told_alerts (rule, key, since, told_at)"
                    " VALUES (?, ?, ?, ?)",
                    (rule, key, since, format_time(now)),
                )
        return known is None
