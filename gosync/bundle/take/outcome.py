"""The report of an import, and the receipt and need.json that it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from gosync import __version__
from gosync.artifact import Artifact
from gosync.bundle.format.artifacts import skipped_artifacts
from gosync.bundle.format.features import DIFFERENCES, OURS, ReaderFeatures
from gosync.bundle.format.header import Known
from gosync.bundle.format.manifest import OmittedEntry
from gosync.bundle.format.need import NeedFile, NeedVersion
from gosync.bundle.format.receipt import MAX_CAME, Head, Receipt, ReceiptSigner
from gosync.bundle.read.documents import (
    HeaderReport,
    ShrinkReport,
    WithdrawnReport,
    withdrawn_reports,
)
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.keptlists import KeptLists
from gosync.bundle.take.plan import ImportPlan
from gosync.catalog.imports import ImportRow, ImportState
from gosync.errors import BundleGapError
from gosync.ingest.vulnnews import VulnNews
from gosync.osv.vulnerable import VulnerableModule
from gosync.publish.report import PublishReport, TreeReport
from gosync.signing.trust import SignedBy
from gosync.site.publisher import tree_target
from gosync.site.site import Site
from gosync.sumdb.treehead import open_head


class ImportOutcome(StrEnum):
    """How an import ended.

    Damaged is a bundle that was applied long ago, of which the store has lost
    something since that the bundle itself did not bring.
    """

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    STAGED = "staged"
    DAMAGED = "damaged"


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did.

    Attributes:
        outcome: How it ended.
        bundle: The bundle that was to be taken in.
        signed_by: Whose signatures counted.
        brought: How many versions came into the store, whole.
        brought_go_mods: Of how many more the ``.mod`` alone came.
        brought_bytes: The sizes of their zips, as the upstream had them.
        brought_artifacts: How many artifacts' blobs came into the store.
        published: What publishing did, None when nothing was applied.
        receipt: What the site has now, None before any bundle was applied.
        need: What is missing for bundles that wait, None when none does.
        vulnerable: What became known as vulnerable by it.
    """

    outcome: ImportOutcome
    bundle: BundleFolder
    signed_by: tuple[SignedBy, ...]
    brought: int = 0
    brought_go_mods: int = 0
    brought_bytes: int = 0
    brought_artifacts: int = 0
    published: PublishReport | None = None
    receipt: Receipt | None = None
    need: NeedFile | None = None
    vulnerable: VulnNews = VulnNews()

    @property
    def skipped(self) -> Mapping[str, int]:
        """How many artifacts of the bundle were skipped, by kind: they are newer."""
        return skipped_artifacts(self.bundle.manifest.artifacts)

    @property
    def exit_code(self) -> int:
        """13 when something is missing that the bundle does not bring, else 0."""
        gap = self.outcome in (ImportOutcome.STAGED, ImportOutcome.DAMAGED)
        return BundleGapError.exit_code if gap else 0


class ImportedBundle(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of an import; its fields are the document's keys.

    Attributes:
        outcome: How it ended.
        exit_code: The process's.
        bundle: The header of the bundle that was to be taken in.
        signed_by: Whose signatures counted.
        versions_brought: How many versions came into the store, whole.
        go_mods_brought: Of how many more the ``.mod`` alone came.
        bytes_brought: The sizes of their zips.
        artifacts_brought: How many artifacts' blobs came.
        artifacts_skipped: How many were skipped, by kind.
        shrink: What rules that changed took out of the selection, or None.
        omitted: What is selected and not in the bundle.
        withdrawn: What was withdrawn outside.
        now: What the site has now, None before any bundle was applied.
        need: What is missing for bundles that wait, or None.
        published: What publishing did, None when nothing was applied.
        vulnerable: Which versions became known as vulnerable, by entry and module.
        vulnerable_more: How many entries and modules are not listed there.
    """

    outcome: ImportOutcome
    exit_code: int
    bundle: HeaderReport
    signed_by: tuple[SignedBy, ...]
    versions_brought: int
    go_mods_brought: int
    bytes_brought: int
    artifacts_brought: int
    artifacts_skipped: dict[str, int]
    shrink: ShrinkReport | None
    omitted: tuple[OmittedEntry, ...]
    withdrawn: list[WithdrawnReport]
    now: Receipt | None
    need: NeedFile | None
    published: TreeReport | None
    vulnerable: tuple[VulnerableModule, ...]
    vulnerable_more: int

    @classmethod
    def of(cls, report: ImportReport) -> ImportedBundle:
        """Return what is told of an import."""
        bundle, published = report.bundle, report.published
        return ImportedBundle(
            outcome=report.outcome,
            exit_code=report.exit_code,
            bundle=HeaderReport.of(bundle.header, bundle.id),
            signed_by=report.signed_by,
            versions_brought=report.brought,
            go_mods_brought=report.brought_go_mods,
            bytes_brought=report.brought_bytes,
            artifacts_brought=report.brought_artifacts,
            artifacts_skipped=dict(report.skipped),
            shrink=ShrinkReport.of(bundle.manifest.shrink),
            omitted=bundle.manifest.omitted,
            withdrawn=withdrawn_reports(bundle.manifest.withdrawn),
            now=report.receipt,
            need=report.need,
            published=TreeReport.of(published) if published else None,
            vulnerable=report.vulnerable.found,
            vulnerable_more=report.vulnerable.more,
        )


def make_receipt(
    site: Site, signed_by: Iterable[SignedBy], bundle: BundleFolder
) -> Receipt | None:
    """Return what the site has now, None before any bundle was applied.

    Args:
        site: The site.
        signed_by: Whose signatures of the bundle counted.
        bundle: The bundle that was to be taken in.

    Raises:
        CatalogError: The catalog cannot be read.
    """
    came = [r for r in site.catalog.imports.all() if r.state is ImportState.APPLIED]
    if not came:
        return None
    newest = came[-1]
    database = site.options.database
    skipped = dict(skipped_artifacts(bundle.manifest.artifacts))
    head = None
    if database is not None and newest.tree_size is not None:
        head = Head(name=database.name, size=newest.tree_size)
    return Receipt(
        target=newest.target,
        sequence=newest.sequence,
        bundle_id=newest.bundle_id,
        applied_at=newest.moved_at,
        versions=site.catalog.census().present,
        head=head,
        signed_by=tuple(
            ReceiptSigner(name=each.name, fingerprint=each.fingerprint, kind=each.kind)
            for each in signed_by
        ),
        gosync=__version__,
        reads=_reads(site, newest),
        artifacts=len(site.catalog.artifacts.all()),
        skipped=skipped if bundle.id == newest.bundle_id else {},
        came=tuple(_known(r) for r in came if r.target == newest.target)[-MAX_CAME:],
    )


def _reads(site: Site, newest: ImportRow) -> ReaderFeatures:
    """Return what is read here: differences only where there is what they are to."""
    if KeptLists(site.options.store_path).has(newest.bundle_id):
        return OURS
    requires = tuple(name for name in OURS.requires if name != DIFFERENCES)
    return replace(OURS, requires=requires)


def make_need(site: Site, plan: ImportPlan, *, tiles: bool) -> NeedFile:
    """Return what is missing for a bundle that waits.

    Args:
        site: The site.
        plan: How far its selection comes together.
        tiles: Whether tiles of the checksum database are missing, too.

    Raises:
        CatalogError: The catalog cannot be read.
        SignatureError: The stored head is not the database's.
    """
    imports = site.catalog.imports
    applied = imports.newest()
    return NeedFile(
        target=plan.chosen.header.target,
        applied=None if applied is None else _known(applied),
        staged=tuple(map(_known, imports.staged())),
        heads=tuple(_known_heads(site)),
        versions=tuple(
            NeedVersion(path=each.path, version=each.version, need=each.need)
            for each in plan.missing
        ),
        tiles=tiles,
        selection=not plan.is_listed,
        artifacts=tuple(
            Artifact(
                kind=each.kind,
                name=each.name,
                digest=each.digest,
                size_bytes=each.size_bytes,
            )
            for each in plan.lacking
        ),
    )


def _known_heads(site: Site) -> list[int]:
    """Return the sizes of the trees that the site or its clients have seen."""
    database = site.options.database
    if database is None:
        return []
    heads = site.catalog.heads
    sizes = set(heads.published(database.name, tree_target(site).id))
    if note := heads.get(database.name):
        sizes.add(open_head(note, database.verifier()).tree.n)
    return sorted(sizes)


def _known(row: ImportRow) -> Known:
    return Known(sequence=row.sequence, bundle_id=row.bundle_id)
