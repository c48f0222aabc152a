"""``gosync publish``: write or refresh a static tree."""

from __future__ import annotations

from pathlib import Path

import anyio
import click
from msgspec.structs import replace

from gosync.cli.confirm import with_delete_limit
from gosync.cli.options import (
    Options,
    common_options,
    versions_limit_option,
    wait_lock_option,
    yes_option,
)
from gosync.cli.progress import progress
from gosync.cli.tables import tree_lines
from gosync.progress import Progress
from gosync.publish.report import PublishReport
from gosync.sync.site import Site, open_site
from gosync.sync.tree import publish_tree
from gosync.sync.upstreams import connect


@click.command()
@click.argument(
    "folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path)
)
@versions_limit_option
@yes_option
@wait_lock_option
@common_options
def publish(
    options: Options,
    folder: Path | None,
    max_delete: int | None,
    yes: bool,
    wait_lock: float,
) -> None:
    """Bring the configured tree, or DIR, up to what the store carries.

    Asks the checksum database only for tiles that the store does not have yet.
    """
    site_options = with_delete_limit(
        options.load_config().site_options(), max_delete=max_delete, yes=yes
    )
    if folder is not None:
        site_options = replace(site_options, tree_path=folder.absolute())
    with (
        open_site(
            site_options, command="gosync publish", wait_lock_seconds=wait_lock
        ) as site,
        progress(show=options.show_progress) as watcher,
    ):
        report = anyio.run(_publish, site, watcher)
    document = report.document()
    options.output.result("publish", document, tree_lines(report))


async def _publish(site: Site, watcher: Progress) -> PublishReport:
    async with connect(site) as upstreams:
        if upstreams.sums is not None:
            await upstreams.sums.start()
        return await publish_tree(site, upstreams.sums, watcher)
