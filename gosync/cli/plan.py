"""``gosync plan``: what a sync would do."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import anyio
import click

from gosync.catalog.failures import Failure
from gosync.catalog.versions import Need, VersionRow
from gosync.cli.options import Options, common_options
from gosync.cli.output import Output
from gosync.cli.progress import progress
from gosync.cli.tables import failure_lines
from gosync.config.sizes import format_size
from gosync.errors import GosyncError
from gosync.gomod.module import ModuleVersion
from gosync.progress import Progress
from gosync.sync.engine import Pass, PassOptions, failure_document
from gosync.sync.pool import for_each
from gosync.sync.site import Site, Upstreams, connect, open_site
from gosync.sync.tally import exit_code

_SHOWN = 200


@dataclass(slots=True)
class _Planned:
    """What a sync would do; sizes by path and version, None where unknown."""

    rows: list[VersionRow]
    missing: tuple[Failure, ...]
    exit_code: int
    sizes: dict[tuple[str, str], int | None] = field(default_factory=dict)

    def size(self, row: VersionRow) -> int | None:
        return self.sizes.get((row.path, row.version))

    @property
    def known_bytes(self) -> int:
        return sum(size for size in self.sizes.values() if size is not None)

    @property
    def unknown(self) -> int:
        zips = (row for row in self.rows if row.need is Need.ZIP)
        return sum(1 for row in zips if self.size(row) is None)


@click.command()
@click.option("--no-sizes", is_flag=True, help="Do not ask how big the zips are.")
@click.option("--refresh", is_flag=True, help="Ask every list, however fresh.")
@common_options
def plan(options: Options, no_sizes: bool, refresh: bool) -> int:
    """Show what a sync would fetch, without fetching it.

    What the index and the lists say is remembered, so the sync that follows does
    not ask again; nothing is stored and the tree is left alone.
    """
    config = options.load_config()
    with (
        open_site(config.site_options(), command="gosync plan") as site,
        progress(show=options.show_progress) as watcher,
    ):
        wish = PassOptions(refresh=refresh)
        planned = anyio.run(partial(_plan, site, wish, watcher, ask_sizes=not no_sizes))
    total = format_size(planned.known_bytes)
    unknown = f", {planned.unknown} of unknown size" if planned.unknown else ""
    options.output.result(
        "plan",
        _document(planned),
        [f"{len(planned.rows)} versions to fetch, {total}{unknown}; none to remove"],
    )
    _print_rows(options.output, planned)
    for line in failure_lines(planned.missing):
        options.output.say(line)
    return planned.exit_code


async def _plan(
    site: Site, wish: PassOptions, watcher: Progress, *, ask_sizes: bool
) -> _Planned:
    async with connect(site) as upstreams:
        this = Pass(site, upstreams, wish, watcher)
        await this.discover()
        missing = this.missing()
        planned = _Planned(list(this.due()), missing, exit_code(this.tally, missing))
        if ask_sizes:
            await _ask_sizes(site, upstreams, planned, watcher)
    return planned


async def _ask_sizes(
    site: Site, upstreams: Upstreams, planned: _Planned, watcher: Progress
) -> None:
    zips = [row for row in planned.rows if row.need is Need.ZIP]
    watcher.phase("sizes", len(zips))

    async def ask(row: VersionRow) -> None:
        mv = ModuleVersion(row.path, row.version)
        with suppress(GosyncError):  # the sync will say what is wrong with it
            planned.sizes[row.path, row.version] = await upstreams.proxy.head_zip(mv)
        watcher.advance()

    await for_each(zips, ask, workers=site.options.concurrency)


def _document(planned: _Planned) -> dict[str, object]:
    return {
        "adds": [_row_document(row, planned.size(row)) for row in planned.rows],
        "removes": [],
        "bytes": planned.known_bytes,
        "sizes_unknown": planned.unknown,
        "failed": [failure_document(failure) for failure in planned.missing],
    }


def _row_document(row: VersionRow, size_bytes: int | None) -> dict[str, object]:
    return {
        "path": row.path,
        "version": row.version,
        "need": row.need.value,
        "found_by": row.found_by.value,
        "state": row.state.value,
        "zip_bytes": size_bytes,
    }


def _print_rows(output: Output, planned: _Planned) -> None:
    shown = planned.rows[:_SHOWN]
    if shown:
        output.table(("module", "version", "zip", "found by"), _cells(planned, shown))
    if len(planned.rows) > len(shown):
        more = len(planned.rows) - len(shown)
        output.note(f"... and {more} more; --json shows all")


def _cells(planned: _Planned, rows: Iterable[VersionRow]) -> Iterable[tuple[str, ...]]:
    for row in rows:
        size = planned.size(row)
        shown = "?" if size is None else format_size(size)
        if row.need is Need.MOD:
            shown = "go.mod only"
        yield row.path, row.version, shown, row.found_by.value
