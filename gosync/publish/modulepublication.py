"""The publish of one module, by itself: of what came in while somebody waits for it.

    1. marker: the tree head that is shown, where it is new
    2. tiles, lookups
    3. ``.mod``, ``.zip``, ``.info``
    4. ``list``, ``@latest``, aliases, the module's page
    5. what was withdrawn: files, then lookups

The order is I6's, with the barriers of ``publication``. Nothing of the tree's own is
written but its heads: counts, the list of modules and ``latest`` follow at the next
publish, which goes over the module since the catalog's change is still ahead of the
tree. A publish of the whole tree may be under way: it gave way, and leaves the module
as it is from here on. Killed in between, this leaves files that no list names.

Nothing leaves the tree but what was withdrawn: what else was given up may need
somebody's word, and stays until the next publish.
"""

from __future__ import annotations

from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.folder import routes
from gosync.ingest.generation import Generation
from gosync.publish.contents import ModuleContents
from gosync.publish.localtree import LocalTreeWriter
from gosync.publish.lookups import put_lookups
from gosync.publish.marker import Marker, format_marker
from gosync.publish.modulereader import ModuleReader
from gosync.publish.modules import ModuleWriter
from gosync.publish.shownheads import ShownHeads
from gosync.publish.stale import removal_order
from gosync.publish.sumdb import SumTreeWriter, TileSource, needed_tiles
from gosync.publish.survey import survey_tree
from gosync.publish.work import TreeTarget
from gosync.store.blobs import BlobStore
from gosync.sumdb.names import Database
from gosync.sumdb.tile import Tile
from gosync.sumdb.treehead import SignedHead, open_head
from gosync.work.progress import NoProgress


class ModulePublication:
    """Publishes one module of a tree that nobody else writes meanwhile."""

    def __init__(
        self,
        path: str,
        *,
        catalog: Catalog,
        blobs: BlobStore,
        tree: TreeTarget,
        marker: Marker,
        database: Database | None,
        tiles: TileSource | None,
    ) -> None:
        """Read what the catalog says of the module, and what the tree has of it.

        Raises:
            MalformedError: if the module can have no folder.
            CatalogError: if the catalog cannot be read.
            StoreError: if the tree cannot be read.
        """
        writer = LocalTreeWriter(tree.root, beside=True)
        self._catalog, self._writer, self._tree_id = catalog, writer, tree.id
        self._database = database
        self._name = "" if database is None else database.name
        self._marker = marker
        state = catalog.trees.get(tree.id)
        self._modules = ModuleWriter(
            writer,
            blobs,
            changed_after=-1 if state is None else state.published_seq,
            full=not self._marker.complete,
        )
        survey = survey_tree(catalog, writer, full=False, paths=[path], spare=True)
        reader = ModuleReader(catalog, self._modules.read_facts, survey.kept)
        self._contents: ModuleContents = reader.read(path)
        self._sums = (
            None
            if database is None or tiles is None
            else SumTreeWriter(writer, database.name, tiles)
        )
        self._sizes = self._known_sizes()

    def _known_sizes(self) -> tuple[int, ...]:
        shown = self._catalog.heads.published(self._name, self._tree_id)
        return tuple(sorted({*shown, *self._marker.heads.get(self._name, ())}))

    def head(self, trusted: SignedHead | None) -> SignedHead | None:
        """Return the head to show: the tree's newest, if it has all the records.

        Raises:
            SecurityError: if the head in the catalog is not the database's.
            CatalogError: if the catalog cannot be read.
        """
        if self._database is None or trusted is None:
            return None
        note = self._catalog.heads.newest_published(self._name, self._tree_id)
        shown = open_head(note, self._database.verifier()) if note else None
        newest = max(self._ids(), default=-1)
        return trusted if shown is None or shown.tree.n <= newest else shown

    def _ids(self) -> list[int]:
        rows = (version.row for version in self._contents.versions)
        return sorted(row.record_id for row in rows if row.record_id is not None)

    def missing_tiles(self, head: SignedHead | None) -> list[Tile]:
        """Return the tiles that the module's lookups need and the tree lacks.

        Raises:
            RollbackError: if clients of the tree may know a larger head.
            ForkError: if the tree shows another head of the same size.
            StoreError: if a record is newer than the head.
        """
        if self._sums is None or head is None or not self._ids():
            return []
        self._sums.check_head(head, self._sizes)
        least = self._marker.head if self._marker.complete else 0
        sizes = [size for size in self._sizes if size >= least]
        return self._sums.missing(needed_tiles(head, self._ids(), sizes))

    def run(self, head: SignedHead | None, generation: Generation | None) -> int:
        """Publish it; return how many files were written, linked or removed.

        Args:
            head: What ``head`` returned.
            generation: Counts the store's changes; None where nobody does.

        Raises:
            StoreError: if a tile or blob is missing, or the tree cannot be written.
        """
        tiles = self.missing_tiles(head)
        self._writer.open()
        self._begin(head, generation)
        self._writer.commit()
        if self._sums is not None and head is not None and self._ids():
            self._sums.write_tiles(tiles, NoProgress())
            self._writer.write(self._sums.supported, b"")
            heads = ShownHeads(self._catalog.heads, self._sums, self._tree_id)
            put_lookups(self._contents, self._modules, self._sums, head, heads)
            self._writer.commit()
        self._modules.place(self._contents)
        self._writer.commit()
        self._modules.name(self._contents, self._name)
        self._writer.commit()
        for file in removal_order(self._stale()):
            self._writer.remove(file)
        self._writer.commit()
        return self._writer.changes

    def _begin(self, head: SignedHead | None, generation: Generation | None) -> None:
        """Remember the head, and the store's generation, before anybody sees them."""
        marker, size = self._marker, 0 if head is None else head.tree.n
        if head is not None and self._ids():
            heads, tree = self._catalog.heads, self._tree_id
            heads.add_published(self._name, tree, tree_size=size, note=head.note)
            marker = marker.with_heads(self._name, [size])
        if generation is not None:
            number = generation.advance(beyond=marker.generation)
            marker = replace(marker, store=generation.store, generation=number)
        self._writer.write(routes.MARKER, format_marker(marker))

    def _stale(self) -> set[str]:
        stale = set(self._modules.stale)
        if self._sums is not None:
            stale |= {self._sums.lookup(name) for name in self._modules.stale_lookups}
        return stale
