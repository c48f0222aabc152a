"""``gosync plan``: what a sync would do."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import anyio
import click

from gosync.catalog import leases
from gosync.catalog.versions import Need
from gosync.cli.confirm import confirm_whole_index
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.output import Output
from gosync.cli.progress import progress
from gosync.cli.tables import withdrawal_lines
from gosync.cli.troublelines import trouble_lines
from gosync.config.sizes import format_size
from gosync.errors import GosyncError
from gosync.site.site import Site, open_site
from gosync.site.upstreams import Upstreams, connect
from gosync.sync.dependencies import read_projects
from gosync.sync.engine import Pass, PassOptions
from gosync.sync.planfile import state_of, write_plan
from gosync.sync.planned import PlannedVersion, SyncPlan, removals, split_rows
from gosync.work.pool import for_each
from gosync.work.progress import Progress

_SHOWN = 200
_SIZES_ASKED = 2_000


@click.command()
@click.option(
    "--sizes/--no-sizes",
    default=None,
    help=f"Ask how big the zips are; the default for up to {_SIZES_ASKED} of them.",
)
@click.option("--refresh", is_flag=True, help="Ask every list, however fresh.")
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
    out: Path | None,
    yes: bool,
    wait_lock: float,
) -> int:
    """Show what a sync would fetch, without fetching it.

    What the index and the lists say is remembered, so the sync that follows does
    not ask again. Of dependencies the go.mod files are fetched, because they say
    what else is needed. The tree is left alone.
    """
    config = options.load_config().site_options()
    confirm_whole_index(config.policy, yes=yes)
    projects = read_projects(config.projects)
    with (
        open_site(
            config,
            command="gosync plan",
            leases=[leases.SELECT],
            wait_lock_seconds=wait_lock,
        ) as site,
        progress(show=options.show_progress) as watcher,
    ):
        wish = PassOptions(refresh=refresh, projects=projects)
        made = anyio.run(partial(_plan, site, wish, watcher, ask_sizes=sizes))
    document = _document(made)
    if out is not None:
        write_plan(out, document)
    options.output.result("plan", document, [_line(made)])
    _print_rows(options.output, made)
    troubles = trouble_lines(made.missing, made.empty_modules)
    for line in (*withdrawal_lines(made.withdrawn), *troubles):
        options.output.say(line)
    return made.exit_code


async def _plan(
    site: Site, wish: PassOptions, watcher: Progress, *, ask_sizes: bool | None
) -> SyncPlan:
    async with connect(site) as upstreams:
        this = Pass(site, upstreams, wish, watcher)
        await this.discover()
        missing = this.missing()
        proves = site.options.database is not None
        adds, updates = split_rows(site.catalog, this.due(), proves=proves)
        unselected = site.catalog.selected.unselected(site.clock.now())
        made = SyncPlan(
            state=state_of(site, wish.projects),
            adds=adds,
            updates=updates,
            removes=removals(row for row in unselected if row.unselected_at),
            missing=missing,
            withdrawn=tuple(site.catalog.withdrawn.selected()),
            empty_modules=this.empty_modules(),
            exit_code=this.exit_code(this.completeness().exit_code_of_plan),
        )
        await _ask_sizes(site, upstreams, made, watcher, ask=ask_sizes)
    return made


async def _ask_sizes(
    site: Site,
    upstreams: Upstreams,
    made: SyncPlan,
    watcher: Progress,
    *,
    ask: bool | None,
) -> None:
    zips = [each for each in made.fetched() if each.need == Need.ZIP.value]
    if not (len(zips) <= _SIZES_ASKED if ask is None else ask):
        return
    watcher.phase("sizes", len(zips))

    async def ask_size(each: PlannedVersion) -> None:
        with suppress(GosyncError):  # the sync will say what is wrong with it
            mv = each.mv
            each.zip_bytes = await upstreams.proxy.head_zip(mv)
        watcher.advance()

    await for_each(zips, ask_size, workers=site.options.concurrency)


def _document(made: SyncPlan) -> dict[str, object]:
    return {
        "state": made.state,
        "adds": made.adds,
        "updates": made.updates,
        "removes": made.removes,
        "bytes": made.known_bytes,
        "sizes_unknown": made.sizes_unknown,
        "requests": made.requests,
        "failed": made.missing,
        "withdrawn": made.withdrawn,
        "empty_modules": made.empty_modules,
    }


def _line(made: SyncPlan) -> str:
    unknown = f", {made.sizes_unknown} of unknown size" if made.sizes_unknown else ""
    return (
        f"{len(made.adds) + len(made.updates)} versions to fetch"
        f" ({len(made.updates)} of modules that are here),"
        f" {format_size(made.known_bytes)}{unknown}, {made.requests} requests;"
        f" {len(made.removes) or 'none'} to remove"
    )


def _print_rows(output: Output, made: SyncPlan) -> None:
    rows = list(made.fetched())
    if rows:
        columns = ("module", "version", "zip", "found by")
        output.table(columns, _cells(rows[:_SHOWN]))
    if made.removes:
        removed = ((r.path, r.version, r.unselected_at) for r in made.removes[:_SHOWN])
        output.table(("no longer selected", "version", "since"), removed)
    more = max(0, len(rows) - _SHOWN) + max(0, len(made.removes) - _SHOWN)
    if more:
        output.note(f"... and {more} more; --json shows all")


def _cells(rows: Iterable[PlannedVersion]) -> Iterable[tuple[str, ...]]:
    for row in rows:
        shown = "?" if row.zip_bytes is None else format_size(row.zip_bytes)
        if row.need == Need.MOD.value:
            shown = "go.mod only"
        yield row.path, row.version, shown, row.found_by
