"""``gosync run``: the daemon, or its jobs once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import anyio
import click

from gosync import log
from gosync.cli.confirm import confirm_whole_index
from gosync.cli.options import CommonOptions, common_options, new_store_option
from gosync.clock import SystemClock
from gosync.config.config import Config
from gosync.daemon.daemon import Daemon
from gosync.daemon.news import FailOn
from gosync.daemon.notify import Notifier
from gosync.daemon.once import OnceReport, run_once
from gosync.daemon.runner import JobRun
from gosync.errors import UsageError
from gosync.serve.ownerprocess import OwnerProcess, owner_process


@click.command()
@click.argument("jobs", metavar="[JOB]...", nargs=-1)
@click.option("--once", is_flag=True, help="Run these jobs now, and end.")
@click.option(
    "--wait-lock",
    type=click.FloatRange(min=0),
    default=0,
    metavar="SECONDS",
    help="With --once: wait so long for another gosync to end.",
)
@click.option(
    "--fail-on",
    type=click.Choice([each.value for each in FailOn]),
    default=FailOn.NEW.value,
    show_default=True,
    help="With --once: fail only when something becomes missing or newly fails,"
    " whenever anything is, or never for that.",
)
@new_store_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask about the whole index.")
@common_options
def run(
    options: CommonOptions,
    jobs: tuple[str, ...],
    once: bool,
    wait_lock: float,
    fail_on: str,
    new_store: bool,
    yes: bool,
) -> int:
    """Keep the mirror fresh until SIGTERM: jobs as [daemon.jobs] schedules them.

    SIGHUP reads the configuration anew. With --once and the names of jobs (sync,
    lists, audit, verify, publish, prune) these run once, with hooks, status.json
    and metrics as in the daemon: that is what timers call. What one run found missing
    does not fail the next one; security, the store and the configuration always do.
    """
    if bool(jobs) != once:
        raise UsageError(
            "--once needs the names of jobs, and these need --once",
            hint="gosync run, or gosync run --once sync",
        )
    if new_store and not once:
        raise UsageError(
            "--new-store is said once, not at each start",
            hint="run `gosync sync --new-store` first",
        )
    config = _load(options, yes)
    log.show_infos()
    if not once:
        anyio.run(_serve, options, yes)
        return 0
    runs = anyio.run(_once, config, jobs, wait_lock, new_store)
    report = OnceReport.of(runs, FailOn(fail_on))
    options.output.result("run", report, _lines(runs))
    return report.exit_code


def _load(options: CommonOptions, yes: bool) -> Config:
    """Return the configuration, now or at a reload."""
    config = options.load_config()
    confirm_whole_index(config.policy, yes=yes)
    return config


async def _serve(options: CommonOptions, yes: bool) -> None:
    owner = _Owner()

    def load() -> Config:
        config = _load(options, yes)
        owner.follow(config)
        return config

    try:
        daemon = Daemon(
            load(), reload=load, clock=SystemClock(), notifier=Notifier(os.environ)
        )
        await daemon.run()
    finally:
        owner.stop()


class _Owner:
    """The owner of the store beside the daemon, where one is configured.

    It is a process of its own: no job keeps those waiting who ask a server.
    """

    def __init__(self) -> None:
        self._process: OwnerProcess | None = None

    def follow(self, config: Config) -> None:
        """Begin it as it is configured now, or end it; waits for nothing."""
        if config.serve.pull is None:
            threading.Thread(target=self.stop).start()
        elif self._process is not None:
            self._process.begin_anew()
        else:
            self._process = owner_process(config)
            self._process.start()

    def stop(self) -> None:
        """End it, and wait for that."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()


async def _once(
    config: Config, jobs: tuple[str, ...], wait_lock: float, new_store: bool
) -> list[JobRun]:
    return await run_once(
        config,
        jobs,
        clock=SystemClock(),
        notifier=Notifier(os.environ),
        wait_lock_seconds=wait_lock,
        new_store=new_store,
    )


def _lines(runs: list[JobRun]) -> Iterator[str]:
    for each in runs:
        why = f": {each.row.error}" if each.row.error else ""
        known = "" if each.news is None or each.news.is_news else ", as before"
        known = known if each.row.exit_code else ""
        yield f"{each.row.name}  exit {each.row.exit_code}{known}{why}"
