"""The loop: what is due is done until a signal ends it.

Jobs that exclude each other are done one after the other, the one first that has been
due for longest; a long verify does not hold up a sync (``jobs.can_be_side_by_side``).

    SIGTERM, SIGINT   what is on its way is finished, and the daemon ends with 0
    SIGHUP            the configuration is read anew; a broken one is refused, and
                      the old one kept; a job that runs goes on with its own

While another gosync holds what a job needs, or the store is away, what is due waits
and is tried again; neither is a failure of a job. Only two things end the daemon from
inside: a configuration that is wrong at the start, and a SecurityError of a whole
job, which says that what we trust is in doubt. To start again would mend neither.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import anyio
from anyio.abc import TaskGroup, TaskStatus

from gosync.catalog.jobs import JobRow
from gosync.clock import Clock, parse_time, shift
from gosync.config.config import Config
from gosync.config.duties import JobSpec
from gosync.daemon.jobs import can_be_side_by_side
from gosync.daemon.notify import Notifier
from gosync.daemon.runner import Runner
from gosync.daemon.timetable import Timetable
from gosync.daemon.watchdog import Watchdog
from gosync.errors import (
    ConfigError,
    GosyncError,
    InterruptedRunError,
    LockedError,
    SecurityError,
    StoreError,
)
from gosync.site.opening import Opening, check_before
from gosync.site.site import open_site
from gosync.site.standing import TREE_TROUBLES
from gosync.work.interruption import forget, noticing
from gosync.work.pool import first_error

_log = logging.getLogger(__name__)
_AGAIN_SECONDS = 15.0  # while another gosync is at work, or the store is away
_MARGIN_SECONDS = 30.0
_OPENING = Opening(tolerate=TREE_TROUBLES)  # each job sees to the tree by itself


class Daemon:
    """One daemon for one configuration file.

    Args:
        config: The configuration.
        reload: Reads it anew; raises what is wrong with it.
        clock: What time it is.
        notifier: Whom to tell how we are.
        sleep: How to wait; a test's clock goes on meanwhile.
        look_seconds: The longest time between two looks at clock and timetable.
    """

    def __init__(
        self,
        config: Config,
        *,
        reload: Callable[[], Config],
        clock: Clock,
        notifier: Notifier,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        look_seconds: float = 5.0,
    ) -> None:
        self._config = config
        self._reload = reload
        self._clock = clock
        self._notifier = notifier
        self._sleep = sleep
        stuck_seconds = config.sections.daemon.stuck_seconds
        self._watch = Watchdog(notifier, stuck_seconds, look_seconds)
        self._runner = Runner(config, clock=clock, watch=self._watch)
        self._table = Timetable((), {}, clock.now())
        self._seen: dict[str, str] = {}
        self._trouble = ""
        self._refused = ""
        self._ending = False
        self._running: set[str] = set()
        self._fatal: SecurityError | None = None
        self._nap = anyio.CancelScope()
        self._work = anyio.CancelScope()

    async def run(self) -> None:
        """Work until a signal ends it.

        Raises:
            SecurityError: if what we trust is in doubt.
            StoreAwayError: if the store is not there at the start.
            StoreError: if it cannot be opened then.
        """
        check_before(self._config.site_options(), _OPENING)
        forget()
        try:
            async with anyio.create_task_group() as group:
                await group.start(self._listen)
                self._notifier.ready("started")
                _log.info("started with %s", self._plan_line())
                with self._work:
                    await self._serve()
                group.cancel_scope.cancel()
        except BaseExceptionGroup as errors:
            error = first_error(errors)
            self._notifier.stopping(str(error))
            raise error from None
        _log.info("ended")

    def _plan_line(self) -> str:
        names = [spec.name for spec in self._config.jobs if spec.schedule]
        return ", ".join(names) or "no job"

    # What comes from outside.

    async def _listen(self, *, task_status: TaskStatus[None]) -> None:
        """Take signals; the second one that wants the end does not wait."""
        kinds = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        with anyio.open_signal_receiver(*kinds) as signals, noticing():
            task_status.started()
            async for number in signals:
                if number == signal.SIGHUP:
                    self._read_anew()
                elif self._ending:
                    self._work.cancel()
                else:
                    self._end(signal.Signals(number))

    def _end(self, number: signal.Signals) -> None:
        stop_seconds = self._config.sections.daemon.stop_seconds
        _log.info("%s: finishing what is on its way", number.name)
        self._notifier.stopping("finishing what is on its way")
        self._notifier.extend_timeout(stop_seconds + _MARGIN_SECONDS)
        self._ending = True
        self._work.deadline = anyio.current_time() + stop_seconds + _MARGIN_SECONDS
        self._runner.interrupt()
        self._nap.cancel()

    def _read_anew(self) -> None:
        """Read the configuration anew; one that is wrong changes nothing."""
        self._notifier.reloading()
        try:
            config = self._reload()
            self._check_same_store(config)
        except GosyncError as exc:
            hint = f" ({exc.hint})" if exc.hint else ""
            self._refused = f"reload refused, the old configuration stays: {exc}{hint}"
            _log.error("%s", self._refused)
            self._notifier.ready(self._refused)
            return
        self._refused = ""
        self._config = self._runner.config = config
        self._watch.stuck_seconds = config.sections.daemon.stuck_seconds
        self._table.replace(config.jobs, self._clock.now())
        _log.info("reloaded: %s", self._plan_line())
        self._notifier.ready("reloaded")
        self._nap.cancel()

    def _check_same_store(self, config: Config) -> None:
        """Refuse another store: what is known here is of the old one."""
        if config.store_path != self._config.store_path:
            raise ConfigError(
                f"store.path is {config.store_path} now",
                hint="restart the daemon for another store",
            )

    # What is done.

    async def _serve(self) -> None:
        """Do what is due until the end is asked for.

        Raises:
            SecurityError: if what we trust is in doubt.
        """
        while not (self._ending or self._load()):
            await self._rest(_AGAIN_SECONDS)
        async with anyio.create_task_group() as jobs:
            while not self._ending:
                await self._look(jobs)
        if self._fatal is not None:
            raise self._fatal

    async def _look(self, jobs: TaskGroup) -> None:
        """Begin the job that is due, or wait."""
        spec = self._table.due(self._clock.now(), can_begin=self._can_begin)
        if spec is not None:
            self._running.add(spec.name)
            jobs.start_soon(self._do, spec)
            return
        if not self._running:
            self._notifier.status(self._idle_line())
        wait = self._table.wait_seconds(self._clock.now(), can_begin=self._can_begin)
        await self._rest(wait)

    def _can_begin(self, name: str) -> bool:
        return can_be_side_by_side(name, self._running)

    def _load(self) -> bool:
        """Open the store, read when each job ran last; False while it is locked.

        Raises:
            StoreError: if it cannot be opened.
        """
        options = self._config.site_options()
        try:
            with open_site(
                options,
                command="gosync run",
                clock=self._clock,
                opening=_OPENING,
            ) as site:
                rows = site.catalog.jobs.all()
        except InterruptedRunError:
            return False
        except LockedError as exc:
            self._note_trouble(str(exc))
            return False
        self._note_trouble("")
        now = self._clock.now()
        self._seen = {row.name: row.started_at for row in rows}
        specs = {spec.name: spec for spec in self._config.jobs}
        planned = {
            row.name: _due_at(row, specs[row.name], now)
            for row in rows
            if row.name in specs
        }
        self._table = Timetable(self._config.jobs, planned, now)
        return True

    async def _do(self, spec: JobSpec) -> None:
        """Run a job, or put it off while that cannot be; then look what is due."""
        try:
            if not self._ending:
                await self._run(spec)
        finally:
            self._running.discard(spec.name)
            self._nap.cancel()

    async def _run(self, spec: JobSpec) -> None:
        try:
            run = await self._runner.run(spec, seen=self._seen.get(spec.name, ""))
        except InterruptedRunError:
            _log.info("%s: waits for a lock no longer", spec.name)
        except LockedError as exc:
            self._put_off(spec, str(exc))
        except StoreError as exc:
            if self._put_off(spec, f"paused: {exc}; {exc.hint or ''}".rstrip("; ")):
                await self._runner.tell_of_store(spec, exc)
        else:
            self._note_trouble("")
            self._seen[spec.name] = run.row.started_at
            self._table.plan(spec.name, _due_at(run.row, spec, self._clock.now()))
            if run.outcome is not None and run.outcome.fatal is not None:
                self._fatal = run.outcome.fatal
                self._ending = True
                self._runner.interrupt()
        self._watch.feed()

    def _put_off(self, spec: JobSpec, reason: str) -> bool:
        """Plan a job for a little later; return whether the reason is a new one."""
        again = shift(self._clock.now(), timedelta(seconds=_AGAIN_SECONDS))
        self._table.plan(spec.name, again)
        return self._note_trouble(reason)

    def _note_trouble(self, reason: str) -> bool:
        """Say once what keeps us from working, and once that it is over."""
        is_new = reason != self._trouble
        if is_new and reason:
            _log.warning("%s", reason)
            self._notifier.status(reason)
        elif is_new:
            _log.info("going on")
        self._trouble = reason
        return is_new

    def _idle_line(self) -> str:
        if self._trouble or self._refused:
            return self._trouble or self._refused
        runs = self._table.next_runs()
        if not runs:
            return "idle: no job is scheduled"
        name = min(runs, key=runs.__getitem__)
        return f"idle; next: {name} at {runs[name]:%Y-%m-%d %H:%M:%S} UTC"

    async def _rest(self, seconds: float | None) -> None:
        """Wait so long, in steps short enough for the watchdog and a wrong clock.

        While a job runs, time is the jobs': a test's clock does not go on by our sleep.
        """
        step = self._watch.look_seconds
        sleep = anyio.sleep if self._running else self._sleep
        with anyio.CancelScope() as self._nap:
            if not self._ending:
                await sleep(step if seconds is None else min(step, seconds))
        self._watch.feed()


def _due_at(row: JobRow, spec: JobSpec, now: datetime) -> datetime:
    """Return when a job is due; one that was killed, at once.

    A timer plans nothing, but what it did need not be done again.
    """
    if row.ended_at is None or spec.schedule is None:
        return now
    if row.next_run_at is None:
        return spec.schedule.next_after(parse_time(row.started_at), now)
    return parse_time(row.next_run_at)
