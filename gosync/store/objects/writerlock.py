"""The writer lock of a store in a bucket; the contract is ``writerlock``'s.

Runs of one local folder exclude each other by its lock file, as in a local store. Of
several folders one has the bucket's lease (``lease``), which is looked at whenever the
lock is taken, and renewed now and then. A run that works for longer than that without
writing anything may lose it; then it learns so before it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gosync.clock import Clock
from gosync.store.lock import LocalWriterLock
from gosync.store.objects.lease import BucketLease
from gosync.store.writerlock import WRITE_WAIT_SECONDS


class ObjectWriterLock(LocalWriterLock):
    """The lock file of the local folder, and the lease of the bucket.

    Attributes:
        watch: Called before it is let go; what it returns is called afterwards.
    """

    def __init__(
        self,
        lease: BucketLease,
        local: Path,
        *,
        command: str = "gosync",
        clock: Clock | None = None,
    ) -> None:
        super().__init__(local, command=command, clock=clock)
        self.watch: Callable[[], Callable[[], None] | None] = lambda: None
        self._lease = lease

    @contextmanager
    def held(self, *, wait_seconds: float = WRITE_WAIT_SECONDS) -> Iterator[None]:
        """Hold the lock inside; see WriterLock."""
        afterwards = None
        with super().held(wait_seconds=wait_seconds):
            if self._depth > 1:
                yield
                return
            self._lease.take()
            yield
            self._lease.check()
            afterwards = self.watch()
        if afterwards is not None:
            afterwards()
