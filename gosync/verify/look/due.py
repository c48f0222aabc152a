"""Due versions of a verify run: which, in which order, and how many are not.

Versions go oldest proof first, those never proven before all others, so that a run
that is cut short leaves the freshest for the next time. A version that was not ok the
last time, or whose files have changed since, is due whatever its age.

What is known of versions is gone over once, and what is due waits in a queue that
takes no memory: there may be millions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Self

import msgspec

from gosync.catalog.version_queue import QueuedVersion, VersionQueue
from gosync.clock import format_time
from gosync.gomod.module import ModuleVersion
from gosync.verify.look.memory import Remembered, ToldVersion
from gosync.verify.verdicts import Verdict
from gosync.work.sweep import portions

_AT_ONCE = 1_000


class DueRule(msgspec.Struct, frozen=True):
    """Which versions are due.

    Attributes:
        since: Proofs of then or later count as they are; None for no proof.
        subset: Which part of how many, or None for all.
    """

    since: datetime | None
    subset: tuple[int, int] | None = None

    def is_outside(self, mv: ModuleVersion) -> bool:
        """Return whether a version is in another part; it is always in the same."""
        if self.subset is None:
            return False
        part, of = self.subset
        digest = hashlib.sha256(str(mv).encode("utf-8", "surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big") % of != part - 1

    def is_due(self, said: Remembered | None, stamp: Callable[[], str]) -> bool:
        """Return whether a version is to be checked.

        Args:
            said: What was said of it last.
            stamp: Returns what changes as soon as its files do.
        """
        if self.since is None or said is None or said.verdict is not Verdict.OK:
            return True
        return said.at < self.since or said.stamp != stamp()


class DueVersions:
    """What is due, counted and put in order.

    Attributes:
        versions: How many versions there are.
        outside: How many of them are outside the subset.
        earlier: How many have a proof that counts.
        count: How many are due.
        size_bytes: How many bytes these have.
    """

    def __init__(
        self,
        known: Iterable[ToldVersion],
        rule: DueRule,
        stamp: Callable[[ModuleVersion], str],
    ) -> None:
        """Go over all versions.

        Args:
            known: The versions, and what was said of each.
            rule: Which of them are due.
            stamp: Returns what changes as soon as a version's files do.

        Raises:
            StoreError: what is known cannot be read, or the disk is full.
        """
        self.versions = self.outside = self.earlier = self.count = self.size_bytes = 0
        self._rule = rule
        self._stamp = stamp
        self._queue = VersionQueue()
        for some in portions(self._due(known), lambda _: 0, most_items=_AT_ONCE):
            self._queue.add(some)

    def _due(self, known: Iterable[ToldVersion]) -> Iterator[QueuedVersion]:
        for mv, size_bytes, said in known:
            self.versions += 1
            if self._rule.is_outside(mv):
                self.outside += 1
            elif not self._rule.is_due(said, partial(self._stamp, mv)):
                self.earlier += 1
            else:
                self.count += 1
                self.size_bytes += size_bytes
                yield _age(said), mv, size_bytes

    def __iter__(self) -> Iterator[tuple[ModuleVersion, int]]:
        """Yield what is due with its size, the oldest proof first."""
        return iter(self._queue)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.close()


def _age(said: Remembered | None) -> str:
    """Return when a version was proven; "" for never, which sorts before all."""
    if said is None or said.verdict is not Verdict.OK:
        return ""
    return format_time(said.at)
