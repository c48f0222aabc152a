"""Job runner: one run of one job, with its leases, its row and its hooks.

What a job excludes, it excludes by leases that it holds from its beginning to its end
(``jobs.leases_of``), and between jobs nothing is held. So a manual `gosync sync` gets
its turn, a timer and a daemon live beside each other, and between jobs nothing of the
store is open: its disk can be unmounted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from signal import SIGTERM

import anyio
import msgspec
from msgspec.structs import replace

from gosync.catalog.findings import Finding
from gosync.catalog.jobs import JobRow
from gosync.clock import Clock, format_time, parse_time
from gosync.config.config import Config
from gosync.config.duties import JobSpec, Occasion
from gosync.config.telling import telling_of
from gosync.daemon.attempt import Attempt
from gosync.daemon.endings import ending_alerts
from gosync.daemon.hooks import Event, tell
from gosync.daemon.jobs import leases_of, opening_of
from gosync.daemon.news import News, news_of
from gosync.daemon.outcome import JobOutcome
from gosync.daemon.publishes import tell_published
from gosync.daemon.volumealerts import volume_alerts
from gosync.daemon.watchdog import JobProgress, Watchdog
from gosync.errors import InterruptedRunError, SecurityError, StoreError
from gosync.site.site import Site, open_site
from gosync.status.facts import upstream_states
from gosync.status.files import tell_status
from gosync.text import encode_json
from gosync.upstream.kept import changed_upstreams

_log = logging.getLogger(__name__)
_KEPT_RUNS = 10_000
_REMIND = timedelta(days=1)
INTERRUPTED = InterruptedRunError(SIGTERM).exit_code
_GRAVE = frozenset({1, SecurityError.exit_code, StoreError.exit_code})


class JobRun(msgspec.Struct, frozen=True):
    """A job's run, ours or another gosync's.

    Attributes:
        row: What the catalog says of it.
        outcome: How it ended; None where another gosync ran it.
        news: What it says that the job's last run did not; None likewise.
    """

    row: JobRow
    outcome: JobOutcome | None
    news: News | None = None


class Runner:
    """Runs jobs; several side by side, each by itself.

    Attributes:
        config: The configuration of the next run.
    """

    def __init__(self, config: Config, *, clock: Clock, watch: Watchdog) -> None:
        self.config = config
        self._clock = clock
        self._watch = watch
        self._attempts: dict[str, Attempt] = {}

    def interrupt(self) -> bool:
        """End the jobs that run, once what is on its way is here; False for none."""
        for attempt in self._attempts.values():
            attempt.interrupt()
        return bool(self._attempts)

    async def run(self, spec: JobSpec, *, seen: str | None = None) -> JobRun:
        """Run a job and tell of it.

        Args:
            spec: The job.
            seen: When its last run began, as far as the caller knows, "" for never.
                Where it has been run since, by another gosync, it is not run again.

        Raises:
            LockedError: if another run holds what the job needs for itself.
            StoreAwayError: if the store or the tree vanished.
            StoreError: if the store cannot be opened or written.
        """
        config, options = self.config, self.config.site_options()
        with open_site(
            options,
            command=f"gosync run: {spec.name}",
            leases=leases_of(spec.name, options.tree_path),
            clock=self._clock,
            opening=opening_of(spec.name),
        ) as site:
            row = site.catalog.jobs.get(spec.name)
            if row is not None and seen is not None and row.started_at != seen:
                return JobRun(row, None)
            before = upstream_states(site.catalog, options, self._clock.now())
            run = await self._run(spec, site)
            after = upstream_states(site.catalog, options, self._clock.now())
            changed = changed_upstreams(before, after)
            events = [*self._found(site, run), *self._events(run, row)]
            if alerts := [*ending_alerts(site), *volume_alerts(site)]:
                told = self._event("alert", run)
                events.append(replace(told, summary={"alerts": alerts}))
            if changed:
                events.append(replace(self._event("upstream", run), upstreams=changed))
            if any(event.occasion == "failure" for event in events):
                site.catalog.jobs.told(spec.name, self._clock.now())
        await self._tell(config, events)
        await self._tell_published(config)
        return run

    async def tell_of_store(self, spec: JobSpec, error: StoreError) -> None:
        """Tell that a job cannot run, where the catalog cannot be told."""
        event = Event(
            occasion="failure",
            mirror=self.config.sections.daemon.name,
            job=spec.name,
            at=format_time(self._clock.now()),
            exit_code=error.exit_code,
            error=str(error),
            failures=1,
            summary={},
        )
        await self._tell(self.config, [event])

    async def _tell(self, config: Config, events: Iterable[Event]) -> None:
        """Call hooks, which takes no longer than their limits; that is progress."""
        progress, http = JobProgress(), config.site_options().http
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch.over, progress, "hooks")
            await tell(config.hooks, events, http, progress)
            group.cancel_scope.cancel()

    async def _tell_published(self, config: Config) -> None:
        """Tell hooks what was published, by this job or by anybody since the last."""
        progress = JobProgress()
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch.over, progress, "hooks")
            try:
                await tell_published(config, self._clock, progress)
            except StoreError as exc:
                _log.warning("hooks are not told what was published: %s", exc)
            group.cancel_scope.cancel()

    async def _run(self, spec: JobSpec, site: Site) -> JobRun:
        jobs, started = site.catalog.jobs, self._clock.now()
        schedule = spec.schedule
        next_run = schedule.next_after(started, started) if schedule else None
        jobs.start(spec.name, started, next_run)
        _log.info("%s: begins", spec.name)
        attempt = Attempt(spec, self.config, self._watch)
        self._attempts[spec.name] = attempt
        try:
            outcome = await attempt.run(site)
        except StoreError as exc:
            outcome = self._store_failed(site, exc)
        except anyio.get_cancelled_exc_class():  # a second signal does not wait
            jobs.interrupt(spec.name, self._clock.now(), exit_code=INTERRUPTED)
            raise
        finally:
            del self._attempts[spec.name]
        news = news_of(outcome, site.catalog.troubles.of(spec.name))
        self._finish(site, spec, outcome, news)
        self._tell_status(site)
        row = jobs.get(spec.name)
        assert row is not None, "it was written a moment ago"
        seconds = (self._clock.now() - started).total_seconds()
        _report(row, outcome, seconds)
        return JobRun(row, outcome, news)

    def _finish(
        self, site: Site, spec: JobSpec, outcome: JobOutcome, news: News
    ) -> None:
        now = self._clock.now()
        if outcome.exit_code == INTERRUPTED:
            site.catalog.jobs.interrupt(spec.name, now, exit_code=INTERRUPTED)
            return
        with site.catalog.transaction():
            site.catalog.troubles.replace(spec.name, news.items)
            site.catalog.jobs.finish(
                spec.name,
                now,
                exit_code=outcome.exit_code,
                is_good=outcome.is_good,
                error=outcome.error,
                summary=encode_json(outcome.summary).decode(),
            )
        site.catalog.runs.trim(keep=_KEPT_RUNS)

    def _store_failed(self, site: Site, error: StoreError) -> JobOutcome:
        """Return how a job ended whose disk failed it.

        Raises:
            StoreAwayError: if it failed because the disk is gone.
        """
        site.check_still_there()
        return JobOutcome(error.exit_code, str(error))

    def _tell_status(self, site: Site) -> None:
        """Tell how the mirror is; a full disk is told by the job, not by this."""
        try:
            tell_status(site, telling_of(self.config))
        except StoreError as exc:
            _log.warning("status.json: %s", exc)

    def _found(self, site: Site, run: JobRun) -> Iterator[Event]:
        """Yield what was found and is not told yet; from here on it counts as told.

        A hook that fails is not called again: nobody is told twice.
        """
        untold = site.catalog.findings.untold()
        if untold:
            now = self._clock.now()
            site.catalog.findings.mark_told((each.id for each in untold), now)
            yield self._event("finding", run, untold)

    def _events(self, run: JobRun, before: JobRow | None) -> Iterator[Event]:
        assert run.outcome is not None
        if run.outcome.is_good:
            yield self._event("success", run)
        elif self._is_news(run.row, before):
            yield self._event("failure", run)

    def _is_news(self, row: JobRow, before: JobRow | None) -> bool:
        """Whether a failure is to be told: a new one, another one, one of a day."""
        if row.exit_code == INTERRUPTED:
            return False
        if row.told_at is None or before is None:
            return True
        if before.exit_code not in (row.exit_code, None):
            return True
        return self._clock.now() - parse_time(row.told_at) >= _REMIND

    def _event(
        self,
        occasion: Occasion,
        run: JobRun,
        findings: Iterable[Finding] = (),
    ) -> Event:
        row, outcome = run.row, run.outcome
        assert outcome is not None
        return Event(
            occasion=occasion,
            mirror=self.config.sections.daemon.name,
            job=row.name,
            at=row.ended_at or format_time(self._clock.now()),
            exit_code=outcome.exit_code,
            error=outcome.error,
            failures=row.failures,
            findings=tuple(findings),
            summary=outcome.summary,
        )


def _report(row: JobRow, outcome: JobOutcome, seconds: float) -> None:
    if outcome.is_good:
        said = f"; {outcome.error}" if outcome.error else ""
        _log.info("%s: done in %.1f s%s", row.name, seconds, said)
        return
    level = logging.ERROR if outcome.exit_code in _GRAVE else logging.WARNING
    _log.log(level, "%s: exit %d: %s", row.name, outcome.exit_code, outcome.error)
