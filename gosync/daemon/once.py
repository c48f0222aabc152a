"""Jobs run once, as a timer does: the daemon's runs without its timetable."""

from __future__ import annotations

import logging
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import anyio
import msgspec
from anyio.abc import TaskStatus
from msgspec.structs import asdict, replace

from gosync.clock import Clock
from gosync.config.config import Config
from gosync.daemon.jobs import JOBS
from gosync.daemon.news import FailOn
from gosync.daemon.notify import Notifier
from gosync.daemon.runner import INTERRUPTED, JobRun, Runner
from gosync.daemon.watchdog import Watchdog
from gosync.errors import (
    InterruptedRunError,
    LockedError,
    SecurityError,
    UsageError,
)
from gosync.site.opening import Opening
from gosync.site.site import open_site
from gosync.site.standing import TREE_TROUBLES
from gosync.status.mirror import JobReport
from gosync.store.lock import POLL_SECONDS
from gosync.sync.adopt import bring_up_whole
from gosync.work.interruption import forget, noticing
from gosync.work.pool import first_error
from gosync.work.progress import NoProgress

_log = logging.getLogger(__name__)
T = TypeVar("T")


class JobOnce(JobReport, frozen=True, kw_only=True):
    """A job that ran once.

    Attributes:
        news: Whether its end is another than before.
        summary: What it did, as the command of its name tells it.
    """

    news: bool
    summary: dict[str, Any]


class OnceReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``gosync run --once`` tells; its fields are the document's keys.

    Attributes:
        jobs: The jobs by name.
        exit_code: The process's.
    """

    jobs: dict[str, JobOnce]
    exit_code: int

    @classmethod
    def of(cls, runs: Sequence[JobRun], fail_on: FailOn) -> OnceReport:
        """Return what is told of these runs."""
        jobs = {run.row.name: _job(run) for run in runs}
        return OnceReport(jobs=jobs, exit_code=exit_code_of(runs, fail_on))


def _job(run: JobRun) -> JobOnce:
    is_news = run.news is None or run.news.is_news
    summary = {} if run.outcome is None else dict(run.outcome.summary)
    return JobOnce(**asdict(JobReport.of(run.row)), news=is_news, summary=summary)


async def run_once(
    config: Config,
    names: Iterable[str],
    *,
    clock: Clock,
    notifier: Notifier,
    wait_lock_seconds: float,
    new_store: bool = False,
) -> list[JobRun]:
    """Run these jobs, one after the other, and tell of them.

    Args:
        config: The configuration.
        names: The jobs' names.
        clock: What time it is.
        notifier: Whom to tell how we are.
        wait_lock_seconds: How long to wait for another gosync.
        new_store: Whether it was said that there is no store yet.

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
    watch = Watchdog(notifier, config.sections.daemon.stuck_seconds)
    runner = Runner(config, clock=clock, watch=watch)
    runs: list[JobRun] = []
    forget()
    try:
        async with anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                await group.start(_listen, runner, scope)
                patience = Patience(wait_lock_seconds)
                await patience.take(
                    partial(_make_store, config, clock, new_store=new_store)
                )
                for name in wanted:
                    run = await patience.take(partial(runner.run, specs[name]))
                    runs.append(run)
                    if run.row.exit_code == INTERRUPTED:
                        break
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        raise first_error(errors) from None
    if scope.cancelled_caught or runs[-1].row.exit_code == INTERRUPTED:
        raise InterruptedRunError(signal.SIGTERM)
    return runs


class Patience:
    """Waits for the lock, and can be interrupted meanwhile, which a sleep cannot."""

    def __init__(self, seconds: float) -> None:
        self._deadline = anyio.current_time() + seconds
        self._said = False

    async def take(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do what needs the lock, once it is free.

        Raises:
            LockedError: if it is held for too long.
        """
        while True:
            try:
                return await work()
            except LockedError as exc:
                if anyio.current_time() >= self._deadline:
                    raise
                self._say(exc)
            await anyio.sleep(POLL_SECONDS)

    def _say(self, error: LockedError) -> None:
        if not self._said:
            _log.info("waiting: %s", error)
        self._said = True


async def _make_store(config: Config, clock: Clock, *, new_store: bool) -> None:
    """Make a new site's store, or bring its catalog up to this gosync."""
    opening = Opening(new_store=new_store, tolerate=TREE_TROUBLES)
    with open_site(
        config.site_options(), command="gosync run", clock=clock, opening=opening
    ) as site:
        if new_store:
            await bring_up_whole(site, NoProgress(), trust_tree=True)


async def _listen(
    runner: Runner, scope: anyio.CancelScope, *, task_status: TaskStatus[None]
) -> None:
    receiver = anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT)
    with receiver as signals, noticing():
        task_status.started()
        async for _ in signals:
            if not runner.interrupt():
                scope.cancel()


def exit_code_of(runs: Iterable[JobRun], fail_on: FailOn = FailOn.ANY) -> int:
    """Return the gravest: a security finding, else the first that is not 0.

    Args:
        runs: The runs.
        fail_on: Which of those count that found something missing.
    """
    codes = [
        run.row.exit_code or 0
        for run in runs
        if run.news is None or run.news.fails(fail_on)
    ]
    if SecurityError.exit_code in codes:
        return SecurityError.exit_code
    return next((code for code in codes if code), 0)
