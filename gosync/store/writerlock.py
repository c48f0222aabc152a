"""The writer lock, the contract: one writer of journal and catalog at a time (I9).

It is held for the moment of writing, around both, so that they tell the same order; it
comes before a transaction of the catalog, never inside of one. ``lock`` keeps files;
``tests/contract`` runs every rule below over each implementation.

**Exclusive.** Two writers exclude each other, in one process or in two; so do the
threads that share one. A thread that holds it may take it again, and lets go with the
outermost block.

**Bounded.** Whoever waits for longer than it wants is refused and told who holds it. A
writer that is killed lets go: at once, or when its lease is up where there is no kernel
to notice; that is sooner than anybody gives up who waits as long as is usual.

**Kept.** Whoever holds it holds it to the end of the block, or is told by a StoreError
at that end; where a lease may be lost meanwhile, what was written is fenced off
besides.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

WRITE_WAIT_SECONDS = 60.0  # far longer than any batch takes


class WriterLock(Protocol):
    """The writer lock of one store, as one run has it."""

    @property
    def is_held(self) -> bool:
        """Whether the calling thread holds it; waits for another one that does."""
        ...

    def held(
        self, *, wait_seconds: float = WRITE_WAIT_SECONDS
    ) -> AbstractContextManager[None]:
        """Hold the lock inside.

        Raises:
            LockedError: somebody else holds it for longer than that.
            StoreError: it cannot be taken, or was lost.
        """
        ...
