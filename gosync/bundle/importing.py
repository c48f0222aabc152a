"""Taking a bundle in: from a medium that nobody trusts to the published tree.

In this order, each step before anything of the next one is believed:

    signatures > target and number > names > manifest > who vouches > space
    > the head, consistent with every head before > volumes > versions through the
    gate > tiles > one transaction > tree > receipt

The medium is only read. What came in before and waits is looked at together with the
new bundle (``pool``): the highest number whose selection is complete is applied, and
what has lower ones is overtaken. When the new bundle's is not complete it is kept and
``need.json`` says what is missing.

It is the same gate as a sync's, with the bundles for an upstream (I7). A bundle that
is signed well and holds something else than the log says is refused like any upstream
that does so, with its evidence; one that waited is dropped then, so that it is in
nobody's way.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread

from gosync import __version__
from gosync.bundle.applying import (
    apply_selection,
    bring_tiles,
    check_vouched,
    import_row,
)
from gosync.bundle.arrival import Standing, check_arrival
from gosync.bundle.intake import Intake, ProvenVolumes
from gosync.bundle.need import Known, NeedFile, NeedVersion
from gosync.bundle.pool import Holdings, Pool, PoolPlan
from gosync.bundle.receipt import Head, Receipt, Signer
from gosync.bundle.remote import PoolRemote
from gosync.bundle.staged import StagedBundles
from gosync.catalog.imports import ImportState
from gosync.catalog.selections import CONFIGURED
from gosync.catalog.versions import State
from gosync.errors import (
    BundleGapError,
    RejectedError,
    SecurityError,
    SignatureError,
    UsageError,
    VolumeError,
)
from gosync.ingest.gate import Gate
from gosync.ingest.sumops import SumOps
from gosync.signing.trust import check_signatures
from gosync.sumdb.client import SumClient
from gosync.sync.pool import PoolConcurrency
from gosync.sync.prune import sweep
from gosync.sync.tree import publish_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gosync.bundle.folder import BundleFolder
    from gosync.catalog.imports import ImportRow
    from gosync.progress import Progress
    from gosync.publish.report import PublishReport
    from gosync.signing.trust import SignedBy, Trust
    from gosync.sync.site import Site

_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """How an import ended."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    STAGED = "staged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did.

    Attributes:
        outcome: How it ended.
        bundle: The bundle that was to be taken in.
        signed_by: Whose signatures counted.
        brought: How many versions came into the store.
        published: What publishing did, None when nothing was applied.
        receipt: What the site has now, None before any bundle was applied.
        need: What is missing for bundles that wait, None when none does.
    """

    outcome: Outcome
    bundle: BundleFolder
    signed_by: tuple[SignedBy, ...]
    brought: int = 0
    published: PublishReport | None = None
    receipt: Receipt | None = None
    need: NeedFile | None = None

    @property
    def exit_code(self) -> int:
        """13 when the bundle waits for what it builds on, else 0."""
        return BundleGapError.exit_code if self.outcome is Outcome.STAGED else 0


class Import:
    """One import into one site; ``run`` it once."""

    def __init__(
        self, site: Site, *, trust: Trust, target: str, progress: Progress
    ) -> None:
        """Prepare an import.

        Args:
            site: The site; its store is locked.
            trust: Whose signatures count.
            target: What the site is called outside, "" for what bundles say.
            progress: Who watches.
        """
        self._site = site
        self._trust = trust
        self._target = target
        self._progress = progress
        self._staged = StagedBundles(site.options.store_path)
        self._volumes = ProvenVolumes(progress)
        self._brought = 0
        self._tiles_missing = False

    async def run(self, bundle: BundleFolder) -> ImportReport:
        """Take a bundle in.

        Raises:
            SignatureError: Too few trusted keys have signed it.
            RollbackError: It is older than what is here.
            SecurityError: It holds something else than the log says.
            RejectedError: It holds what is not allowed, or is malformed.
            UsageError: It is for another site, or this store is fed by syncs.
            VolumeError: A file is missing, unreadable or damaged.
            NoSpaceError: There is not enough space for it.
            StoreError: The store, the catalog or the tree cannot be written.
        """
        site = self._site
        _check_store(site)
        signed_by = self._check_signatures(bundle)
        standing = check_arrival(bundle, site.catalog.imports, target=self._target)
        waiting = self._open_waiting()
        published = None
        if standing is Standing.NEW:
            bundle.check_names(missing_ok=True)
            _check_database(site, bundle)
            waiting.append(bundle)
        if standing is Standing.APPLIED:
            published = await self._publish()
        elif (applied := await self._apply_newest(waiting, bundle)) is not None:
            published = applied
        return self._report(bundle, signed_by, standing, published)

    def _check_signatures(self, bundle: BundleFolder) -> tuple[SignedBy, ...]:
        return check_signatures(
            bundle.header_bytes,
            bundle.signatures(),
            self._trust,
            at=bundle.header.created_at,
            target=bundle.header.target,
        )

    def _open_waiting(self) -> list[BundleFolder]:
        """Open what waits, if it is trusted still; sweep what a killed run left."""
        rows = self._site.catalog.imports.staged()
        self._staged.sweep([row.bundle_id for row in rows])
        opened = []
        for row in rows:
            try:
                bundle = self._staged.open(row.bundle_id)
                self._check_signatures(bundle)
                opened.append(bundle)
            except (VolumeError, RejectedError, SignatureError) as error:
                _log.warning("bundle %s is dropped: %s", row.bundle_id[:8], error)
                self._drop(row.bundle_id)
        return opened

    def _drop(self, bundle_id: str) -> None:
        self._site.catalog.imports.drop(bundle_id)
        self._staged.sweep([r.bundle_id for r in self._site.catalog.imports.staged()])

    async def _apply_newest(
        self, bundles: list[BundleFolder], arrived: BundleFolder
    ) -> PublishReport | None:
        """Apply the highest number that is complete; keep what arrived if it waits."""
        holdings = await to_thread.run_sync(self._holdings)
        pool = Pool(bundles, holdings)
        for candidate in pool.newest_first:
            plan = await to_thread.run_sync(pool.plan, candidate)
            if not plan.missing and await self._try(plan, bundles):
                return await self._publish()
            if candidate is arrived:
                await self._keep(arrived)
        return None

    def _holdings(self) -> Holdings:
        return Holdings(self._site.catalog.versions.all_rows(), proves=self._proves)

    def _proves(self, path: str) -> bool:
        options = self._site.options
        return options.database is not None and not options.policy.is_private(path)

    async def _try(self, plan: PoolPlan, bundles: Sequence[BundleFolder]) -> bool:
        """Bring a complete selection in and apply it; False when tiles are missing."""
        try:
            check_vouched(plan.chosen.manifest, proves=self._proves)
            self._check_space(plan)
            await self._bring(plan, bundles)
        except BundleGapError:
            self._tiles_missing = True
            return False
        except (SecurityError, RejectedError):
            self._drop(plan.chosen.id)
            raise
        number = plan.chosen.header.sequence
        overtaken = [b for b in bundles if b.header.sequence < number]
        await to_thread.run_sync(apply_selection, self._site, plan.chosen, overtaken)
        self._staged.sweep([r.bundle_id for r in self._site.catalog.imports.staged()])
        return True

    def _check_space(self, plan: PoolPlan) -> None:
        """Check that new contents, and one volume's worth of scratch, will fit."""
        volumes = (v.size_bytes for t in plan.takings for v in t.bundle.header.volumes)
        needed = plan.new_bytes + max(volumes, default=0)
        self._site.blobs.check_space(
            needed, min_free_bytes=self._site.options.min_free_bytes
        )

    async def _bring(self, plan: PoolPlan, bundles: Sequence[BundleFolder]) -> None:
        async with self._sums(plan.chosen, bundles) as sums:
            if sums is not None:
                await sums.refresh()
            intake = Intake(self._site, self._gate(sums), self._volumes, self._progress)
            for taking in plan.takings:
                await intake.take(taking)
                self._brought += len(taking.keys)
            if sums is not None:
                await bring_tiles(self._site, sums, plan.chosen.manifest)

    def _gate(self, sums: SumClient | None) -> Gate:
        return Gate(
            blobs=self._site.blobs,
            quarantine=self._site.quarantine,
            pins=self._site.catalog.pins,
            sums=sums,
            clock=self._site.clock,
        )

    @asynccontextmanager
    async def _sums(
        self, chosen: BundleFolder | None, bundles: Sequence[BundleFolder]
    ) -> AsyncIterator[SumClient | None]:
        """Open the checksum database as these bundles have it."""
        site = self._site
        database = site.options.database
        if database is None or site.tiles is None:
            yield None
            return
        with site.blobs.stage() as scratch:
            make = partial(PoolRemote, scratch=scratch, clock=site.clock)
            ops = SumOps(
                database.name,
                await to_thread.run_sync(make, chosen, bundles, self._volumes.prove),
                catalog=site.catalog,
                tiles=site.tiles,
                journal=site.journal,
                quarantine=site.quarantine,
            )
            concurrency = PoolConcurrency(site.options.concurrency)
            yield SumClient(ops, database, concurrency=concurrency)

    async def _keep(self, bundle: BundleFolder) -> None:
        """Keep a bundle that waits, unless it is one of those kept."""
        imports = self._site.catalog.imports
        if imports.get(bundle.id) is not None:
            return
        self._site.blobs.check_space(
            bundle.header.size_bytes, min_free_bytes=self._site.options.min_free_bytes
        )
        await to_thread.run_sync(self._staged.keep, bundle, self._progress)
        row = import_row(bundle)
        imports.put(row, ImportState.STAGED, now=self._site.clock.now())

    async def _publish(self) -> PublishReport:
        """Bring the tree up to the selection; its tiles are in the store."""
        async with self._sums(None, ()) as sums:
            if sums is not None:
                await sums.start()
            published = await publish_tree(self._site, sums, self._progress)
        await to_thread.run_sync(sweep, self._site)
        return published

    def _report(
        self,
        bundle: BundleFolder,
        signed_by: tuple[SignedBy, ...],
        standing: Standing,
        published: PublishReport | None,
    ) -> ImportReport:
        imports = self._site.catalog.imports
        row = imports.get(bundle.id)
        outcome = Outcome.STAGED
        if row is not None and row.state is ImportState.APPLIED:
            is_old = standing is Standing.APPLIED
            outcome = Outcome.UNCHANGED if is_old else Outcome.APPLIED
        return ImportReport(
            outcome=outcome,
            bundle=bundle,
            signed_by=signed_by,
            brought=self._brought,
            published=published,
            receipt=self._receipt(signed_by),
            need=self._need(),
        )

    def _receipt(self, signed_by: tuple[SignedBy, ...]) -> Receipt | None:
        site = self._site
        newest = site.catalog.imports.newest()
        if newest is None:
            return None
        database = site.options.database
        head = None
        if database is not None and newest.tree_size is not None:
            head = Head(name=database.name, size=newest.tree_size)
        return Receipt(
            target=newest.target,
            sequence=newest.sequence,
            bundle_id=newest.bundle_id,
            applied_at=newest.moved_at,
            versions=site.catalog.versions.counts()[State.PRESENT],
            head=head,
            signed_by=tuple(
                Signer(name=each.name, fingerprint=each.fingerprint)
                for each in signed_by
            ),
            gosync=__version__,
        )

    def _need(self) -> NeedFile | None:
        """Return what is missing for the newest bundle that waits."""
        waiting = self._open_waiting()
        if not waiting:
            return None
        pool = Pool(waiting, self._holdings())
        newest = pool.newest_first[0]
        missing = pool.plan(newest).missing
        applied = self._site.catalog.imports.newest()
        return NeedFile(
            target=newest.header.target,
            applied=None if applied is None else _known(applied),
            staged=tuple(map(_known, self._site.catalog.imports.staged())),
            versions=tuple(
                NeedVersion(path=e.path, version=e.version, need=e.need)
                for e in missing
            ),
            tiles=self._tiles_missing,
        )


def _known(row: ImportRow) -> Known:
    return Known(sequence=row.sequence, bundle_id=row.bundle_id)


def _check_store(site: Site) -> None:
    if site.catalog.selections.get(CONFIGURED) is not None:
        raise UsageError(
            f"{site.options.store_path}: this store is fed by `gosync sync`;"
            " a bundle would unselect what that selected",
            hint="take bundles into a store of their own: another store.path",
        )


def _check_database(site: Site, bundle: BundleFolder) -> None:
    ours, theirs = site.options.database, bundle.header.sumdb
    if ours is not None and theirs is not None and ours.name != theirs.name:
        raise UsageError(
            f"the bundle is proven by {theirs.name}, this site trusts {ours.name}",
            hint="set upstream.sumdb inside to the database that outside uses",
        )
