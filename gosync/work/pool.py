"""Bounded work side by side on anyio: for a pass, and for the sumdb's client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import anyio

T = TypeVar("T")


async def for_each(
    items: Iterable[T], work: Callable[[T], Awaitable[None]], *, workers: int
) -> None:
    """Do the work for every item, so many at once; items are drawn as needed.

    The first error ends the others and is raised itself, not in a group.
    """
    source = iter(items)

    async def worker() -> None:
        for item in source:  # one event loop: no two workers draw at once
            await work(item)

    try:
        async with anyio.create_task_group() as group:
            for _ in range(workers):
                group.start_soon(worker)
    except BaseExceptionGroup as group:
        raise first_error(group) from None


def first_error(error: BaseException) -> BaseException:
    """Return the error, or the first one of a group, however deep."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class PoolConcurrency:
    """gosync.sumdb.concurrency.Concurrency on anyio."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def new_lock(self) -> AbstractAsyncContextManager[object, bool | None]:
        """Return a lock: one task at a time is inside ``async with``."""
        return anyio.Lock()

    async def run(self, jobs: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Run jobs, so many at once, until all are done or one failed."""

        async def call(job: Callable[[], Awaitable[None]]) -> None:
            await job()

        await for_each(jobs, call, workers=min(self._workers, len(jobs)))
