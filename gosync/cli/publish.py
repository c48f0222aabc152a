"""``gosync publish``: write or refresh a static tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import anyio
import click
from msgspec.structs import asdict, replace

from gosync.catalog.leases import publish_lease
from gosync.cli.confirm import with_delete_limit
from gosync.cli.options import (
    CommonOptions,
    common_options,
    new_store_option,
    versions_limit_option,
    wait_lock_option,
    yes_option,
)
from gosync.cli.progress import progress
from gosync.cli.tables import tree_lines
from gosync.cli.troublelines import unpublished_lines
from gosync.config.telling import telling_of
from gosync.errors import MalformedError, UsageError
from gosync.publish.marker import Marker, read_marker
from gosync.publish.report import ClientHead, PublishedTree, PublishReport, TreeReport
from gosync.site.oldheads import read_head_file, remember_heads
from gosync.site.opening import Opening
from gosync.site.options import TreePlace
from gosync.site.site import Site, open_site
from gosync.site.standing import Trouble
from gosync.site.tree import publish_tree
from gosync.site.treestorage import tree_place, tree_storage
from gosync.site.upstreams import connect
from gosync.status.files import tell_status
from gosync.store.durable import disk_errors, replace_file
from gosync.sumdb.oldheads import OldHeads, leaf_of
from gosync.sumdb.spans import has, numbers
from gosync.sync.adopt import bring_up_whole
from gosync.sync.askedtiles import AskedTiles, read_log, request_lines
from gosync.sync.completeness import SOME_MISSING
from gosync.work.progress import Progress


@click.command()
@click.argument("place", metavar="[DIR]", required=False)
@versions_limit_option
@yes_option
@click.option(
    "--every-file",
    is_flag=True,
    help="Look at every file of the tree, and put back what was removed.",
)
@click.option(
    "--head",
    "head_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Serve the client that has this pkg/sumdb/NAME/latest; may be repeated.",
)
@click.option(
    "--missing",
    "logs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="LOG",
    help="Serve clients whose requests for tiles a web server's log shows.",
)
@click.option(
    "--request",
    "request_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write down which tiles are not here; outside, --missing takes it.",
)
@new_store_option
@wait_lock_option
@common_options
def publish(
    options: CommonOptions,
    place: str | None,
    max_delete: int | None,
    yes: bool,
    every_file: bool,
    head_files: tuple[Path, ...],
    logs: tuple[Path, ...],
    request_file: Path | None,
    new_store: bool,
    wait_lock: float,
) -> int:
    """Bring the configured tree, or DIR, up to what the store carries.

    DIR may be s3://bucket/prefix, too.
    Asks the checksum database only for tiles that the store does not have yet. What
    --head and --missing ask for is remembered, and goes into the next bundles.
    Exits 3 where something that is carried has no name that a tree can show.
    """
    config = options.load_config()
    site_options = with_delete_limit(
        config.site_options(), max_delete=max_delete, yes=yes
    )
    site_options = replace(site_options, every_file=every_file)
    if place is not None:
        tree = _tree(place)
        notes = site_options.notes_changes and tree == site_options.tree_path
        site_options = replace(site_options, tree_path=tree, notes_changes=notes)
    with open_site(
        site_options,
        command="gosync publish",
        leases=[publish_lease(site_options.tree_path)],
        wait_lock_seconds=wait_lock,
        opening=Opening(
            new_store=new_store, tolerate={Trouble.TREE_AWAY, Trouble.TREE_AHEAD}
        ),
    ) as site:
        asked = _asked(site, logs)
        with progress(show=options.show_progress) as watcher:
            if site.standing.tree_knows_more:
                anyio.run(partial(bring_up_whole, site, watcher, trust_tree=new_store))
            report, sizes = anyio.run(_publish, site, watcher, head_files, asked)
        heads = _heads(sizes, site)
        if request_file is not None:
            _write_request(request_file, report, site)
        told = PublishedTree(**asdict(TreeReport.of(report)), heads=heads)
        lines = [
            *tree_lines(report),
            *unpublished_lines(report.unpublished),
            *_head_lines(heads, asked),
        ]
        tell_status(site, telling_of(config))
        options.output.result("publish", told, lines)
    if report.unserved:
        return report.unserved_exit_code
    lacking = report.unpublished or asked.left
    is_whole = not lacking and all(head.served for head in heads)
    return 0 if is_whole else SOME_MISSING


async def _publish(
    site: Site, watcher: Progress, head_files: Sequence[Path], asked: AskedTiles
) -> tuple[PublishReport, list[int]]:
    """Publish; return the sizes of the heads that were named, too."""
    named = [read_head_file(site, path) for path in head_files]
    async with connect(site) as upstreams:
        sums = upstreams.sums
        if sums is not None:
            await sums.start()
        await remember_heads(site, sums, named, asked.sizes)
        report = await publish_tree(site, sums, watcher, retry=True)
    return report, sorted({*(head.tree.n for head in named), *asked.sizes})


def _tree(text: str) -> TreePlace:
    try:
        place = tree_place(text)
    except MalformedError as exc:
        raise UsageError(f"DIR: {exc}") from exc
    return place.absolute() if isinstance(place, Path) else place


def _asked(site: Site, logs: Sequence[Path]) -> AskedTiles:
    database = site.options.database
    if not logs:
        return AskedTiles()
    if database is None:
        raise UsageError("there is no checksum database", hint="see upstream.sumdb")
    found = [read_log(path, database.name) for path in logs]
    return AskedTiles(
        tuple(sorted({size for each in found for size in each.sizes})),
        any(each.upper for each in found),
        sum(each.left for each in found),
    )


def _heads(sizes: Sequence[int], site: Site) -> list[ClientHead]:
    """Return what became of the heads that this command named."""
    database = site.options.database
    marker = read_marker(tree_storage(site.options).reader()) or Marker()
    promise = marker.promise(database.name if database else "").of(marker.head)
    return [
        ClientHead(
            size,
            served=size <= marker.head and _serves(promise, size),
            ahead=size > marker.head,
        )
        for size in sizes
    ]


def _serves(promise: OldHeads, size: int) -> bool:
    leaf = leaf_of(size)
    return promise.upper if leaf is None else has(promise.leaves, leaf)


def _head_lines(heads: Sequence[ClientHead], asked: AskedTiles) -> Iterator[str]:
    for head in heads:
        if head.served:
            yield f"clients with the tree head {head.size} are served"
        elif head.ahead:
            yield (
                f"clients with the tree head {head.size} are ahead of this tree; run"
                " `gosync sync`, or remove their pkg/sumdb/NAME/latest: see the page"
            )
        else:
            yield (
                f"clients with the tree head {head.size} are not served: the next"
                " bundle must bring a tile; --request FILE writes which one"
            )
    if asked.left:
        yield f"{asked.left} more requests are in the log; publish, then ask again"


def _write_request(path: Path, report: PublishReport, site: Site) -> None:
    """Write the paths of the tiles that only a bundle can bring."""
    database = site.options.database
    if database is None:
        raise UsageError("there is no checksum database", hint="see upstream.sumdb")
    lines = request_lines(numbers(report.lacking_leaves), database.name)
    with disk_errors(path):
        replace_file(
            path.absolute(), "".join(lines).encode(), staging=path.absolute().parent
        )
