"""``gosync prune``: forget what no selection wants any more."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import click

from gosync.catalog import leases
from gosync.cli.confirm import with_delete_limit
from gosync.cli.options import (
    CommonOptions,
    common_options,
    versions_limit_option,
    wait_lock_option,
    yes_option,
)
from gosync.cli.progress import progress
from gosync.cli.tables import tree_lines
from gosync.config.sizes import format_size
from gosync.config.telling import telling_of
from gosync.errors import TooManyDeletesError
from gosync.site.site import Site, open_site
from gosync.status.files import tell_status
from gosync.sync.projects import read_projects
from gosync.sync.prune import (
    Pruned,
    PrunePlan,
    PrunePlanReport,
    PruneReport,
    ReleaseReport,
    Swept,
    allow_deletes,
    plan_prune,
    release_asked,
)
from gosync.sync.prune import prune as carry_out

_SHOWN = 200


@click.command()
@click.option("--dry-run", is_flag=True, help="Show the plan and do nothing.")
@versions_limit_option
@yes_option
@click.option(
    "--grace-days",
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Instead of prune.grace_days of the configuration.",
)
@click.option(
    "--asked",
    is_flag=True,
    help="Let go of what `gosync sync MODULE@VERSION` asked for.",
)
@wait_lock_option
@common_options
def prune(
    options: CommonOptions,
    dry_run: bool,
    max_delete: int | None,
    yes: bool,
    grace_days: float | None,
    asked: bool,
    wait_lock: float,
) -> None:
    """Forget versions that nothing selects, once their time of grace is over.

    Shows what would go first. The tree shrinks in an order that never leaves a
    version named whose files are gone; then the store gives back the space.
    """
    config = options.load_config()
    site_options = with_delete_limit(
        config.site_options(), max_delete=max_delete, yes=yes
    )
    projects = read_projects(site_options.projects)
    grace = site_options.grace_days if grace_days is None else grace_days
    with (
        open_site(
            site_options,
            command="gosync prune",
            leases=(leases.IMPORT, leases.SELECT, leases.PRUNE),
            wait_lock_seconds=wait_lock,
        ) as site,
        progress(show=options.show_progress) as watcher,
    ):
        if asked and not dry_run:
            _let_go(options, site)
            return
        plan = plan_prune(site, projects, grace_days=grace)
        planned = PrunePlanReport.of(plan)
        if dry_run:
            options.output.result("prune", planned, _shown(plan))
            return
        allowed = _allow(options, site, plan, planned)
        pruned = anyio.run(carry_out, allowed, plan, watcher)
        tell_status(site, telling_of(config))
        _report(options, plan, planned, pruned)


def _allow(
    options: CommonOptions, site: Site, plan: PrunePlan, planned: PrunePlanReport
) -> Site:
    """Let the plan's versions go, if they are few or somebody says so."""
    if plan.deletes > site.options.deletes.at_most:
        for line in _shown(plan):
            options.output.say(line)
    try:
        return allow_deletes(site, plan)
    except TooManyDeletesError:
        options.output.result("prune", planned)
        raise


def _let_go(options: CommonOptions, site: Site) -> None:
    """Make what commands asked for the configuration's to keep or to drop."""
    released = release_asked(site)
    line = f"{released} versions are kept no longer only because a command asked"
    hint = "next: gosync sync; what it does not select has its time of grace then"
    options.output.result("prune", ReleaseReport(released), [line, hint])


def _shown(plan: PrunePlan) -> list[str]:
    return [_line("to forget", plan), *_rows(plan)]


def _report(
    options: CommonOptions,
    plan: PrunePlan,
    planned: PrunePlanReport,
    pruned: Pruned,
) -> None:
    published, swept = pruned.published, pruned.swept
    lines = [
        _line("forgotten", plan),
        *_rows(plan),
        *tree_lines(published),
        f"{swept.blobs} blobs removed, {format_size(swept.bytes)} freed",
        *_unexplained(swept),
    ]
    options.output.result("prune", PruneReport.done(planned, pruned), lines)


def _unexplained(swept: Swept) -> Iterator[str]:
    if swept.unexplained:
        yield (
            f"{swept.unexplained} blobs stay: the journal names them and the catalog"
            " does not know why. next: gosync catalog rebuild"
        )


def _line(done: str, plan: PrunePlan) -> str:
    return (
        f"{plan.deletes} versions {done}, {format_size(plan.bytes)};"
        f" {plan.waiting} more within their time of grace"
    )


def _rows(plan: PrunePlan) -> Iterator[str]:
    for row in plan.forgotten[:_SHOWN]:
        yield f"  {row.path}@{row.version}"
    for row in plan.narrowed[:_SHOWN]:
        yield f"  {row.path}@{row.version} (its zip)"
    more = max(0, plan.deletes - 2 * _SHOWN)
    if more:
        yield f"  ... and {more} more; --json shows all"
