"""``gosync sync``: one incremental pass, then publish."""

from __future__ import annotations

import signal
from pathlib import Path

import anyio
import click

from gosync.cli.confirm import confirm_whole_index
from gosync.cli.options import Options, common_options
from gosync.cli.progress import progress
from gosync.cli.tables import sync_lines
from gosync.errors import InterruptedRunError, UsageError
from gosync.progress import Progress
from gosync.sync.dependencies import read_projects
from gosync.sync.engine import PassOptions, PassReport, report_document, run_pass
from gosync.sync.planfile import read_plan
from gosync.sync.policy import parse_selector
from gosync.sync.pool import first_error
from gosync.sync.site import Site, open_site


@click.command()
@click.argument("wanted", metavar="[MODULE@VERSION]...", nargs=-1)
@click.option("--refresh", is_flag=True, help="Ask every list, however fresh.")
@click.option("--retry", is_flag=True, help="Try failed items before their time.")
@click.option("--no-publish", is_flag=True, help="Leave the tree as it is.")
@click.option(
    "--wait-lock",
    type=click.FloatRange(min=0),
    default=0,
    metavar="SECONDS",
    help="Wait so long for another gosync to end.",
)
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Fetch exactly what `gosync plan --out FILE` planned.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask about the whole index.")
@common_options
def sync(
    options: Options,
    wanted: tuple[str, ...],
    refresh: bool,
    retry: bool,
    no_publish: bool,
    wait_lock: float,
    plan_file: Path | None,
    yes: bool,
) -> int:
    """Fetch and prove what is new, then bring the tree up to date.

    With MODULE@VERSION, fetch these instead of what the configuration selects;
    they stay until `gosync prune --asked` forgets them.
    """
    site_options = options.load_config().site_options()
    if wanted and plan_file is not None:
        raise UsageError("MODULE@VERSION and --plan exclude each other")
    confirm_whole_index(site_options.policy, yes=yes or bool(wanted))
    wish = PassOptions(
        selectors=tuple(parse_selector(text) for text in wanted),
        refresh=refresh,
        retry=retry,
        publish=not no_publish,
        projects=() if wanted else read_projects(site_options.projects),
        plan=None if plan_file is None else read_plan(plan_file),
    )
    with (
        open_site(
            site_options, command="gosync sync", wait_lock_seconds=wait_lock
        ) as site,
        progress(show=options.show_progress) as watcher,
    ):
        report = run_interruptible(site, wish, watcher)
    options.output.result("sync", report_document(report), sync_lines(report))
    return report.exit_code


def run_interruptible(site: Site, wish: PassOptions, watcher: Progress) -> PassReport:
    """Run a pass that SIGINT and SIGTERM end cleanly.

    Raises:
        InterruptedRunError: if a signal came; what was admitted is committed.
        StoreError: as from ``run_pass``.
    """

    async def main() -> PassReport:
        caught: list[signal.Signals] = []
        report: PassReport | None = None

        async def watch(scope: anyio.CancelScope) -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for number in signals:
                    caught.append(number)
                    scope.cancel()

        try:
            async with anyio.create_task_group() as group:
                with anyio.CancelScope() as scope:
                    group.start_soon(watch, scope)
                    report = await run_pass(site, wish, watcher)
                group.cancel_scope.cancel()
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        if report is None:
            raise InterruptedRunError(caught[0])
        return report

    return anyio.run(main)
