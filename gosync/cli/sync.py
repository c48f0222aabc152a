"""``gosync sync``: one incremental pass, then publish."""

from __future__ import annotations

from pathlib import Path

import click

from gosync.cli.arguments import arguments
from gosync.cli.confirm import confirm_whole_index, with_delete_limit
from gosync.cli.confirmsize import size_agreement
from gosync.cli.interruptible import run_interruptible
from gosync.cli.options import (
    CommonOptions,
    common_options,
    new_store_option,
    versions_limit_option,
    wait_lock_option,
)
from gosync.cli.passlines import sync_lines
from gosync.cli.plan import PlanWish, show_plan
from gosync.cli.progress import progress
from gosync.config.telling import telling_of
from gosync.errors import UsageError
from gosync.site.opening import Opening
from gosync.site.policy import parse_selector
from gosync.site.site import open_site
from gosync.site.standing import Trouble
from gosync.status.files import tell_status
from gosync.sync.engine import PassOptions
from gosync.sync.planfile import read_plan
from gosync.sync.projects import read_projects
from gosync.sync.report import sync_report
from gosync.sync.running import run_pass


@click.command()
@click.argument("wanted", metavar="[MODULE@VERSION]...", nargs=-1)
@click.option("--refresh", is_flag=True, help="Ask every list, however fresh.")
@click.option("--retry", is_flag=True, help="Try failed items before their time.")
@click.option("--no-publish", is_flag=True, help="Leave the tree as it is.")
@new_store_option
@wait_lock_option
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Fetch exactly what `gosync plan --out FILE` planned.",
)
@click.option(
    "--yes",
    "-y",
    is_flag=True,
    help="Ask neither about the whole index nor about many versions that would go.",
)
@click.option(
    "--dry-run", is_flag=True, help="Show what it would do, as `gosync plan` does."
)
@versions_limit_option
@common_options
def sync(
    options: CommonOptions,
    wanted: tuple[str, ...],
    refresh: bool,
    retry: bool,
    no_publish: bool,
    new_store: bool,
    wait_lock: float,
    plan_file: Path | None,
    yes: bool,
    dry_run: bool,
    max_delete: int | None,
) -> int:
    """Fetch and prove what is new, then bring the tree up to date.

    With MODULE@VERSION, fetch these instead of what the configuration selects;
    they stay until `gosync prune --asked` forgets them.
    """
    config = options.load_config()
    site_options = with_delete_limit(
        config.site_options(), max_delete=max_delete, yes=yes
    )
    if wanted and plan_file is not None:
        raise UsageError("MODULE@VERSION and --plan exclude each other")
    confirm_whole_index(site_options.policy, yes=yes or bool(wanted))
    with arguments("write it as path@v1.2.3, path@latest or path"):
        selectors = tuple(parse_selector(text) for text in wanted)
    if dry_run:
        if plan_file is not None:
            raise UsageError("--plan and --dry-run exclude each other")
        planned = PlanWish(selectors=selectors, refresh=refresh, retry=retry)
        return show_plan(options, planned, wait_lock_seconds=wait_lock)
    wish = PassOptions(
        selectors=selectors,
        refresh=refresh,
        retry=retry,
        publish=not no_publish,
        trust_tree=new_store,
        projects=() if wanted else read_projects(site_options.projects),
        plan=None if plan_file is None else read_plan(plan_file),
        agreement=size_agreement(config.confirm_above_bytes, yes=yes),
    )
    with open_site(
        site_options,
        command="gosync sync",
        wait_lock_seconds=wait_lock,
        opening=Opening(new_store=new_store, tolerate={Trouble.TREE_AHEAD}),
    ) as site:
        with progress(show=options.show_progress) as watcher:
            report = run_interruptible(lambda: run_pass(site, wish, watcher))
        if wish.publish:
            tell_status(site, telling_of(config))
    options.output.result("sync", sync_report(report), sync_lines(report))
    return report.exit_code
