"""``gosync adopt``: take in what a tree shows and the store lacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from msgspec.structs import replace

from gosync.catalog import leases
from gosync.cli.interruptible import run_interruptible
from gosync.cli.options import (
    CommonOptions,
    common_options,
    new_store_option,
    wait_lock_option,
)
from gosync.cli.progress import progress
from gosync.publish.claim import claim_tree
from gosync.site.opening import Opening
from gosync.site.options import TreePlace
from gosync.site.site import Site, open_site
from gosync.site.standing import TREE_KNOWS_MORE
from gosync.site.treestorage import tree_storage
from gosync.sync.adopt import AdoptReport, LeftOut, TakenIn, take_in
from gosync.work.progress import Progress

_SHOWN = 20
_LEFT = 3


@click.command()
@click.argument(
    "tree", metavar="[TREE]", required=False, type=click.Path(path_type=Path)
)
@click.option(
    "--trust-tree",
    is_flag=True,
    help="Take its word for private modules that no pin vouches for.",
)
@new_store_option
@wait_lock_option
@common_options
def adopt(
    options: CommonOptions,
    tree: Path | None,
    trust_tree: bool,
    new_store: bool,
    wait_lock: float,
) -> int:
    """Take in what TREE (default: the configured one) shows and the store lacks.

    For a store that came back from an older backup, or was lost. What the tree shows
    is proven by the part of the checksum database in it, private modules by the
    journal's pins. Once all of it is in the store, the configured tree is the store's.
    Exits 3 if some of it could not be taken in; then the tree stays as it is.
    """
    configured = options.load_config().site_options()
    source = configured.tree_path if tree is None else tree.absolute()
    is_own = _is_same(source, configured.tree_path)
    with (
        open_site(
            replace(configured, tree_path=source),
            command="gosync adopt",
            leases=(leases.SELECT, leases.publish_lease(source)),
            wait_lock_seconds=wait_lock,
            opening=Opening(new_store=new_store, tolerate=TREE_KNOWS_MORE),
        ) as site,
        progress(show=options.show_progress) as watcher,
    ):
        taken = run_interruptible(lambda: _adopt(site, watcher, trust_tree=trust_tree))
        is_ours = is_own and not taken.left
        if is_ours:
            claim_tree(tree_storage(site.options), site.standing.generation)
    report = AdoptReport(
        tree=str(source), versions=taken.versions, left=taken.left, is_ours=is_ours
    )
    options.output.result("adopt", report, list(_lines(source, taken, is_own=is_own)))
    return _LEFT if taken.left else 0


async def _adopt(site: Site, watcher: Progress, *, trust_tree: bool) -> TakenIn:
    return await take_in(site, watcher, trust_tree=trust_tree)


def _is_same(source: TreePlace, configured: TreePlace) -> bool:
    if isinstance(source, Path) and isinstance(configured, Path):
        return source.resolve() == configured.resolve()
    return source == configured


def _lines(source: TreePlace, taken: TakenIn, *, is_own: bool) -> Iterator[str]:
    yield f"{taken.versions} versions of {source} proven and taken in"
    yield from map(_left_line, taken.left[:_SHOWN])
    if len(taken.left) > _SHOWN:
        yield f"... and {len(taken.left) - _SHOWN} more; --json shows all"
    if taken.left:
        yield (
            f"{len(taken.left)} versions are left; --trust-tree takes the tree's word"
            " for what nobody else vouches for"
        )
    elif is_own:
        yield "the tree is this store's; next: gosync sync"
    else:
        yield "next: gosync publish"


def _left_line(left: LeftOut) -> str:
    return f"left  {left.module}@{left.version}: {left.reason}"
