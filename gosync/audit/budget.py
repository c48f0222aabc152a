"""Request budget of one source: so many requests and bytes in any hour.

No hour, wherever it begins, sees more requests than the budget: a request is
written down before it leaves, minute by minute, and a minute counts until it is
an hour old. Redirects are known only afterwards and count then.
"""

from __future__ import annotations

from gosync.audit.options import AuditOptions
from gosync.catalog.db import Catalog
from gosync.clock import Clock


class BudgetSpentError(Exception):
    """No further request may be sent within this hour; never leaves the room."""


class Budget:
    """One source's budget.

    Attributes:
        source: Who is asked.
    """

    def __init__(
        self, source: str, options: AuditOptions, catalog: Catalog, clock: Clock
    ) -> None:
        self.source = source
        self._options = options
        self._looks = catalog.looks
        self._clock = clock

    @property
    def has_bytes(self) -> bool:
        """Whether a zip may be asked for."""
        spent = self._looks.spent(self.source, self._clock.now())
        return spent.bytes < self._options.bytes_per_hour

    def take(self) -> None:
        """Take one request, before it is sent.

        Raises:
            BudgetSpentError: if none is left within this hour.
            CatalogError: if it cannot be written down.
        """
        now = self._clock.now()
        spent = self._looks.spent(self.source, now)
        if spent.requests >= self._options.requests_per_hour:
            raise BudgetSpentError
        self._looks.spend(self.source, now, requests=1)

    def charge(self, *, requests: int, size_bytes: int) -> None:
        """Count what turned out to have come on top.

        Raises:
            CatalogError: if it cannot be written down.
        """
        if requests or size_bytes:
            self._looks.spend(
                self.source,
                self._clock.now(),
                requests=requests,
                size_bytes=size_bytes,
            )
