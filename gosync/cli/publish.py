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
from gosync.cli.troublelines import unpublished_lines
from gosync.config.telling import telling_of
from gosync.progress import Progress
from gosync.publish.report import PublishReport
from gosync.status.files import tell_status
from gosync.sync.completeness import SOME_MISSING
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
) -> int:
    """Bring the configured tree, or DIR, up to what the store carries.

    Asks the checksum database only for tiles that the store does not have yet.
    Exits 3 where something that is carried has no name that a tree can show.
    """
    config = options.load_config()
    site_options = with_delete_limit(
        config.site_options(), max_delete=max_delete, yes=yes
    )
    if folder is not None:
        site_options = replace(site_options, tree_path=folder.absolute())
    with open_site(
        site_options, command="gosync publish", wait_lock_seconds=wait_lock
    ) as site:
        with progress(show=options.show_progress) as watcher:
            report = anyio.run(_publish, site, watcher)
        lines = [*tree_lines(report), *unpublished_lines(report.unpublished)]
        options.output.result("publish", report.document(), lines)
        tell_status(site, telling_of(config))
    return SOME_MISSING if report.unpublished else 0


async def _publish(site: Site, watcher: Progress) -> PublishReport:
    async with connect(site) as upstreams:
        if upstreams.sums is not None:
            await upstreams.sums.start()
        return await publish_tree(site, upstreams.sums, watcher)
