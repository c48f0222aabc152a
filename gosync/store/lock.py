"""The store's file locks: the writer lock and the use lock (I9).

    lock        the writer lock, exclusive: held for the moment of writing, which is
                one batch of the journal and the catalog, or one portion of deletes
    lock.use    the use lock: shared by every run that may write, for its whole run;
                exclusive for who makes the catalog anew

Readers take neither. What excludes whole runs from each other is a lease of the
catalog (``gosync.catalog.leases``).

Both are ``flock``: the kernel lets go when the process ends, however it ends; no time
stamp decides. The file says who holds it exclusively, for messages only::

    pid 4711
    command gosync sync
    since 2026-11-22T13:45:00.000000Z

It is never unlinked: a lock on an unlinked file excludes nobody. A forked child has
no part in it; else one that is at work yet would hold what its parent, killed, let go.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Self
from weakref import WeakSet

import msgspec

from gosync.clock import Clock, SystemClock, format_time
from gosync.errors import LockedError
from gosync.store.durable import disk_errors, write_all
from gosync.store.layout import LOCK, USE_LOCK
from gosync.store.writerlock import WRITE_WAIT_SECONDS, WriterLock
from gosync.work.interruption import wait_until

POLL_SECONDS = 0.1
_FIRST_POLL_SECONDS = 0.001
_MAX_HOLDER_BYTES = 1_000
_open: WeakSet[StoreLock] = WeakSet()
_writers: WeakSet[LocalWriterLock] = WeakSet()


class Holder(msgspec.Struct, frozen=True):
    """Who holds a lock.

    Attributes:
        pid: Its process, in its own namespace.
        command: What it is.
        since: Since when.
    """

    pid: int
    command: str
    since: str

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.command}) since {self.since}"


class StoreLock:
    """A lock file of one store, open; a context manager that releases it.

    Attributes:
        path: The lock file.
    """

    def __init__(
        self,
        root: Path,
        *,
        command: str = "gosync",
        clock: Clock | None = None,
        name: str = LOCK,
    ) -> None:
        self.path = root / name
        self._command = " ".join(command.split())
        self._clock = clock or SystemClock()
        self._descriptor: int | None = None

    def acquire(self, *, wait_seconds: float = 0.0, shared: bool = False) -> Self:
        """Take the lock, waiting for another holder if asked to.

        Args:
            wait_seconds: How long to wait.
            shared: Whether others may hold it at the same time, shared, too.

        Raises:
            LockedError: another gosync holds it; the message names it.
            InterruptedRunError: a signal came while it was waited for.
            StoreError: the lock file cannot be written.
        """
        descriptor = self._open()
        try:
            self._wait(
                descriptor, wait_seconds, fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            )
            if not shared:
                self._sign(descriptor)
        except BaseException:
            self.close()
            raise
        return self

    def _open(self) -> int:
        """Open the file, unless it is open: what is there later may be another one."""
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            with disk_errors(self.path):
                self._descriptor = os.open(self.path, flags, 0o644)
            _open.add(self)
        return self._descriptor

    def _wait(self, descriptor: int, wait_seconds: float, kind: int) -> None:
        if not wait_until(
            partial(self._try, descriptor, kind),
            seconds=wait_seconds,
            most_pause_seconds=POLL_SECONDS,
            monotonic=self._clock.monotonic,
        ):
            raise LockedError(
                f"{self.path}: held by {_holder(descriptor)}",
                hint="wait for it to end and run the command again",
            )

    def _try(self, descriptor: int, kind: int) -> bool:
        with disk_errors(self.path):
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def _sign(self, descriptor: int) -> None:
        text = (
            f"pid {os.getpid()}\ncommand {self._command}\n"
            f"since {format_time(self._clock.now())}\n"
        )
        with suppress(OSError):  # it is for messages alone, and a disk may be full
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            write_all(descriptor, text.encode("utf-8", "backslashreplace"))

    def release(self) -> None:
        """Let go, and close the file; a second call does nothing."""
        self.let_go()
        self.close()

    def let_go(self) -> None:
        """Let go, and keep the file open, to be acquired again."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            with disk_errors(self.path):
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close this process's descriptor; another that has one holds the lock yet."""
        _open.discard(self)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class LocalWriterLock(WriterLock):
    """The writer lock as a file; the contract is ``writerlock``'s."""

    def __init__(
        self, root: Path, *, command: str = "gosync", clock: Clock | None = None
    ) -> None:
        self._lock = StoreLock(root, command=command, clock=clock)
        self._thread = threading.RLock()
        self._depth = 0
        _writers.add(self)

    @property
    def is_held(self) -> bool:
        """Whether the calling thread holds it."""
        with self._thread:
            return self._depth > 0

    @contextmanager
    def held(self, *, wait_seconds: float = WRITE_WAIT_SECONDS) -> Iterator[None]:
        """Hold the lock inside; see WriterLock."""
        if not self._thread.acquire(blocking=False) and not wait_until(
            partial(self._thread.acquire, timeout=min(wait_seconds, POLL_SECONDS)),
            seconds=wait_seconds,
            most_pause_seconds=0.0,
        ):
            raise LockedError(
                f"{self._lock.path}: held by another thread of this process",
                hint="wait for it to end and run the command again",
            )
        try:
            if self._depth == 0:
                self._lock.acquire(wait_seconds=wait_seconds)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._lock.let_go()
        finally:
            self._thread.release()

    def close(self) -> None:
        """Close the file, which is kept open so that it stays the same one."""
        self._lock.close()

    def forget(self) -> None:
        """Hold nothing: in a forked child what the parent holds is the parent's."""
        self._thread = threading.RLock()
        self._depth = 0


def share_store(root: Path, *, command: str, clock: Clock | None = None) -> StoreLock:
    """Return the use lock, shared: held by a run that may write, as long as it runs.

    Raises:
        LockedError: the catalog is being made anew.
        StoreError: the lock file cannot be written.
    """
    lock = StoreLock(root, command=command, clock=clock, name=USE_LOCK)
    return lock.acquire(wait_seconds=_FIRST_POLL_SECONDS, shared=True)


def claim_store(root: Path, *, command: str, wait_seconds: float = 0.0) -> StoreLock:
    """Return the use lock, exclusive: nobody else opens the store to write.

    Raises:
        LockedError: somebody uses the store.
        StoreError: the lock file cannot be written.
    """
    lock = StoreLock(root, command=command, name=USE_LOCK)
    return lock.acquire(wait_seconds=wait_seconds)


def _close_all() -> None:
    for lock in list(_open):
        lock.close()
    for writer in list(_writers):
        writer.forget()


os.register_at_fork(after_in_child=_close_all)


def _holder(descriptor: int) -> str:
    """Say who holds the lock, as far as the file tells."""
    with suppress(OSError):
        holder = _parse_holder(os.pread(descriptor, _MAX_HOLDER_BYTES, 0))
        if holder is not None:
            return str(holder)
    return "another process"


def _parse_holder(data: bytes) -> Holder | None:
    lines = [
        line.partition(" ") for line in data.decode("utf-8", "replace").split("\n")
    ]
    facts = {key: value for key, _, value in lines}
    if not facts.keys() >= {"pid", "command", "since"} or not facts["pid"].isdecimal():
        return None
    return Holder(int(facts["pid"]), facts["command"], facts["since"])
