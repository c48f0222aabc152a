"""The tree's side of a pass: the newest head, the tiles it needs, publishing."""

from __future__ import annotations

from anyio import to_thread

from gosync.errors import GosyncError, StoreError
from gosync.progress import Progress
from gosync.publish.publisher import Publisher
from gosync.publish.report import PublishReport
from gosync.publish.work import PublishOptions, TreeTarget
from gosync.sumdb.client import SumClient
from gosync.sync import configured
from gosync.sync.site import Site


def database_item(site: Site) -> tuple[str, str]:
    """Return what the failures table calls the checksum database."""
    database = site.options.database
    return ("", configured.database_item(database.name if database else ""))


async def refresh_head(site: Site, sums: SumClient | None) -> GosyncError | None:
    """Ask for the newest head where the tree is about to be written.

    All lookups are stamped with one head, so it is asked last, once. A tree that
    is up to date asks nothing. The tree decides, not what this pass admitted: an
    earlier one may have been killed before it got here.

    Returns:
        Why there is no newer head: no answer, or one that is no honest successor.
        The trusted head covers every record that was proven, so the tree can
        still be written with it.

    Raises:
        SecurityError: if the stored head is not ours.
        StoreError: if the store cannot be read or written.
    """
    if sums is None:
        return None
    await sums.start()
    if sums.head is None:
        return None
    open_item = site.catalog.failures.get(*database_item(site))
    if open_item is not None or await to_thread.run_sync(_is_behind, site):
        try:
            await sums.refresh()
        except StoreError:
            raise
        except GosyncError as exc:
            return exc
    return None


def _is_behind(site: Site) -> bool:
    return make_publisher(site).is_behind(tree_target(site), options=_options(site))


async def publish_tree(
    site: Site, sums: SumClient | None, progress: Progress
) -> PublishReport:
    """Fetch the tiles that the tree lacks, then publish.

    Raises:
        TooManyDeletesError: if more versions would leave the tree than may.
        SecurityError: if a tile does not lead to the head.
        UnavailableError: if a tile cannot be had.
        StoreError: if the tree cannot be written.
    """
    target = tree_target(site)
    options = _options(site)
    head = sums.head if sums is not None else None
    publisher = make_publisher(site)
    wanted = await to_thread.run_sync(
        lambda: publisher.wanted_tiles(target, head, options=options)
    )
    if sums is not None and wanted:
        progress.phase("tiles", len(wanted))
        await sums.tiles(wanted)
        if site.tiles is not None:
            await to_thread.run_sync(site.tiles.sync)
    return await to_thread.run_sync(
        lambda: publisher.publish(
            target,
            head,
            options=options,
            limit=site.options.deletes,
            progress=progress,
        )
    )


async def refresh_feed(site: Site) -> bool:
    """Let the tree's feed tell what was found; return whether that was news.

    Raises:
        StoreError: if the tree cannot be written.
    """
    publisher = make_publisher(site)
    return await to_thread.run_sync(publisher.write_feed, tree_target(site))


def _options(site: Site) -> PublishOptions:
    return PublishOptions(private=site.options.policy.private)


def make_publisher(site: Site) -> Publisher:
    """Return the publisher of a site's store."""
    database = site.options.database
    return Publisher(
        site.catalog,
        site.blobs,
        clock=site.clock,
        database=database,
        tiles=site.tiles if database else None,
    )


def tree_target(site: Site) -> TreeTarget:
    """Return the configured tree."""
    root = site.options.tree_path
    return TreeTarget(root, str(root))
