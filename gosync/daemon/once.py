"""Running jobs once, as a timer does: the daemon's runs without its timetable."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from dataclasses import replace

import anyio
from anyio.abc import TaskStatus

from gosync.clock import Clock
from gosync.config.schema import Config
from gosync.daemon.jobs import JOBS
from gosync.daemon.notify import Notifier
from gosync.daemon.presence import may_create_store
from gosync.daemon.pulse import Watch
from gosync.daemon.runner import INTERRUPTED, Run, Runner
from gosync.errors import InterruptedRunError, SecurityError, UsageError
from gosync.sync.pool import first_error
from gosync.sync.site import open_site


async def run_once(
    config: Config,
    names: Iterable[str],
    *,
    clock: Clock,
    notifier: Notifier,
    wait_lock_seconds: float,
) -> list[Run]:
    """Run these jobs, one after the other, and tell of them.

    Raises:
        UsageError: if there is no such job.
        InterruptedRunError: if a signal came.
        LockedError: if another gosync holds the lock for longer than that.
        StoreError: if the store cannot be opened or written.
    """
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in JOBS:
            raise UsageError(f"no job {name!r}", hint=f"jobs: {', '.join(JOBS)}")
    specs = {spec.name: replace(spec, schedule=None) for spec in config.jobs}
    watch = Watch(notifier, config.sections.daemon.stuck_seconds)
    runner = Runner(config, clock=clock, watch=watch)
    _make_store(config, clock, wait_lock_seconds)
    runs: list[Run] = []
    try:
        async with anyio.create_task_group() as group:
            await group.start(_listen, runner)
            for name in wanted:
                run = await runner.run(specs[name], wait_lock_seconds=wait_lock_seconds)
                runs.append(run)
                if run.row.exit_code == INTERRUPTED:
                    raise InterruptedRunError(signal.SIGTERM)
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise first_error(errors) from None
    return runs


def _make_store(config: Config, clock: Clock, wait_lock_seconds: float) -> None:
    """Make a new site's store, or bring its catalog up to this gosync."""
    options = config.site_options()
    with open_site(
        options,
        command="gosync run",
        wait_lock_seconds=wait_lock_seconds,
        clock=clock,
        create=may_create_store(options),
    ):
        pass


async def _listen(runner: Runner, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            runner.interrupt()


def exit_code_of(runs: Iterable[Run]) -> int:
    """Return the gravest: a security finding, else the first that is not 0."""
    codes = [run.row.exit_code or 0 for run in runs]
    if SecurityError.exit_code in codes:
        return SecurityError.exit_code
    return next((code for code in codes if code), 0)
