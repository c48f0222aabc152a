"""``gosync plan``: what a sync would do."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import anyio
import click
import msgspec

from gosync.catalog import leases
from gosync.cli.confirm import confirm_whole_index
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.planlines import print_plan
from gosync.cli.progress import progress
from gosync.errors import UsageError
from gosync.hint import advise, command
from gosync.site.policy import Selector
from gosync.site.site import open_site
from gosync.sync.engine import PassOptions
from gosync.sync.planfile import write_plan
from gosync.sync.planned import plan_report
from gosync.sync.planning import PlanOptions, make_plan
from gosync.sync.projects import read_projects
from gosync.sync.sizing import MOST_ASKED


class PlanWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan is wanted of.

    Attributes:
        selectors: What to plan instead of what the configuration selects.
        refresh: Whether to ask every list, however fresh.
        retry: Whether to plan failed items before their time.
        options: How the plan is made.
        out: Where it is written for ``gosync sync --plan``, None for nowhere.
    """

    selectors: tuple[Selector, ...] = ()
    refresh: bool = False
    retry: bool = False
    options: PlanOptions = PlanOptions()
    out: Path | None = None


@click.command()
@click.option(
    "--sizes/--no-sizes",
    default=None,
    help="Ask how big each zip is. The default asks for up to"
    f" {MOST_ASKED} of them, and estimates the others.",
)
@click.option("--refresh", is_flag=True, help="Ask every list, however fresh.")
@click.option(
    "--fetch",
    is_flag=True,
    help="Fetch the zips of dependencies, to read what they import; publish nothing.",
)
@click.option(
    "--explain",
    metavar="SELECT",
    default="",
    help="Tell why a select, a project or a tool is as large as it is: its number, its"
    " folder, or a module that it names.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the plan for `gosync sync --plan FILE`.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask about the whole index.")
@wait_lock_option
@common_options
def plan(
    options: CommonOptions,
    sizes: bool | None,
    refresh: bool,
    fetch: bool,
    explain: str,
    out: Path | None,
    yes: bool,
    wait_lock: float,
) -> int:
    """Show what a sync would fetch, without fetching it.

    What the index and the lists say is remembered, so the sync that follows does
    not ask again. Of dependencies the go.mod files are fetched, because they say
    what else is needed. The tree is left alone.
    """
    confirm_whole_index(options.load_config().site_options().policy, yes=yes)
    made = PlanOptions(ask_sizes=sizes, fetch=fetch, explain=explain)
    wish = PlanWish(refresh=refresh, options=made, out=out)
    return show_plan(options, wish, wait_lock_seconds=wait_lock)


def show_plan(
    options: CommonOptions, wish: PlanWish, *, wait_lock_seconds: float
) -> int:
    """Make a plan and print it; return how that ended.

    Raises:
        UsageError: if it is to be written and an estimate cannot be approved.
    """
    config = options.load_config().site_options()
    asked = PassOptions(
        selectors=wish.selectors,
        refresh=wish.refresh,
        retry=wish.retry,
        projects=() if wish.selectors else read_projects(config.projects),
    )
    with (
        open_site(
            config,
            command="gosync plan",
            leases=[leases.SELECT],
            wait_lock_seconds=wait_lock_seconds,
        ) as site,
        progress(show=options.show_progress) as watcher,
    ):
        made = anyio.run(partial(make_plan, site, asked, wish.options, watcher))
    report = plan_report(made)
    if wish.out is not None:
        if made.estimated:
            raise UsageError(
                "the plan is an estimate, so nobody can approve it",
                hint=advise(
                    "make it exact by {}", command("plan", "--fetch", "--out", wish.out)
                ),
            )
        write_plan(wish.out, msgspec.structs.asdict(report))
    options.output.result("plan", report)
    print_plan(options.output, report)
    return made.exit_code
