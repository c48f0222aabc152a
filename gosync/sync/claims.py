"""Fetch claims: the leases by which runs side by side share out what to fetch.

A lease costs a transaction, and a pass takes thousands; so they are taken for some
versions ahead, as many in one transaction. Another run waits for these, and finds them
fetched, or left when this run ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, Generic, TypeVar

from gosync.catalog.lease_holder import LeaseHolder
from gosync.catalog.leases import Lease, fetch_lease
from gosync.gomod.module import ModuleVersion
from gosync.work.stop import Stop

AHEAD: Final = 16  # of 2 ms each, 0.2 are left

T = TypeVar("T")


class Claims(Generic[T]):
    """Items that this run is to fetch, each with its lease; to be drawn once.

    Attributes:
        elsewhere: The items whose version another run is fetching.
    """

    def __init__(
        self,
        holder: LeaseHolder,
        items: Iterable[T],
        stop: Stop | None,
        *,
        version: Callable[[T], ModuleVersion],
    ) -> None:
        """Take nothing yet; after a ``stop`` no item is handed out.

        Args:
            holder: The run.
            items: Rows, or whatever has a version.
            stop: Ends it; None for nothing that does.
            version: Returns the version of an item.
        """
        self.elsewhere: list[T] = []
        self._holder = holder
        self._items = iter(items)
        self._stop = stop
        self._version = version
        self._ahead: deque[T] = deque()

    def __iter__(self) -> Iterator[T]:
        """Yield items; whoever has one releases its lease.

        Raises:
            LeaseLostError: this run was taken for dead.
            CatalogError: the catalog cannot be written.
        """
        while not self._is_over() and (some := list(islice(self._items, AHEAD))):
            self._take(some)
            while self._ahead and not self._is_over():
                yield self._ahead.popleft()

    def _is_over(self) -> bool:
        return self._stop is not None and self._stop.requested

    def _take(self, items: list[T]) -> None:
        taken = self._holder.try_take_all([self._lease(each) for each in items])
        for each in items:
            is_ours = isinstance(taken[self._lease(each)], Lease)
            (self._ahead if is_ours else self.elsewhere).append(each)

    def _lease(self, item: T) -> str:
        return fetch_lease(self._version(item))

    def release(self) -> None:
        """Let go of the items that nobody drew."""
        while self._ahead:
            self._holder.release(self._lease(self._ahead.popleft()))
