"""Import of a bundle, from a medium that nobody trusts to the published tree.

In this order, each step before anything of the next one is believed:

    signatures > target and number > names > manifest > what is withdrawn > who vouches
    > space > the head, consistent with every head before > tiles > versions through the
    gate > one transaction > tree > receipt

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
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import anyio

from gosync.bundle.format.names import HEADER_NAME
from gosync.bundle.format.need import NeedFile
from gosync.bundle.format.selectionlist import list_of
from gosync.bundle.read.folder import BundleFolder, blaming
from gosync.bundle.read.keptlists import KeptLists
from gosync.bundle.take.acceptance import (
    BundleStatus,
    check_acceptable,
    check_database,
    check_store,
)
from gosync.bundle.take.applying import apply_selection, bring_tiles
from gosync.bundle.take.artifacts import take_blobs
from gosync.bundle.take.checks import check_deletes, check_shrink, check_vouched
from gosync.bundle.take.holdings import holdings_of
from gosync.bundle.take.houselog import check_house_log
from gosync.bundle.take.intake import Intake
from gosync.bundle.take.outcome import (
    ImportedBundle,
    ImportOutcome,
    ImportReport,
    make_need,
    make_receipt,
)
from gosync.bundle.take.plan import BundleSet, ImportPlan
from gosync.bundle.take.space import check_import_fits
from gosync.bundle.take.sumdb import BundleSumRemote
from gosync.bundle.take.unpacking import Unpacker
from gosync.bundle.take.vulnerable import VulnWatch
from gosync.bundle.take.waiting import WaitingBundles
from gosync.bundle.take.withdrawals import withdraw_at_once
from gosync.catalog import leases
from gosync.catalog.imports import ImportState
from gosync.catalog.versions import Need
from gosync.errors import BundleGapError, RejectedError, SecurityError, VolumeError
from gosync.ingest.evidence import keep_evidence
from gosync.ingest.gate import Gate
from gosync.ingest.scanner import ZipScanner
from gosync.ingest.sumops import SumOps
from gosync.ingest.vulnnews import VulnNews
from gosync.publish.report import PublishReport
from gosync.signing.trust import SignedBy, TrustFile, check_signatures
from gosync.site.site import Site
from gosync.site.tree import publish_tree
from gosync.site.upstreams import scanners_of
from gosync.sumdb.client import SumClient
from gosync.sumdb.tile import Tile
from gosync.sync.prune import allowing, sweep
from gosync.text import encode_json
from gosync.work.pool import PoolConcurrency
from gosync.work.progress import Progress

_log = logging.getLogger(__name__)
_EVIDENCE = (
    "nothing of it was published, and what shows it is kept in quarantine/; find out"
    " with those outside whether it was packed wrongly, or by whom"
)


class Import:
    """One import into one site; ``run`` it once."""

    def __init__(
        self,
        site: Site,
        *,
        trust: TrustFile,
        target: str,
        progress: Progress,
        ask: Callable[[str], bool] | None = None,
    ) -> None:
        """Prepare an import.

        Args:
            site: The site; the run holds the lease to import. The one to select is
                taken while the selection is applied, that to prune with it while
                blobs go.
            trust: Whose signatures count.
            target: What the site is called outside, "" for what bundles say.
            progress: Is told how far it is.
            ask: Asks whether versions may leave because the rules outside changed;
                None where nobody is there.
        """
        self._ask = ask
        self._site = site
        self._trust = trust
        self._target = target
        self._progress = progress
        self._waiting = WaitingBundles(
            site, check=self._check_signatures, target=target
        )
        self._brought = self._brought_go_mods = self._brought_bytes = 0
        self._brought_artifacts = 0
        self._vulnerable = VulnNews()
        self._gap: ImportPlan | None = None
        self._tiles_missing = False
        self._carried_tiles: list[Tile] = []
        self._scanner = ZipScanner()
        self._lists = KeptLists(site.options.store_path)

    async def run(self, medium: Path) -> ImportReport:
        """Take the bundle in a folder in.

        Raises:
            SignatureError: Too few trusted keys have signed it.
            RollbackError: It is older than what is here.
            SecurityError: It holds something else than the log says.
            UsageError: It is for another site, this store is fed by syncs, or more
                versions would go than may.
            VolumeError: A file is missing, unreadable, damaged or malformed.
            NoSpaceError: There is not enough space for it.
            StoreError: The store, the catalog or the tree cannot be written.
        """
        runs, clock = self._site.catalog.runs, self._site.clock
        with runs.during("bundle import", clock) as run_id:
            with _refusals(medium):
                bundle = BundleFolder.open(medium)
                with ZipScanner(workers=1) as self._scanner:  # this one unpacks
                    report = await self._take_in(bundle)
            summary = encode_json(ImportedBundle.of(report)).decode()
            code = report.exit_code
            runs.finish(run_id, clock.now(), exit_code=code, summary=summary)
        return report

    async def _take_in(self, bundle: BundleFolder) -> ImportReport:
        imports = self._site.catalog.imports
        check_store(self._site)
        with self._evidence(bundle):
            signed_by = self._check_signatures(bundle)
            standing = check_acceptable(bundle, imports, target=self._target)
        watch = VulnWatch(self._site)
        candidates = self._waiting.open()
        newest = imports.newest()
        shown = newest is not None and newest.bundle_id == bundle.id
        takes = standing is BundleStatus.NEW or shown  # what is shown may be damaged
        if takes:
            bundle.check_names(missing_ok=True)
            candidates.append(bundle)
        self._lists.complete(candidates)  # in no thread: one forks below
        if takes:
            check_database(self._site.options.database, bundle, proves=self._proves)
            self._withdraw(bundle)
        with Unpacker(bundle, self._site.blobs) as unpacker:
            self._unpacker = unpacker
            applied = await self._apply_newest(candidates, bundle)
        published = None
        if applied or standing is BundleStatus.APPLIED:
            published = await self._publish(watch)
        return self._report(bundle, signed_by, standing, published)

    def _withdraw(self, bundle: BundleFolder) -> None:
        """Take out what the bundle withdraws, whatever becomes of its selection."""
        for tree in withdraw_at_once(self._site, bundle.manifest.withdrawn):
            if tree.error:
                _log.warning("%s may still show it: %s", tree.root, tree.error)

    @contextmanager
    def _evidence(self, bundle: BundleFolder) -> Iterator[None]:
        """Keep the header and its signatures when they are refused."""
        try:
            yield
        except SecurityError as error:
            files = {HEADER_NAME: bundle.header_bytes, **bundle.signatures}
            subject = f"bundle {bundle.id}"
            quarantine = self._site.quarantine
            keep_evidence(quarantine, subject, error, served={}, files=files)
            raise

    def _check_signatures(self, bundle: BundleFolder) -> tuple[SignedBy, ...]:
        return check_signatures(
            bundle.header_bytes,
            bundle.signatures,
            self._trust,
            at=bundle.header.created_at,
            target=bundle.header.target,
        )

    async def _apply_newest(
        self, bundles: list[BundleFolder], arrived: BundleFolder
    ) -> bool:
        """Apply the highest number that is complete; keep what arrived if it waits."""
        find = partial(holdings_of, self._site, proves=self._proves)
        holdings = await anyio.to_thread.run_sync(find)
        pool = BundleSet(bundles, holdings)
        for candidate in pool.newest_first:
            plan = await anyio.to_thread.run_sync(pool.plan, candidate)
            if plan.is_done and self._is_applied(candidate):
                self._keep_list(candidate)
                return False
            if plan.is_complete and await self._try(plan, bundles):
                return True
            self._gap = self._gap or plan
            if candidate is arrived:
                await anyio.to_thread.run_sync(
                    self._waiting.keep, arrived, self._progress
                )
        return False

    def _keep_list(self, bundle: BundleFolder) -> None:
        """Keep what a bundle selects: later ones may tell it as a difference."""
        if not self._lists.has(bundle.id):
            self._lists.keep(bundle.id, list_of(bundle.manifest))

    def _is_applied(self, bundle: BundleFolder) -> bool:
        row = self._site.catalog.imports.get(bundle.id)
        return row is not None and row.state is ImportState.APPLIED

    def _proves(self, path: str) -> bool:
        options = self._site.options
        return options.database is not None and not options.policy.is_private(path)

    async def _try(self, plan: ImportPlan, bundles: Sequence[BundleFolder]) -> bool:
        """Bring a complete selection in and apply it; False when tiles are missing."""
        try:
            check_vouched(plan.chosen.manifest, proves=self._proves)
            check_shrink(self._site, plan.chosen, bundles, ask=self._ask)
            deletes = check_deletes(self._site, plan.chosen.manifest)
            self._site = allowing(self._site, deletes)
            check_import_fits(self._site, plan)
            await self._bring(plan, bundles)
            artifacts = plan.chosen.manifest.artifacts
            await anyio.to_thread.run_sync(check_house_log, self._site, artifacts)
        except BundleGapError:
            self._tiles_missing = True
            return False
        except (SecurityError, RejectedError):
            self._waiting.drop(plan.chosen.id)
            raise
        number = plan.chosen.header.sequence
        overtaken = [b for b in bundles if b.header.sequence < number]
        ahead = [b for b in bundles if b.header.sequence > number]
        async with self._site.holding_at_last(leases.SELECT):
            check_store(self._site)  # others went on meanwhile
            check_deletes(self._site, plan.chosen.manifest)
            await anyio.to_thread.run_sync(self._keep_list, plan.chosen)
            await anyio.to_thread.run_sync(
                apply_selection, self._site, plan.chosen, overtaken, ahead
            )
        self._waiting.remove_applied()
        self._lists.sweep(self._site.catalog, used=plan.chosen.header.base)
        return True

    async def _bring(self, plan: ImportPlan, bundles: Sequence[BundleFolder]) -> None:
        async with self._sums(plan.chosen, bundles) as sums:
            if sums is not None and plan.chosen.header.sumdb is not None:
                await sums.refresh()
                await bring_tiles(
                    self._site, sums, plan.chosen.manifest, self._carried_tiles
                )
            intake = Intake(
                self._site, self._gate(sums), self._unpacker, self._progress
            )
            manifest = plan.chosen.manifest
            go_mods = {each.mv for each in manifest.versions if each.need is Need.MOD}
            for taking in plan.takings:
                try:
                    if taking.versions:
                        await intake.take(taking)
                    await anyio.to_thread.run_sync(take_blobs, self._site, taking)
                except VolumeError as error:
                    self._waiting.drop_damaged(taking.bundle, error)
                    raise
                alone = len(taking.versions & go_mods)
                self._brought += len(taking.versions) - alone
                self._brought_go_mods += alone
                self._brought_artifacts += len(taking.blobs)
            self._brought_bytes += plan.new_bytes

    def _gate(self, sums: SumClient | None) -> Gate:
        gate = Gate(
            holder=self._site.holder,
            blobs=self._site.blobs,
            quarantine=self._site.quarantine,
            pins=self._site.catalog.pins,
            sums=sums,
            clock=self._site.clock,
            scanner=self._scanner,
        )
        gate.admitter = scanners_of(self._site)
        return gate

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
            make = partial(BundleSumRemote, scratch=scratch, clock=site.clock)
            remote = await anyio.to_thread.run_sync(make, chosen, bundles)
            self._carried_tiles = remote.tiles
            ops = SumOps(
                database.name,
                remote,
                catalog=site.catalog,
                tiles=site.tiles,
                journal=site.journal,
                quarantine=site.quarantine,
            )
            concurrency = PoolConcurrency(site.options.concurrency)
            yield SumClient(ops, database, concurrency=concurrency)

    async def _publish(self, watch: VulnWatch) -> PublishReport:
        """Bring the tree up to the selection; its tiles are in the store."""
        async with self._sums(None, ()) as sums:
            if sums is not None:
                await sums.start()
            published = await publish_tree(self._site, sums, self._progress)
        self._vulnerable = await anyio.to_thread.run_sync(watch.news)
        async with (
            self._site.holding_at_last(leases.SELECT),
            self._site.holding_at_last(leases.PRUNE),
        ):
            await anyio.to_thread.run_sync(sweep, self._site)
        return published

    def _report(
        self,
        bundle: BundleFolder,
        signed_by: tuple[SignedBy, ...],
        standing: BundleStatus,
        published: PublishReport | None,
    ) -> ImportReport:
        outcome, brought = ImportOutcome.APPLIED, self._brought + self._brought_go_mods
        if not self._is_applied(bundle):
            outcome = ImportOutcome.STAGED
        elif self._gap is not None and self._gap.chosen.id == bundle.id:
            outcome = ImportOutcome.DAMAGED
        elif standing is BundleStatus.APPLIED and not brought:
            outcome = ImportOutcome.UNCHANGED
        return ImportReport(
            outcome=outcome,
            bundle=bundle,
            signed_by=signed_by,
            brought=self._brought,
            brought_go_mods=self._brought_go_mods,
            brought_bytes=self._brought_bytes,
            brought_artifacts=self._brought_artifacts,
            published=published,
            receipt=make_receipt(self._site, signed_by, bundle),
            need=self._need(),
            vulnerable=self._vulnerable,
        )

    def _need(self) -> NeedFile | None:
        """Return what is missing for the newest bundle that is not complete."""
        gap = self._gap
        return make_need(self._site, gap, tiles=self._tiles_missing) if gap else None


@contextmanager
def _refusals(medium: Path) -> Iterator[None]:
    """Say what to do about a bundle that is refused.

    Raises:
        VolumeError: for a RejectedError inside.
        SecurityError: as it was, with a word of what to do.
    """
    try:
        with blaming(medium):
            yield
    except SecurityError as error:
        error.hint = error.hint or _EVIDENCE
        raise
