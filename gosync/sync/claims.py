"""Fetch claims: the leases by which runs side by side share out what to fetch.

A lease costs a transaction, and a pass takes thousands; so they are taken for some rows
ahead, as many in one transaction. Another run waits for these rows, and finds them
fetched, or left when this run ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.leases import Lease, fetch_lease
from gosync.catalog.versions import VersionRow
from gosync.work.stop import Stop

AHEAD: Final = 16  # of 2 ms each, 0.2 are left


class Claims:
    """Rows that this run is to fetch, each with its lease; to be drawn once.

    Attributes:
        elsewhere: The rows that another run is fetching.
    """

    def __init__(
        self, holder: LeaseHolder, rows: Iterable[VersionRow], stop: Stop | None
    ) -> None:
        """Take nothing yet; after a ``stop`` no row is handed out."""
        self.elsewhere: list[VersionRow] = []
        self._holder = holder
        self._rows = iter(rows)
        self._stop = stop
        self._ahead: deque[VersionRow] = deque()

    def __iter__(self) -> Iterator[VersionRow]:
        """Yield rows; whoever has one releases its lease.

        Raises:
            LeaseLostError: this run was taken for dead.
            CatalogError: the catalog cannot be written.
        """
        while not self._is_over() and (rows := list(islice(self._rows, AHEAD))):
            self._take(rows)
            while self._ahead and not self._is_over():
                yield self._ahead.popleft()

    def _is_over(self) -> bool:
        return self._stop is not None and self._stop.requested

    def _take(self, rows: list[VersionRow]) -> None:
        taken = self._holder.try_take_all([fetch_lease(row.mv) for row in rows])
        for row in rows:
            is_ours = isinstance(taken[fetch_lease(row.mv)], Lease)
            (self._ahead if is_ours else self.elsewhere).append(row)

    def release(self) -> None:
        """Let go of the rows that nobody drew."""
        while self._ahead:
            self._holder.release(fetch_lease(self._ahead.popleft().mv))
