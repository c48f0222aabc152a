"""``gosync run``: the daemon, or its jobs once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import anyio
import click

from gosync import log
from gosync.cli.confirm import confirm_whole_index
from gosync.cli.options import Options, common_options
from gosync.clock import SystemClock
from gosync.config.schema import Config
from gosync.daemon.daemon import Daemon
from gosync.daemon.notify import Notifier
from gosync.daemon.once import exit_code_of, run_once
from gosync.daemon.runner import Run
from gosync.errors import UsageError
from gosync.status.mirror import job_document


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
@click.option("--yes", "-y", is_flag=True, help="Do not ask about the whole index.")
@common_options
def run(
    options: Options, jobs: tuple[str, ...], once: bool, wait_lock: float, yes: bool
) -> int:
    """Keep the mirror fresh until SIGTERM: jobs as [daemon.jobs] schedules them.

    SIGHUP reads the configuration anew. With --once and the names of jobs (sync,
    lists, audit, verify, publish, prune) these run once, with hooks, status.json
    and metrics as in the daemon: that is what timers call.
    """
    if bool(jobs) != once:
        raise UsageError(
            "--once goes with the names of jobs, and they with it",
            hint="gosync run, or gosync run --once sync",
        )
    config = _load(options, yes)
    log.show_infos()
    if not once:
        anyio.run(_serve, options, yes)
        return 0
    runs = anyio.run(_once, config, jobs, wait_lock)
    document = {run.row.name: job_document(run.row) for run in runs}
    options.output.result("run", {"jobs": document}, _lines(runs))
    return exit_code_of(runs)


def _load(options: Options, yes: bool) -> Config:
    """Return the configuration, now or at a reload."""
    config = options.load_config()
    confirm_whole_index(config.policy, yes=yes)
    return config


async def _serve(options: Options, yes: bool) -> None:
    daemon = Daemon(
        _load(options, yes),
        reload=lambda: _load(options, yes),
        clock=SystemClock(),
        notifier=Notifier(os.environ),
    )
    await daemon.run()


async def _once(config: Config, jobs: tuple[str, ...], wait_lock: float) -> list[Run]:
    return await run_once(
        config,
        jobs,
        clock=SystemClock(),
        notifier=Notifier(os.environ),
        wait_lock_seconds=wait_lock,
    )


def _lines(runs: list[Run]) -> Iterator[str]:
    for each in runs:
        why = f": {each.row.error}" if each.row.error else ""
        yield f"{each.row.name}  exit {each.row.exit_code}{why}"
