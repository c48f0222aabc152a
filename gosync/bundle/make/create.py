"""Making a bundle: plan, pack, write, read back, prove, name, seal, in this order.

    1. the ledger plans it: sequence and time are taken
    2. segments are packed into volumes; manifest, header, signatures, SHA256SUMS
       follow; all is durable, in a folder that has no name yet; the ledger says so
    3. the bundle is read back from the disk and proven
    4. the folder gets its name, and all is found under it
    5. the ledger seals it: from now on it can be a base

A kill leaves a bundle that is not sealed, and is not named before step 4. The next
create for the target takes over its sequence, removes its folder and, if nothing
has changed, makes the same bytes. Where a receiver lacks nothing nothing is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gosync import __version__
from gosync.bundle.format.features import LONG_SEGMENTS, PARTED_MANIFESTS
from gosync.bundle.format.header import (
    Algorithms,
    Header,
    SumHead,
    bundle_id,
    bundle_name,
    folder_name,
    format_header,
)
from gosync.bundle.format.names import FORMAT, HEADER_NAME, MAX_FILE_BYTES
from gosync.bundle.format.selectionlist import completed, list_of
from gosync.bundle.make.created import Created, CreateOptions
from gosync.bundle.make.difference import travelling
from gosync.bundle.make.documents import keep_documents
from gosync.bundle.make.ledger import Ledger
from gosync.bundle.make.manifest import make_manifest, required, told, told_base
from gosync.bundle.make.news import check_readable, is_same, new_blobs, shrink_of
from gosync.bundle.make.packedparts import PackedParts, pack_all
from gosync.bundle.make.packers import Packers
from gosync.bundle.make.packing import artifact_segments, tile_segments
from gosync.bundle.make.partpacker import PackForm, PartPacker
from gosync.bundle.make.parts import module_parts
from gosync.bundle.make.readback import OwnBases, check_named, open_made
from gosync.bundle.make.receiver import reader_of, reads, receiver_for
from gosync.bundle.make.selection import BundleSelection, read_selection
from gosync.bundle.make.sharing import PackSharing
from gosync.bundle.make.tiles import (
    OldHeadTiles,
    bundled_head,
    check_packed,
    fetch_missing,
    new_tiles,
    old_head_tiles,
    record_ids,
)
from gosync.bundle.make.volumes import (
    FolderWriter,
    PlacedSegment,
    VolumeWriter,
    remove_folder,
)
from gosync.bundle.make.vulnerable import vulnerable_since
from gosync.bundle.read.keptlists import KeptLists
from gosync.bundle.read.proving import Proven, prove_bundle
from gosync.catalog import leases
from gosync.catalog.bundles import BundleRow, BundleState
from gosync.errors import UsageError
from gosync.hint import advise, command
from gosync.signing.files import read_keys
from gosync.site.housetree import note_kept_head
from gosync.site.ruletext import rules_of
from gosync.site.site import Site
from gosync.store.durable import make_folder
from gosync.sumdb.tile import Tile
from gosync.sumdb.treehead import SignedHead
from gosync.work.progress import NoProgress, Progress

if TYPE_CHECKING:
    from gosync.bundle.make.parts import Part


def create_bundle(
    site: Site,
    options: CreateOptions,
    progress: Progress | None = None,
    sharing: PackSharing | None = None,
    packed: PackedParts | None = None,
) -> Created:
    """Make the next bundle of a target; see the module.

    Args:
        site: The store; the run holds the lease to number bundles. The selection is
            leased while it is read; from then on others may select and prune, and what
            the bundle is made of is announced.
        options: What is asked for.
        progress: Is told how far it is.
        sharing: Who packs elsewhere; None for processes of this machine.
        packed: What the run has packed for other targets, and keeps for the next.

    Raises:
        UsageError: the need is another target's, a key cannot be used, or a version
            exceeds a volume, which the site cannot read.
        StoreError: the store lacks or garbles something, or the bundle's folder
            cannot be written.
        NoSpaceError: a disk is full; nothing is sealed.
        VolumeError: what was read back is not what was written.
    """
    with ExitStack() as stack:
        with site.hold(leases.SELECT):
            bundles = site.catalog.bundles
            reader = reader_of(bundles, options.target.name, options.reader)
            pulled = site.options.bundle_pulled
            read = partial(read_selection, site.catalog, reader, with_pulled=pulled)
            selection = read()
            if options.documents:
                keep_documents(site, options.documents, selection)
                selection = read()
            note_kept_head(site)
            check_readable(selection, reader)
            making = _Making(site, options, selection, progress, sharing, packed)
            stack.enter_context(site.holder.relying_on(making.digests))
        if making.brings_nothing:
            return Created(selection=selection)
        return making.run()


class _Making:
    """One bundle in the making."""

    def __init__(
        self,
        site: Site,
        options: CreateOptions,
        selection: BundleSelection,
        progress: Progress | None,
        sharing: PackSharing | None,
        packed: PackedParts | None,
    ) -> None:
        self._site = site
        self._sharing = sharing
        self._packed = packed
        self._options = options
        self._selection = selection
        bundles, target = site.catalog.bundles, options.target
        self._receiver = receiver = receiver_for(
            bundles, target, options.need, full=options.full
        )
        self._progress = progress or NoProgress()
        self._scratch = site.blobs
        self._rules = rules_of(site.options)
        self._head = bundled_head(site, selection.chosen)
        self._old_heads = self._old_head_tiles()
        bases = frozenset() if options.exact else receiver.applied
        self._bundled = list(travelling(selection.chosen, receiver.held, bases))
        self._shrink = shrink_of(bundles, target.name, selection, self._rules)
        self._lists = KeptLists(site.options.store_path)
        self._told_base = told_base(self._lists, receiver, options.reader)

    @property
    def brings_nothing(self) -> bool:
        """Whether the receiver has everything."""
        same = is_same(self._site.catalog, self._selection, self._receiver)
        return same and not (self._old_heads.lacking or self._receiver.lacks_list)

    @property
    def digests(self) -> Iterator[str]:
        """The blobs that the bundle is made of, and those that its patches need."""
        for each in self._bundled:
            yield from (
                digest
                for chosen in each.chosen
                for digest, _ in chosen.row.blobs().values()
            )
            if each.base is not None:
                yield each.base_digest
        for blob in new_blobs(self._selection, self._receiver):
            yield blob.digest

    def run(self) -> Created:
        """Make it.

        Raises:
            GosyncError: see ``create_bundle``.
        """
        selection, base = self._selection, self._receiver.base
        if base is None and not (selection.chosen or selection.artifacts):
            hint = advise("run {}", command("sync"))
            raise UsageError("nothing is selected and here", hint=hint)
        self._keys = [e for path in self._options.target.keys for e in read_keys(path)]
        head, tiles = self._head, self._tiles(self._head)
        fetch_missing(self._site, tiles)
        make_folder(self._options.out)
        self._remove_unsealed()
        row = self._plan()
        with FolderWriter(self._options.out / f".{row.target}.partial") as writer:
            return self._make(writer, row, head, tiles)

    def _make(
        self,
        writer: FolderWriter,
        row: BundleRow,
        head: SignedHead | None,
        tiles: Sequence[Tile],
    ) -> Created:
        header = self._write(writer, row, head, tiles)
        data = format_header(header)
        identity = bundle_id(data)
        signed_by = self._sign(writer, data)
        writer.write_sums(header.files, data)
        writer.write(HEADER_NAME, data)
        writer.sync()
        size = head.tree.n if head is not None else None
        self._site.catalog.bundles.write(row, identity, tree_size=size)
        proven = self._prove(writer.folder, identity)
        final = self._options.out / folder_name(header, identity)
        writer.finish(final)
        check_named(final, identity)
        self._lists.keep(identity, self._list)
        holds = ((chosen.mv, chosen.need) for chosen in self._selection.chosen)
        rules = self._rules
        ruled = replace(row, rules=rules.text, rules_fingerprint=rules.fingerprint)
        Ledger(self._site).seal(
            ruled,
            holds,
            self._old_heads.after,
            self._selection.artifacts,
            self._selection.withdrawn_digest,
        )
        self._lists.sweep(self._site.catalog)
        return Created(
            selection=self._selection,
            path=final,
            id=identity,
            header=header,
            proven=proven,
            signed_by=signed_by,
            shrink=self._shrink,
            vulnerable=vulnerable_since(self._site, self._selection, self._receiver),
        )

    def _old_head_tiles(self) -> OldHeadTiles:
        """Return the tiles for clients with older heads that the receiver may lack."""
        if self._head is None:
            return OldHeadTiles()
        base, need = self._receiver.base, self._options.need
        lost = base is None or (need is not None and need.tiles)
        bundles = self._site.catalog.bundles
        held = {} if lost or base is None else bundles.tiles(base)
        return old_head_tiles(self._site, self._head, held)

    def _tiles(self, head: SignedHead | None) -> list[Tile]:
        if head is None:
            return []
        base, chosen = self._receiver.base, self._selection.chosen
        sent = self._site.catalog.bundles.tree_sizes(self._options.target.name)
        applied = [each for each in chosen if each.mv in self._receiver.applied]
        needed = new_tiles(
            head,
            chosen,
            sent_sizes={*sent, *self._receiver.heads},
            base_size=base.tree_size if base is not None else None,
            base_records=record_ids(applied),
        )
        return list(dict.fromkeys([*needed, *self._old_heads.lacking]))

    def _plan(self) -> BundleRow:
        base = self._receiver.base
        return self._site.catalog.bundles.plan(
            self._options.target.name,
            kind=self._receiver.kind,
            base_sequence=base.sequence if base is not None else None,
            after=self._receiver.after,
            now=self._site.clock.now(),
        )

    def _remove_unsealed(self) -> None:
        """Remove a bundle that was named, but not sealed before it was killed."""
        for row in self._site.catalog.bundles.all(self._options.target.name):
            if row.state is BundleState.WRITTEN and row.bundle_id:
                name = bundle_name(row.target, row.sequence, row.kind, row.bundle_id)
                remove_folder(self._options.out / name)

    def _write(
        self,
        writer: FolderWriter,
        row: BundleRow,
        head: SignedHead | None,
        tiles: Sequence[Tile],
    ) -> Header:
        placed, volumes = self._write_volumes(writer, tiles)
        catalog, base = self._site.catalog, self._receiver.base
        whole = make_manifest(
            self._selection, catalog, volumes.entries, placed, self._shrink
        )
        self._list = list_of(whole)
        base_id = base.bundle_id or "" if base is not None else ""
        manifest = told(whole, self._told_base, base_id)
        carried, segments = list(whole.travelling()), whole.segments
        limit = self._volume_bytes if self._reads(PARTED_MANIFESTS) else MAX_FILE_BYTES
        written, parts = writer.write_manifest(manifest, limit_bytes=limit)
        return Header(
            format=FORMAT,
            requires=required(manifest, volumes.files, parts),
            algorithms=Algorithms(
                signatures=tuple(sorted({key.kind.value for key in self._keys}))
            ),
            target=row.target,
            sequence=row.sequence,
            kind=row.kind,
            base=base.bundle_id if base is not None else None,
            created=row.planned_at,
            gosync=__version__,
            sumdb=self._sum_head(head),
            manifest=written,
            manifest_parts=parts,
            volumes=tuple(volumes.files),
            selected=len(whole.versions),
            carried=len(carried),
            patched=sum(segments[e.segment or 0].base is not None for e in carried),
            omitted=len(whole.omitted),
            tiles=sum(each.packed.tiles for each in placed),
            tile_bytes=sum(tile.size_bytes for tile in tiles),
            old_head_tiles=len(self._old_heads.lacking),
            zip_bytes=sum(entry.zip_bytes or 0 for entry in carried),
            artifacts=len(whole.artifacts),
            artifacts_carried=sum(a.segment is not None for a in whole.artifacts),
        )

    @property
    def _volume_bytes(self) -> int:
        return min(self._options.target.volume_bytes, MAX_FILE_BYTES)

    def _reads(self, feature: str) -> bool:
        options, bundles = self._options, self._site.catalog.bundles
        return reads(bundles, options.target.name, options.reader, feature)

    def _sum_head(self, head: SignedHead | None) -> SumHead | None:
        database = self._site.options.database
        if head is None or database is None:
            return None
        return SumHead(name=database.name, size=head.tree.n, note=head.note.decode())

    def _write_volumes(
        self, writer: FolderWriter, tiles: Sequence[Tile]
    ) -> tuple[list[PlacedSegment], VolumeWriter]:
        site, receiver, bundled = self._site, self._receiver, self._bundled
        count = sum(len(each.chosen) for each in bundled)
        self._progress.phase("packing", count)
        parts: list[Part] = [
            *tile_segments(tiles),
            *artifact_segments(new_blobs(self._selection, receiver)),
            *module_parts(bundled),
        ]
        limit, may_span = self._volume_bytes, self._reads(LONG_SEGMENTS)
        form = PackForm(self._options.exact, limit, may_span, self._options.level)
        packer = PartPacker(site.blobs, site.tiles, self._scratch, form)
        packers = Packers(packer, self._scratch, self._sharing)
        placed: list[PlacedSegment] = []
        with (
            VolumeWriter(writer.folder, limit) as volumes,
            closing(pack_all(packers, form, parts, self._packed)) as all_packed,
        ):
            for packed in all_packed:
                for each in volumes.place(packed):
                    placed.append(each)
                    self._progress.advance(
                        len(each.packed.versions), size_bytes=each.packed.size_bytes
                    )
            volumes.close_volume()
        return placed, volumes

    def _sign(self, writer: FolderWriter, header: bytes) -> tuple[str, ...]:
        """Write a signature of each key; several have numbers."""
        several = len(self._keys) > 1
        for number, key in enumerate(self._keys, start=1):
            label = f".{number}" if several else ""
            writer.write(f"{HEADER_NAME}{label}.sig", key.sign(header))
        return tuple(key.public().fingerprint for key in self._keys)

    def _prove(self, path: Path, identity: str) -> Proven:
        rows = (each.row for each in self._selection.chosen)
        folder, bases = open_made(path, identity), OwnBases(self._site.blobs, rows)
        if folder.manifest.list_base is not None and self._told_base is not None:
            folder.manifest = completed(folder.manifest, self._told_base)
        proven = prove_bundle(
            folder, scratch=self._scratch, bases=bases, progress=self._progress
        )
        check_packed(self._site, folder, self._scratch)
        return proven
