"""A lease holder: one run's leases, its announcements, its heartbeat.

``Catalog.hold`` makes one; when it ends, all that it holds ends. From then on each
transaction of that catalog begins with a look whether the run still has what it took.

Waiting for a lease is polling, by a thread in ``take`` or by a task that asks
``try_take``; meanwhile the holder can see that somebody waits, and ``give_way``.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, Self

from gosync.catalog.announcements import Announcements
from gosync.catalog.connection import Connection
from gosync.catalog.holders import (
    BEAT_SECONDS,
    HolderRow,
    Holders,
    is_gone,
    this_process,
)
from gosync.catalog.leases import Lease, Leases
from gosync.clock import Clock
from gosync.errors import LeaseLostError, LockedError, StoreError
from gosync.work.interruption import wait_until
from gosync.work.threads import HEARTBEAT_THREAD

POLL_SECONDS: Final = 0.02
BACK_SECONDS: Final = 600.0
_WAY_SECONDS: Final = 1.0
_ANNOUNCED_AT_ONCE: Final = 10_000  # others write between two portions
_live: set[tuple[str, int]] = set()  # holders of this process, which all look alive


class LeaseHolder:
    """A run that holds leases; threads and tasks of the run may share it.

    Attributes:
        id: Its number in the catalog.
    """

    def __init__(self, connection: Connection, *, command: str, clock: Clock) -> None:
        """Write the run down, and remove those that are gone.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._connection, self._clock = connection, clock
        self._holders, self._leases = Holders(connection), Leases(connection)
        self._announcements = Announcements(connection)
        self._held: dict[str, Lease] = {}
        self._left: dict[str, Lease] = {}  # let go, and still in the catalog
        self._depths: Counter[str] = Counter()
        self._relied_on: Counter[str] = Counter()
        self._ended = threading.Event()
        self._process = this_process()
        self._remove_gone()
        with connection.brief_transaction():
            self.id = self._holders.add(
                self._process, " ".join(command.split()), clock.now()
            )
            _live.add(self._key)
        connection.guard_by(self.check)
        self._beating = threading.Thread(
            target=self._beat, name=HEARTBEAT_THREAD, daemon=True
        )
        self._beating.start()

    @property
    def _key(self) -> tuple[str, int]:
        return str(self._connection.path), self.id

    def _is_gone(self, holder: HolderRow) -> bool:
        if holder.process == self._process:
            return (str(self._connection.path), holder.id) not in _live
        return is_gone(holder, self._clock.now())

    def _remove_gone(self) -> None:
        for each in self._holders.all():
            if self._is_gone(each):
                self._holders.remove(each.id)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            with suppress(StoreError):  # the next one may succeed
                self._holders.beat(self.id, self._clock.now())
                self._remove_left(list(self._left))

    # Leases.

    def try_take(self, name: str) -> Lease | HolderRow:
        """Take a lease if it is free; take it once more if it is this run's.

        Returns:
            The lease, or who holds it.

        Raises:
            LeaseLostError: this run was taken for dead.
            CatalogError: the catalog cannot be written.
        """
        return self.try_take_all([name])[name]

    def try_take_all(self, names: Sequence[str]) -> dict[str, Lease | HolderRow]:
        """Take those of some leases that are free, in one transaction; see try_take.

        Returns:
            For each name the lease, or who holds it.

        Raises:
            LeaseLostError: this run was taken for dead.
            CatalogError: the catalog cannot be written; none was taken.
        """
        with self._connection.exclusive():
            found = self._take_free([each for each in names if each not in self._held])
            for name, lease in found.items():
                if isinstance(lease, Lease):
                    self._held[name] = lease
            self._depths.update(each for each in names if each in self._held)
            return {each: self._held.get(each) or found[each] for each in names}

    def _take_free(self, names: Sequence[str]) -> dict[str, Lease | HolderRow]:
        if not names:
            return {}
        self._remove_left(names)
        with self._connection.brief_transaction():
            self.check()
            return {name: self._take_one(name) for name in names}

    def _take_one(self, name: str) -> Lease | HolderRow:
        other = self._leases.holder(name)
        if other is not None and not self._is_gone(other):
            return other
        if other is not None:
            self._holders.remove(other.id)
        return self._leases.put(name, self.id, self._clock.now())

    def take(self, name: str, *, wait_seconds: float = 0.0) -> Lease:
        """Take a lease, waiting for another holder if asked to.

        Raises:
            LockedError: somebody else holds it; the message names it.
            InterruptedRunError: a signal came while it was waited for.
            CatalogError: the catalog cannot be written.
        """
        found = self.try_take(name)
        if isinstance(found, Lease):
            return found
        answers = [found]

        def is_taken() -> bool:
            answer = self.try_take(name)
            if isinstance(answer, Lease):
                return True
            answers.append(answer)
            return False

        with self.waiting(name):
            taken = wait_until(
                is_taken,
                seconds=wait_seconds,
                most_pause_seconds=POLL_SECONDS,
                monotonic=self._clock.monotonic,
            )
        if not taken:
            raise refusal(name, answers[-1])
        return self._held[name]

    @contextmanager
    def held(self, name: str, *, wait_seconds: float = 0.0) -> Iterator[Lease]:
        """Hold a lease inside; nested, the outermost decides when it ends.

        Raises:
            LockedError: somebody else holds it.
            CatalogError: the catalog cannot be written.
        """
        lease = self.take(name, wait_seconds=wait_seconds)
        try:
            yield lease
        finally:
            self.release(name)

    def release(self, name: str) -> None:
        """Let a lease go, once as often as it was taken.

        One whose end cannot be written, on a full disk, ends with a later heartbeat, or
        when this run takes it again.
        """
        with self._connection.exclusive():
            self._depths[name] -= 1
            if self._depths[name] > 0:
                return
            del self._depths[name]
            lease = self._held.pop(name)
            self._left[name] = lease
        with suppress(StoreError):
            self._remove_left([name])

    def _remove_left(self, names: Iterable[str]) -> None:
        with self._connection.exclusive():
            for name in names:
                if name in self._left:
                    self._leases.remove(self._left[name])
                    del self._left[name]

    @contextmanager
    def waiting(self, name: str) -> Iterator[None]:
        """Say inside that this run waits for a lease, so that its holder gives way.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        self._leases.wait(name, self.id, self._clock.now())
        try:
            yield
        finally:
            with suppress(StoreError):
                self._leases.stop_waiting(name, self.id)

    def is_wanted(self, name: str) -> bool:
        """Return whether another run waits for a lease.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        return any(
            each.id != self.id and not self._is_gone(each)
            for each in self._leases.waiting(name)
        )

    def give_way(self, name: str, *, wait_seconds: float = BACK_SECONDS) -> bool:
        """Let another run have a lease that it waits for, and take it back after that.

        Where nobody waits this is one query. However often it was taken, it is given
        away whole.

        Returns:
            Whether somebody else had it meanwhile, perhaps: what it protects is to be
            read anew.

        Raises:
            LockedError: it did not come back in time.
            CatalogError: the catalog cannot be written.
        """
        if not self.is_wanted(name):
            return False
        with self._connection.exclusive():
            depth, self._depths[name] = self._depths[name], 1
        self.release(name)
        deadline = self._clock.monotonic() + _WAY_SECONDS
        while self._leases.holder(name) is None and self._clock.monotonic() < deadline:
            if not self.is_wanted(name):
                break
            time.sleep(POLL_SECONDS / 4)
        self.take(name, wait_seconds=wait_seconds)
        with self._connection.exclusive():
            self._depths[name] = depth
        return True

    def check(self) -> None:
        """Check that this run still has what it took.

        Raises:
            LeaseLostError: it was taken for dead, and lost it.
            CatalogError: the catalog cannot be read.
        """
        held = list(self._held.values())
        if self._leases.has_all(self.id, len(held)):
            return
        fences = self._leases.fences(self.id)
        lost = [
            each.name for each in held if fences is None or each.fence not in fences
        ]
        if fences is None or lost:
            raise LeaseLostError(
                f"{self._connection.path}: this run was silent for so long that it was"
                f" taken for dead{''.join(f'; it lost {name}' for name in lost)}",
                hint="run the command again; what was committed is kept",
            )

    # Announcements.

    def announce(self, digests: Iterable[str]) -> None:
        """Say that this run relies on these blobs; before it looks for them.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        if self._connection.in_transaction:
            raise RuntimeError("an announcement inside a transaction is seen by nobody")
        wanted = set(digests)
        with self._connection.exclusive():
            new = [each for each in wanted if not self._relied_on[each]]
            if new:
                self._announcements.add(new, self.id)
            self._relied_on.update(wanted)

    def take_back(self, digests: Iterable[str]) -> None:
        """Rely on these no more, each as often as it was announced.

        Inside of the transaction that commits the rows which name them.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        with self._connection.exclusive():
            known = set(digests) & self._relied_on.keys()
            self._relied_on.subtract(known)
            done = [each for each in known if self._relied_on[each] <= 0]
            for each in done:
                del self._relied_on[each]
        self._announcements.remove(done, self.id)

    @contextmanager
    def relying_on(self, digests: Iterable[str]) -> Iterator[None]:
        """Rely on many blobs while the block runs; announced in portions.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        wanted = sorted(set(digests))
        portions = [
            wanted[start : start + _ANNOUNCED_AT_ONCE]
            for start in range(0, len(wanted), _ANNOUNCED_AT_ONCE)
        ]
        try:
            for some in portions:
                self.announce(some)
            yield
        finally:
            for some in portions:
                with suppress(StoreError):  # it ends with the run
                    self.take_back(some)

    # The end.

    def close(self) -> None:
        """Let go of everything; a second call does nothing."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._beating.join(timeout=1.0)
        self._connection.guard_by(None)
        _live.discard(self._key)
        with suppress(StoreError):  # on a full disk it is gone all the same
            self._holders.remove(self.id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def refusal(name: str, holder: HolderRow) -> LockedError:
    """Return the error of a lease that somebody else holds."""
    return LockedError(
        f"{name}: held by {holder}",
        hint="wait for it to end and run the command again",
    )
