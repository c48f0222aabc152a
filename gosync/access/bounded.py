"""Bounded counts: exact while there are few keys, and an estimate that says so. Pure.

``cut_off`` prunes a table of totals as Misra and Gries' summary does, in batches: of
more than twice as many keys as may be kept the highest stay, and what the first of the
others had is taken off all. A count is then at least what it says, and more by at most
the sum of what was taken off, which is at most the sum of all counts over the number of
keys kept; who had more than that is still there.

``Distinct`` counts different values: where there are many it keeps those whose hash is
below a bound, and halves the bound when these become too many; their number over the
bound is an estimate, within some percent.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable
from typing import Final, Generic, Protocol, TypeVar

K = TypeVar("K", bound=Hashable)
KEPT: Final = 16_384
_HASHES: Final = 1 << 60


class Counted(Protocol):
    """Something with a count."""

    count: int


T = TypeVar("T", bound=Counted)


def cut_off(table: dict[K, T], keep: int = KEPT) -> int:
    """Leave the keys with the highest counts; return what was taken off these.

    Args:
        table: The totals by key; it is changed.
        keep: How many may stay.
    """
    if len(table) <= keep:
        return 0
    cut = heapq.nlargest(keep + 1, (each.count for each in table.values()))[-1]
    for key in [key for key, each in table.items() if each.count <= cut]:
        del table[key]
    for each in table.values():
        each.count -= cut
    return cut


class Distinct(Generic[K]):
    """Counts different values."""

    def __init__(self, keep: int = KEPT) -> None:
        """Begin.

        Args:
            keep: Up to how many the count is exact.
        """
        self._keep = keep
        self._bound = _HASHES
        self._values: set[K] = set()
        self._hashes: set[int] = set()

    @property
    def is_exact(self) -> bool:
        """Whether every value is still known."""
        return self._bound == _HASHES

    @property
    def count(self) -> int:
        """How many different values there were, or about how many."""
        return len(self._values) + len(self._hashes) * (_HASHES // self._bound)

    def update(self, values: Iterable[K]) -> None:
        """Take values."""
        if self.is_exact:
            self._values.update(values)
            if len(self._values) <= self._keep:
                return
            values, self._values = self._values, set()
            self._bound //= 2
        self._hashes.update(filter(self._is_kept, map(hash, values)))
        while len(self._hashes) > self._keep:
            self._bound //= 2
            self._hashes = set(filter(self._is_kept, self._hashes))

    def _is_kept(self, number: int) -> bool:
        return number & _HASHES - 1 < self._bound
