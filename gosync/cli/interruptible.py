"""Interruptible work: ended cleanly by SIGINT and SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from anyio.abc import TaskStatus

from gosync.errors import InterruptedRunError
from gosync.work.interruption import forget, noticing
from gosync.work.memory import share_arenas
from gosync.work.pool import first_error

T = TypeVar("T")


def run_interruptible(work: Callable[[], Awaitable[T]]) -> T:
    """Run work to its end, or until a signal cancels it.

    Raises:
        InterruptedRunError: if a signal came; what was committed stays.
        Exception: what the work raises.
    """

    async def main() -> T:
        caught: list[signal.Signals] = []
        results: list[T] = []

        async def watch(
            scope: anyio.CancelScope, *, task_status: TaskStatus[None]
        ) -> None:
            receiver = anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM)
            with receiver as signals, noticing():
                task_status.started()
                async for number in signals:
                    caught.append(number)
                    scope.cancel()

        try:
            async with anyio.create_task_group() as group:
                with anyio.CancelScope() as scope:
                    await group.start(watch, scope)
                    results.append(await work())
                group.cancel_scope.cancel()
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        if not results:
            raise InterruptedRunError(caught[0])
        return results[0]

    forget()
    share_arenas()
    return anyio.run(main)
