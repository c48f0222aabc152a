"""The tree's side of a pass: the newest head, the tiles it needs, publishing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import anyio
from msgspec.structs import replace

from gosync.catalog.leases import modules_lease, publish_lease
from gosync.errors import GosyncError, RecordTooNewError, SecurityError, StoreError
from gosync.gomod.module import ModuleVersion
from gosync.publish.modulepublication import ModulesPublication
from gosync.publish.owner import check_owner
from gosync.publish.publisher import Publisher
from gosync.publish.report import PublishReport
from gosync.publish.work import PublishOptions, TreeTarget
from gosync.signing.files import read_keys
from gosync.site import configured
from gosync.site.applying import apply_policy, rule_on_modules
from gosync.site.attestations import attest_published
from gosync.site.besides import write_besides
from gosync.site.givingway import GiveWay
from gosync.site.housetree import bring_up_house_log
from gosync.site.oldheads import (
    ServedHeads,
    bring_tiles,
    note_seen,
    served_heads,
    settle,
)
from gosync.site.publisher import make_publisher, publish_options, tree_target
from gosync.site.site import Site
from gosync.site.upstreams import connect
from gosync.site.withdrawals import learn_withdrawals
from gosync.sumdb.client import SumClient
from gosync.sumdb.tile import Tile
from gosync.sumdb.treehead import SignedHead, open_head
from gosync.work.progress import Progress


def database_item(site: Site) -> ModuleVersion:
    """Return what the failures table calls the checksum database."""
    database = site.options.database
    name = database.name if database else ""
    return ModuleVersion("", configured.database_item(name))


async def refresh_head(site: Site, sums: SumClient | None) -> GosyncError | None:
    """Ask for the newest head where the tree is about to be written.

    It must have every record that is published, so it is asked last, once. A tree that
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
    open_item = site.catalog.failures.get(database_item(site))
    if open_item is not None or await anyio.to_thread.run_sync(_is_behind, site):
        try:
            await sums.refresh()
        except StoreError:
            raise
        except GosyncError as exc:
            return exc
    return None


def _is_behind(site: Site) -> bool:
    options = publish_options(site, served_heads(site, trusted_head(site)))
    return make_publisher(site).is_behind(tree_target(site), options=options)


async def publish_tree(
    site: Site, sums: SumClient | None, progress: Progress, *, retry: bool = False
) -> PublishReport:
    """Fetch the tiles that the tree lacks, then publish, under the tree's lease.

    Clients that remember a head from elsewhere are served as far as their tiles can
    be had; the report says what is lacking, and so does the table of failures.

    Args:
        site: The site.
        sums: The checksum database's client, started; None without one.
        progress: Is told how far it is.
        retry: Whether to ask for those tiles though that failed a moment ago.

    Raises:
        LockedError: if another run holds that lease for far too long.
        TooManyDeletesError: if more versions would leave the tree than may.
        SecurityError: if a tile that lookups need does not lead to the head.
        UnavailableError: if a tile that lookups need cannot be had.
        StoreAwayError: if the store or the tree went away.
        StoreError: if the tree cannot be written.
    """
    async with site.holding_tree():
        await anyio.to_thread.run_sync(apply_policy, site)
        await anyio.to_thread.run_sync(_attest, site)
        is_begun = await _log_carried(site)
        while True:
            head = await _newest_head(site, sums)
            try:
                report = await _publish(site, sums, progress, retry=retry)
            except RecordTooNewError:
                # Another run brought it, with the head that proves it, since then.
                if await _newest_head(site, sums) is head:
                    raise
            else:
                if not is_begun:
                    await _log_carried(site)
                await anyio.to_thread.run_sync(write_besides, site)
                return report


async def _log_carried(site: Site, paths: Sequence[str] | None = None) -> bool:
    """Bring the house log up; return False where no tree was begun, so nothing is."""
    target = tree_target(site)
    marker = await anyio.to_thread.run_sync(target.marker)
    if marker is None:
        return False
    check_owner(target.storage.name, marker, site.catalog.identity.get())
    await bring_up_house_log(site, paths)
    return True


async def publish_modules(
    site: Site, sums: SumClient | None, paths: Sequence[str], *, pages: bool = True
) -> dict[str, GosyncError]:
    """Publish what is carried of some modules now, and nothing else of the tree.

    One task of a run at a time: its leases are not told apart. Without ``pages`` the
    modules' pages are left to the tree's next publish.

    Returns:
        The modules that could not be published, and why.

    Raises:
        LockedError: if another run writes the tree's modules for far too long.
        SecurityError: if the stored head is not the database's, or no successor.
        StoreError: if the catalog cannot be read or written.
    """
    await anyio.to_thread.run_sync(rule_on_modules, site, paths)
    if site.options.house_log is not None:
        await _log_carried(site, paths)
    head = await _newest_head(site, sums)
    target, publisher = tree_target(site), make_publisher(site)

    def read(some: Sequence[str]) -> tuple[ModulesPublication, list[Tile]]:
        found = publisher.modules(target, some, pages=pages)
        return found, found.missing_tiles(head)

    async def publish(some: Sequence[str]) -> None:
        modules, wanted = await anyio.to_thread.run_sync(read, some)
        if wanted and sums is not None:
            await sums.tiles(wanted)
        await anyio.to_thread.run_sync(modules.run, head)

    async with site.holding_at_last(modules_lease(site.options.tree_path)):
        try:
            await publish(paths)
        except GosyncError as exc:
            if len(paths) == 1:
                return {paths[0]: exc}
        else:
            return {}
        failed: dict[str, GosyncError] = {}
        for path in paths:  # one of them may be what is wrong
            try:
                await publish([path])
            except GosyncError as exc:
                failed[path] = exc
        return failed


async def publish_rest(
    site: Site,
    sums: SumClient | None,
    *,
    give_way: Callable[[Callable[[], None]], None],
) -> PublishReport:
    """Publish with the trusted head; older heads are served as far as they are.

    Nobody is asked for anything but tiles that lookups need.

    Args:
        site: The site.
        sums: The checksum database's client, started; None without one.
        give_way: ``Publisher.publish`` says what it is; called in its thread.

    Raises:
        LockedError: if another run publishes this tree now.
        SecurityError: if a tile that lookups need does not lead to the head.
        UnavailableError: if such a tile cannot be had.
        StoreError: if the tree cannot be written.
    """
    target, options = tree_target(site), publish_options(site, ServedHeads())
    publisher, tree = make_publisher(site), site.options.tree_path
    async with (
        site.holding(publish_lease(tree), wait_seconds=0),
        site.holding_at_last(modules_lease(tree)),
    ):
        await anyio.to_thread.run_sync(apply_policy, site)
        await _log_carried(site)
        head = await _newest_head(site, sums)
        wanted = await anyio.to_thread.run_sync(
            lambda: publisher.wanted_tiles(target, head, options=options)
        )
        if wanted and sums is not None:
            await sums.tiles(wanted)
        return await anyio.to_thread.run_sync(
            lambda: publisher.publish(
                target,
                head,
                options=options,
                limit=site.options.deletes,
                give_way=give_way,
            )
        )


async def publish_again(site: Site, progress: Progress) -> PublishReport:
    """Publish with the trusted tree head: upstreams are asked for missing tiles alone.

    What is raised is ``publish_tree``'s.
    """
    async with connect(site) as upstreams:
        if upstreams.sums is not None:
            await upstreams.sums.start()
        return await publish_tree(site, upstreams.sums, progress)


async def _newest_head(site: Site, sums: SumClient | None) -> SignedHead | None:
    """Return the trusted head, with what other runs have stored meanwhile.

    Raises:
        SecurityError: if the stored head is not the database's, or no successor.
        StoreError: if the catalog cannot be read or written.
    """
    if sums is None:
        return None
    name = site.options.database.name if site.options.database else ""
    if sums.head is not None and site.catalog.heads.get(name) == sums.head.note:
        return sums.head
    stored = await anyio.to_thread.run_sync(trusted_head, site)
    if stored is not None and (sums.head is None or stored.tree.n > sums.head.tree.n):
        await sums.place(stored.note)
    return sums.head


def _attest(site: Site) -> None:
    """Attest what is published, with keys that are read now."""
    paths = site.options.attest_keys
    if paths:
        attest_published(site, [each for path in paths for each in read_keys(path)])


async def _publish(
    site: Site, sums: SumClient | None, progress: Progress, *, retry: bool
) -> PublishReport:
    await anyio.to_thread.run_sync(site.check_still_there)
    await anyio.to_thread.run_sync(learn_withdrawals, site)
    head = sums.head if sums is not None else None
    note_seen(site, sums)
    served = await anyio.to_thread.run_sync(
        partial(served_heads, site, head, retry=retry)
    )
    target, options = tree_target(site), publish_options(site, served)
    publisher = make_publisher(site)
    error = served.error
    if sums is not None:
        fetched = await _fetch_tiles(
            site, sums, publisher, target, options, progress=progress
        )
        error = fetched or error
    settle(site, served, error)
    report = await anyio.to_thread.run_sync(
        lambda: publisher.publish(
            target,
            head,
            options=options,
            limit=site.options.deletes,
            progress=progress,
            give_way=GiveWay(site),
        )
    )
    if error is None:
        return replace(report, ahead=served.ahead)
    return replace(
        report,
        ahead=served.ahead,
        lacking_leaves=served.lacking,
        unserved=str(error),
        unserved_exit_code=error.exit_code if isinstance(error, SecurityError) else 3,
    )


async def _fetch_tiles(
    site: Site,
    sums: SumClient,
    publisher: Publisher,
    target: TreeTarget,
    options: PublishOptions,
    *,
    progress: Progress,
) -> GosyncError | None:
    """Fetch the tiles that the tree lacks; return why some for older heads are not had.

    Raises:
        SecurityError: if a tile that lookups need does not lead to the head.
        UnavailableError: if a tile that lookups need cannot be had.
        StoreError: if the store cannot be written.
    """
    wanted = await anyio.to_thread.run_sync(
        lambda: publisher.wanted_tiles(target, sums.head, options=options)
    )
    if wanted:
        progress.phase("tiles", len(wanted))
        await sums.tiles(wanted)
    extra = await anyio.to_thread.run_sync(
        lambda: publisher.wanted_old_head_tiles(target, sums.head, options=options)
    )
    error = await bring_tiles(site, sums, extra, progress) if extra else None
    if site.tiles is not None and (wanted or extra):
        await anyio.to_thread.run_sync(site.tiles.sync)
    return error


async def refresh_feed(site: Site) -> bool:
    """Let the tree's feed tell what was found; return whether that was news.

    Raises:
        StoreError: if the tree cannot be written.
    """
    publisher = make_publisher(site)
    async with site.holding_tree():
        return await anyio.to_thread.run_sync(publisher.write_feed, tree_target(site))


def trusted_head(site: Site) -> SignedHead | None:
    """Return the trusted head of the configured database, None before there is one.

    Raises:
        SecurityError: if the stored head is not the database's.
        CatalogError: if the catalog cannot be read.
    """
    database = site.options.database
    note = site.catalog.heads.get(database.name) if database is not None else b""
    if database is None or not note:
        return None
    return open_head(note, database.verifier())
