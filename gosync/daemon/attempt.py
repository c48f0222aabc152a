"""Attempt of a job: its function called, bounded in time, errors made outcomes.

Whoever wants the end, the time limit or a signal, asks for it first: what is on its
way is finished. After ``stop_seconds`` more the job is cancelled, which loses what
was on its way and nothing else.
"""

from __future__ import annotations

import logging
from signal import SIGTERM

import anyio

from gosync.config.config import Config
from gosync.config.duties import JobSpec
from gosync.daemon.jobs import JOBS
from gosync.daemon.outcome import JobOutcome, JobWork
from gosync.daemon.watchdog import JobProgress, Watchdog
from gosync.errors import (
    GosyncError,
    IncompleteError,
    InterruptedRunError,
    SecurityError,
    StoreError,
)
from gosync.site.site import Site
from gosync.system import error_of_system
from gosync.work.pool import first_error
from gosync.work.stop import Stop

_log = logging.getLogger(__name__)
EXIT_BUG = 1


class Attempt:
    """One call of one job."""

    def __init__(self, spec: JobSpec, config: Config, watch: Watchdog) -> None:
        self._spec = spec
        self._config = config
        self._watch = watch
        self._stop = Stop()
        self._asked = anyio.Event()

    def interrupt(self) -> None:
        """Ask for the end."""
        self._ask(InterruptedRunError(SIGTERM))

    def _ask(self, reason: GosyncError) -> None:
        self._stop.request(reason)
        self._asked.set()

    async def run(self, site: Site) -> JobOutcome:
        """Run the job to its end, however it ends.

        Raises:
            StoreError: as the job raised it; the caller knows whether the store is
                still there.
        """
        progress = JobProgress()
        outcome: JobOutcome | None = None
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch.over, progress, self._spec.name)
                with anyio.CancelScope() as scope:
                    group.start_soon(self._bound, scope)
                    limit = self._spec.time_limit_seconds
                    work = JobWork(site, self._config, progress, self._stop, limit)
                    outcome = await self._call(work)
                group.cancel_scope.cancel()
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        return outcome or _failed(self._stop.reason or self._late())

    async def _call(self, work: JobWork) -> JobOutcome:
        try:
            return await JOBS[self._spec.name](work)
        except StoreError:
            raise
        except SecurityError as exc:
            return JobOutcome(exc.exit_code, str(exc), fatal=exc)
        except GosyncError as exc:
            return _failed(exc)
        except Exception as exc:
            refused = error_of_system(exc)
            if isinstance(refused, StoreError):
                raise refused from exc
            if refused is not None:
                return _failed(refused)
            _log.exception("%s: a bug of ours; please report this", self._spec.name)
            return JobOutcome(EXIT_BUG, f"{type(exc).__name__}: {exc}")

    async def _bound(self, scope: anyio.CancelScope) -> None:
        """Ask for the end when the time is over, and see to it in the end."""
        with anyio.move_on_after(self._spec.time_limit_seconds):
            await self._asked.wait()
        self._ask(self._late())
        await anyio.sleep(self._config.sections.daemon.stop_seconds)
        _log.warning("%s: does not end; cancelled", self._spec.name)
        scope.cancel()

    def _late(self) -> GosyncError:
        limit = self._spec.time_limit_seconds
        return IncompleteError(
            f"not done within its time limit of {limit:g} s; the next run goes on"
        )


def _failed(error: GosyncError) -> JobOutcome:
    hint = f" ({error.hint})" if error.hint else ""
    passes = isinstance(error, IncompleteError)
    troubles = (type(error).__name__,) if passes else None
    return JobOutcome(error.exit_code, f"{error}{hint}", troubles=troubles)
