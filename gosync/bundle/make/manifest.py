"""The manifest of a bundle, and the list in it: whole, or as a difference.

The list is told as a difference where the site has said with the receipt of just that
base that it keeps the base's list and reads differences, and where that list is kept
here, too. Anything else is told whole: what a repair or a full bundle says, and what is
for a site whose receipts do not come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import asdict

from gosync.bundle.format.artifacts import ArtifactEntry
from gosync.bundle.format.extents import is_long
from gosync.bundle.format.features import (
    DIFFERENCES,
    LONG_SEGMENTS,
    PARTED_MANIFESTS,
    WITHDRAWALS,
    ReaderFeatures,
)
from gosync.bundle.format.header import FileEntry
from gosync.bundle.format.manifest import Manifest, ShrinkEntry, VolumeEntry
from gosync.bundle.format.selectionlist import SelectionList, as_difference
from gosync.bundle.make.receiver import Receiver
from gosync.bundle.make.selection import BundleSelection, entry_of, findings_of
from gosync.bundle.make.volumes import PlacedSegment
from gosync.bundle.read.keptlists import KeptLists
from gosync.catalog.bundles import BundleKind, BundleState
from gosync.catalog.db import Catalog
from gosync.catalog.documents import read_document


def make_manifest(
    selection: BundleSelection,
    catalog: Catalog,
    volumes: Sequence[VolumeEntry],
    placed: Sequence[PlacedSegment],
    shrink: ShrinkEntry | None,
) -> Manifest:
    """Return the manifest of these volumes, with its whole list.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    where = {mv: n for n, each in enumerate(placed) for mv in each.packed.versions}
    blobs: Mapping[str, int] = {
        digest: n for n, each in enumerate(placed) for digest in each.packed.blobs
    }
    return Manifest(
        volumes=tuple(volumes),
        segments=tuple(each.segment for each in placed),
        versions=tuple(
            entry_of(chosen, where.get(chosen.mv)) for chosen in selection.chosen
        ),
        omitted=selection.omitted,
        findings=findings_of(catalog, (each.mv for each in selection.chosen)),
        withdrawn=selection.withdrawn,
        artifacts=tuple(
            ArtifactEntry(**asdict(each), segment=blobs.get(each.digest))
            for each in selection.artifacts
        ),
        shrink=shrink,
    )


def told_base(
    kept: KeptLists, receiver: Receiver, reader: ReaderFeatures | None
) -> SelectionList | None:
    """Return the list that a bundle's may be a difference to, None for none.

    Args:
        kept: The lists that are kept here.
        receiver: What the bundle is for.
        reader: What its site can read, if somebody says so beside its receipt.

    Raises:
        CatalogError: the ledger has what no receipt says.
        StoreError: the list cannot be read.
    """
    base = receiver.base
    if receiver.kind is not BundleKind.INCREMENT or base is None or not base.bundle_id:
        return None
    if base.state is not BundleState.ACKED or base.reads is None:
        return None
    said = read_document(base.reads, ReaderFeatures)
    if any(DIFFERENCES not in each.requires for each in (said, reader or said)):
        return None
    return kept.get(base.bundle_id)


def told(manifest: Manifest, base: SelectionList | None, base_id: str) -> Manifest:
    """Return a manifest as it is written: with the shorter one of the two lists.

    Args:
        manifest: The manifest, with its whole list.
        base: What the list may be a difference to, None for nothing.
        base_id: The bundle that has it.
    """
    if base is None:
        return manifest
    short = as_difference(manifest, base, base_id)
    lines = len(short.versions) + len(short.gone)
    more = len(short.artifacts) + len(short.dropped)
    whole = len(manifest.versions) + len(manifest.artifacts)
    return short if lines + more < whole else manifest


def required(
    manifest: Manifest, files: Sequence[FileEntry], parts: Sequence[FileEntry]
) -> tuple[str, ...]:
    """Return what a reader of a manifest, its volumes and its parts must know."""
    used = {
        DIFFERENCES: manifest.list_base is not None,
        LONG_SEGMENTS: any(is_long(each, files) for each in manifest.segments),
        PARTED_MANIFESTS: bool(parts),
        WITHDRAWALS: bool(manifest.withdrawn),
    }
    return tuple(name for name, needed in used.items() if needed)
