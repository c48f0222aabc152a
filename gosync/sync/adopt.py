"""Adoption of a tree: what it shows and the store lacks, taken in through the gate.

A store that comes back from an older backup, or that is new, knows less than the tree
that it is to write. Nothing may leave that tree for being unknown: it is read like any
other proxy, and each version comes through the gate. Public ones are proven with the
tree's own part of the checksum database up to a head that the trusted key signed;
private ones by the pins of the journal, or at the tree's word if the operator says so.
A sync may bring what is left from its upstreams, if they serve the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import anyio
import msgspec
from msgspec.structs import replace

from gosync.catalog.versions import Need, VersionRow
from gosync.errors import GosyncError, IdentityError, StoreError, UnavailableError
from gosync.folder import routes
from gosync.gomod.dirhash import hash_go_mod
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command
from gosync.ingest.batch import Batch
from gosync.ingest.taken import Expected
from gosync.publish.claim import claim_tree
from gosync.publish.marker import read_marker
from gosync.publish.shown import unknown_to
from gosync.site.applying import rule_on_admitted
from gosync.site.options import SiteOptions
from gosync.site.site import Site
from gosync.site.treefolder import tree_as_folder
from gosync.site.treestorage import tree_storage
from gosync.site.upstreams import Upstreams, connect
from gosync.sync.fetch import sink_of
from gosync.upstream.goproxy import parse_goproxy
from gosync.work.pool import for_each
from gosync.work.progress import Progress

_SHOWN = 3


class LeftOut(msgspec.Struct, frozen=True):
    """A version that a tree shows and that could not be taken in.

    Attributes:
        module: Its path.
        version: Its version.
        reason: Why.
        mod_h1: The h1 of its go.mod there, None where somebody vouches for another.
        zip_h1: The h1 of its zip there, None likewise.
    """

    module: str
    version: str
    reason: str
    mod_h1: str | None = None
    zip_h1: str | None = None

    @property
    def mv(self) -> ModuleVersion:
        """Which version it is."""
        return ModuleVersion(self.module, self.version)


class TakenIn(msgspec.Struct, frozen=True):
    """What became of what a tree shows and the store lacked.

    Attributes:
        versions: How many versions came in.
        left: Which did not.
    """

    versions: int
    left: tuple[LeftOut, ...] = ()


class AdoptReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an adoption did; its fields are the JSON document's.

    Attributes:
        tree: The tree.
        versions: How many versions came in.
        left: Which did not.
        is_ours: Whether the tree is this store's now.
    """

    tree: str
    versions: int
    left: tuple[LeftOut, ...]
    is_ours: bool


async def bring_up(
    site: Site, progress: Progress, *, trust_tree: bool = False
) -> tuple[LeftOut, ...]:
    """Take in what the site's tree shows and the store lacks, before it is changed.

    Nothing is done for a tree that is known to show nothing else.

    Args:
        site: The site.
        progress: Is told how far it is.
        trust_tree: Whether the tree's word counts where nobody else vouches.

    Returns:
        What could not be taken in; the tree is not the store's before it is.

    Raises:
        SecurityError: if the tree's part of the checksum database does not hold.
        StoreError: if the store cannot be written.
    """
    if not site.standing.tree_knows_more:
        return ()
    taken = await take_in(site, progress, trust_tree=trust_tree)
    if not taken.left:
        await _claim(site)
    return taken.left


async def bring_up_whole(
    site: Site, progress: Progress, *, trust_tree: bool = False
) -> None:
    """Do the same, and refuse to go on where something is left.

    Raises:
        IdentityError: if some of it could not be taken in; the tree stays as it is.
        SecurityError: if the tree's part of the checksum database does not hold.
        StoreError: if the store cannot be written.
    """
    if left := await bring_up(site, progress, trust_tree=trust_tree):
        raise _not_whole(site, left)


def expected_of(left: Iterable[LeftOut]) -> dict[ModuleVersion, Expected]:
    """Return what upstreams must serve of what nobody else vouches for: the same."""
    return {
        each.mv: Expected("the tree", each.mod_h1, each.zip_h1)
        for each in left
        if each.mod_h1 is not None
    }


async def claim_if_whole(site: Site, left: Sequence[LeftOut]) -> None:
    """Make the tree the store's, once upstreams have brought what was left.

    Raises:
        IdentityError: if some of it is not here yet; the tree stays as it is.
        StoreError: if something cannot be read or written.
    """
    if not left:
        return
    unknown = await anyio.to_thread.run_sync(_unknown, site)
    if still := [each for each in left if each.mv in unknown]:
        raise _not_whole(site, still)
    await _claim(site)


def _unknown(site: Site) -> set[ModuleVersion]:
    unknown = unknown_to(site.catalog, tree_storage(site.options).reader())
    return {mv for mv, _ in unknown}


async def _claim(site: Site) -> None:
    tree = tree_storage(site.options)
    async with site.holding_tree():
        await anyio.to_thread.run_sync(claim_tree, tree, site.standing.generation)


def _not_whole(site: Site, left: Sequence[LeftOut]) -> IdentityError:
    shown = "; ".join(f"{each.mv}: {each.reason}" for each in left[:_SHOWN])
    more = len(left) - _SHOWN
    return IdentityError(
        f"{site.options.tree_path}: {len(left)} versions that it shows could not"
        f" be taken in: {shown}{f'; and {more} more' if more > 0 else ''}",
        hint=advise(
            "{} takes the tree's word for what nobody else vouches for; what is"
            " damaged, {} names",
            command("adopt", "--trust-tree"),
            command("verify"),
        ),
    )


async def take_in(
    site: Site, progress: Progress, *, trust_tree: bool = False
) -> TakenIn:
    """Take in what the site's tree shows and the store lacks; change no tree.

    Args:
        site: The site; its ``tree_path`` is the source.
        progress: Is told how far it is.
        trust_tree: Whether the tree's word counts where nobody else vouches.

    Raises:
        StoreError: if there is no tree, or the store cannot be written.
        SecurityError: if the tree's part of the checksum database does not hold.
    """
    tree = tree_storage(site.options).reader()
    if await anyio.to_thread.run_sync(read_marker, tree) is None:
        raise StoreError(f"{tree.name}: there is no tree", hint="name a tree's folder")
    missing = await anyio.to_thread.run_sync(
        lambda: list(unknown_to(site.catalog, tree))
    )
    if not missing:
        return TakenIn(0, ())
    options = site.options
    with tree_as_folder(options.tree_path, options.buckets, progress) as folder:
        source = replace(site, options=_from_folder(options, folder.absolute()))
        async with connect(source) as upstreams:
            taking = _Taking(source, upstreams, progress, trust_tree=trust_tree)
            await taking.run(missing)
    return TakenIn(taking.count, tuple(sorted(taking.left, key=lambda each: each.mv)))


def _from_folder(options: SiteOptions, root: Path) -> SiteOptions:
    """Return the options of a site whose one upstream is its tree, as a folder."""
    database = options.database
    if database is not None:
        sumdb = root / routes.SUMDB_FOLDER / database.name
        database = replace(database, url=sumdb.as_uri())
    proxies = parse_goproxy(root.as_uri())
    return replace(options, proxies=proxies, database=database, index_url="")


class _UnvouchedError(UnavailableError):
    """Neither a record nor a pin vouches for a version of the tree."""

    def __init__(self, mod_h1: str, zip_h1: str | None) -> None:
        super().__init__("neither a record nor a pin vouches for it")
        self.mod_h1 = mod_h1
        self.zip_h1 = zip_h1


class _Taking:
    """One run of take_in."""

    def __init__(
        self,
        site: Site,
        upstreams: Upstreams,
        progress: Progress,
        *,
        trust_tree: bool,
    ) -> None:
        self.count = 0
        self.left: list[LeftOut] = []
        self._site = site
        self._upstreams = upstreams
        self._progress = progress
        self._trust_tree = trust_tree
        self._batch = Batch(
            holder=site.holder,
            blobs=site.blobs,
            journal=site.journal,
            catalog=site.catalog,
            clock=site.clock,
            also=self._note,
        )

    def _note(self, rows: Sequence[VersionRow]) -> None:
        self._upstreams.gate.derived.put_into(self._site.catalog, rows)
        rule_on_admitted(self._site, rows)

    async def run(self, missing: list[tuple[ModuleVersion, Need]]) -> None:
        """Take the newest head, then each version."""
        await self._take_head()
        self._progress.phase("taking in what the tree shows", len(missing))
        try:
            workers = self._site.options.concurrency
            await for_each(missing, self._take, workers=workers)
        finally:
            await self._batch.commit()
        if self._site.tiles is not None:
            await anyio.to_thread.run_sync(self._site.tiles.sync)

    async def _take_head(self) -> None:
        """Trust the tree's head, if the key signed it and it is no fork."""
        sums = self._upstreams.sums
        if sums is None:
            return
        try:
            await sums.refresh()
        except UnavailableError:  # a tree of private modules alone has none
            return

    async def _take(self, item: tuple[ModuleVersion, Need]) -> None:
        mv, need = item
        self._site.blobs.check_space(
            0, min_free_bytes=self._site.options.min_free_bytes
        )
        try:
            row = await self._admit(mv, need)
        except StoreError:
            raise
        except _UnvouchedError as exc:
            self.left.append(
                LeftOut(mv.path, mv.version, str(exc), exc.mod_h1, exc.zip_h1)
            )
        except GosyncError as exc:
            self.left.append(LeftOut(mv.path, mv.version, str(exc)))
        else:
            await self._batch.add(row)
            self.count += 1
        self._progress.advance()

    async def _admit(self, mv: ModuleVersion, need: Need) -> VersionRow:
        private = self._site.options.policy.is_private(mv.path)
        unproven = private or self._upstreams.sums is None
        if unproven and not self._trust_tree and not self._has_pin(mv):
            raise await self._unvouched(mv, need)
        proxy, gate = self._upstreams.proxy, self._upstreams.gate
        async with gate.open(mv, need=need, private=private) as admission:
            if need is Need.ZIP:
                info = await proxy.info(mv)
                admission.take_info(info.data, info.served)
            mod = await proxy.mod(mv)
            await admission.take_mod(mod.data, mod.served)
            if need is Need.ZIP:
                staged = admission.stage_zip()
                served = await proxy.zip(mv, sink_of(staged, self._progress))
                await admission.take_zip(staged, served)
            return await admission.admit()

    def _has_pin(self, mv: ModuleVersion) -> bool:
        return self._site.catalog.pins.get(mv) is not None

    async def _unvouched(self, mv: ModuleVersion, need: Need) -> _UnvouchedError:
        """Return the refusal of what has no record and no pin, with its hashes."""
        proxy, scanner = self._upstreams.proxy, self._upstreams.gate.scanner
        mod_h1, zip_h1 = hash_go_mod((await proxy.mod(mv)).data), None
        if need is Need.ZIP:
            with self._site.blobs.stage() as staged:
                await proxy.zip(mv, sink_of(staged, self._progress))
                read = await anyio.to_thread.run_sync(scanner.scan, staged, mv)
                zip_h1 = read.scan.h1
        return _UnvouchedError(mod_h1, zip_h1)
