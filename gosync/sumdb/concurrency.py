"""What the client needs of an event loop, so that it needs to know none.

The client starts no tasks and makes no locks; a caller who wants several requests
under way at once passes an implementation over its own event loop. ``Sequential``
does one thing after the other and is enough for a caller with one task. Results
never depend on the locks: they only keep two tasks from doing the same work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol, TypeAlias

Lock: TypeAlias = AbstractAsyncContextManager[object, bool | None]


class Concurrency(Protocol):
    """Locks and bounded concurrency of a caller's event loop."""

    def new_lock(self) -> Lock:
        """Return a lock: one task at a time is inside ``async with``."""

    async def run(self, jobs: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Run jobs, a bounded number at once, until all are done.

        The first job to fail ends the others, and its error is raised itself, not
        a group with it inside.
        """


class Sequential:
    """One job after the other."""

    def new_lock(self) -> Lock:
        """Return a lock that everybody gets."""
        return nullcontext()

    async def run(self, jobs: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Run jobs in order; the first error is raised at once."""
        for job in jobs:
            await job()
