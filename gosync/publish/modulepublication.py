"""The publish of some modules alone: of what came in while somebody waits for it.

    1. marker: the tree head that is shown, where it is new
    2. tiles, lookups
    3. ``.mod``, ``.zip``, ``.info``
    4. ``list``, ``@latest``, aliases, and where it is asked for the module's page
    5. what was withdrawn: files, then lookups

The order is I6's, with the barriers of ``publication``, which cost as much for ten
modules as for one: so each step goes over all of them. Nothing of the tree's own is
written but its heads: counts, the list of modules and ``latest`` follow at the next
publish, which goes over the module since the catalog's change is still ahead of the
tree. A publish of the whole tree may be under way: it gave way, and leaves the module
as it is from here on. Killed in between, this leaves files that no list names.

Nothing leaves the tree but what was withdrawn: what else was given up may need
somebody's word, and stays until the next publish.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.folder import routes
from gosync.folder.routes import sumdb_folder
from gosync.ingest.generation import Generation
from gosync.publish.contents import ModuleContents
from gosync.publish.lookups import put_lookups
from gosync.publish.marker import Marker, format_marker
from gosync.publish.modulereader import ModuleReader
from gosync.publish.modules import ModuleWriter
from gosync.publish.shownheads import ShownHeads
from gosync.publish.stale import removal_order
from gosync.publish.storage.tree import TreeWriter
from gosync.publish.sumdb import SumTreeWriter, TileSource, needed_tiles
from gosync.publish.survey import survey_module
from gosync.publish.vulnreader import VulnReader
from gosync.publish.work import TreeTarget
from gosync.store.blobs import BlobStore
from gosync.sumdb.names import Database
from gosync.sumdb.tile import Tile
from gosync.sumdb.treehead import SignedHead, open_head
from gosync.work.progress import NoProgress


class ModulesSetting(msgspec.Struct, frozen=True, kw_only=True):
    """Where modules are published from, and into which tree.

    Attributes:
        catalog: What is carried.
        blobs: Their bytes.
        tree: The tree.
        marker: What it says of itself.
        database: The checksum database, None for none.
        tiles: Its tiles; None without one.
        generation: Counts the store's changes; None where nobody does.
        pages: Whether modules' pages are written, too: a page costs what the module
            has, and the tree's next publish writes it as well.
    """

    catalog: Catalog
    blobs: BlobStore
    tree: TreeTarget
    marker: Marker
    database: Database | None
    tiles: TileSource | None
    generation: Generation | None = None
    pages: bool = True

    @property
    def name(self) -> str:
        """The database's name, "" for none."""
        return "" if self.database is None else self.database.name


class ModulePublication:
    """One module's part of it; nobody else writes the tree meanwhile."""

    def __init__(self, path: str, writer: TreeWriter, setting: ModulesSetting) -> None:
        """Read what the catalog says of the module, and what the tree has of it.

        Raises:
            MalformedError: if the module can have no folder.
            CatalogError: if the catalog cannot be read.
            StoreError: if the tree cannot be read.
        """
        self._at, catalog = setting, setting.catalog
        state = catalog.trees.get(setting.tree.id)
        self._modules = ModuleWriter(
            writer,
            catalog,
            setting.blobs,
            tree_id=setting.tree.id,
            changed_after=-1 if state is None else state.published_seq,
            full=not setting.marker.complete,
            pages=setting.marker.pages,
        )
        rows = catalog.versions.of(path)
        reader = ModuleReader(
            catalog,
            self._modules.read_facts,
            survey_module(catalog, writer, path, rows=rows),
            VulnReader(catalog, setting.blobs),
        )
        self._contents: ModuleContents = reader.read(path, rows)
        self._sums = (
            None
            if setting.database is None or setting.tiles is None
            else SumTreeWriter(writer, setting.name, setting.tiles)
        )
        self._sizes = self._known_sizes()

    def _known_sizes(self) -> tuple[int, ...]:
        shown = self._at.catalog.heads.published(self._at.name, self._at.tree.id)
        return tuple(sorted({*shown, *self._at.marker.heads.get(self._at.name, ())}))

    @property
    def ids(self) -> list[int]:
        """The numbers of its records."""
        rows = (version.row for version in self._contents.versions)
        return sorted(row.record_id for row in rows if row.record_id is not None)

    def missing_tiles(self, head: SignedHead | None) -> list[Tile]:
        """Return the tiles that the module's lookups need and the tree lacks.

        Raises:
            RollbackError: if clients of the tree may know a larger head.
            ForkError: if the tree shows another head of the same size.
            StoreError: if a record is newer than the head.
        """
        if self._sums is None or head is None or not self.ids:
            return []
        self._sums.check_head(head, self._sizes)
        least = self._at.marker.head if self._at.marker.complete else 0
        sizes = [size for size in self._sizes if size >= least]
        return self._sums.missing(needed_tiles(head, self.ids, sizes))

    def put_lookups(self, head: SignedHead) -> None:
        """Write the tiles that are lacking, and the lookups."""
        if self._sums is None or not self.ids:
            return
        self._sums.write_tiles(self.missing_tiles(head), NoProgress())
        heads = ShownHeads(self._at.catalog.heads, self._sums, self._at.tree.id)
        put_lookups(self._contents, self._modules, self._sums, head, heads)

    def place(self) -> None:
        """Put the versions' files."""
        self._modules.place(self._contents)

    def name(self) -> None:
        """Put what names the versions."""
        self._modules.name(self._contents, self._at.name, page=self._at.pages)

    def stale(self) -> set[str]:
        """Return the files that are to go, once ``name`` went over them."""
        stale = set(self._modules.stale)
        if self._sums is not None:
            stale |= {self._sums.lookup(name) for name in self._modules.stale_lookups}
        return stale


class ModulesPublication:
    """Publishes some modules of a tree."""

    def __init__(self, paths: Iterable[str], setting: ModulesSetting) -> None:
        """Read what the catalog says of the modules, and what the tree has of them.

        Raises:
            MalformedError: if a module can have no folder.
            CatalogError: if the catalog cannot be read.
            StoreError: if the tree cannot be read.
        """
        self._at = setting
        self._paths = tuple(paths)
        self._read()

    def _read(self) -> None:
        self._since = self._at.catalog.versions.last_change()
        self._writer = self._at.tree.storage.writer(beside=True)
        self._modules = [
            ModulePublication(path, self._writer, self._at) for path in self._paths
        ]

    def _stand_still(self) -> bool:
        """Return whether the modules are as they were read."""
        versions = self._at.catalog.versions
        return all(versions.last_change_of(each) <= self._since for each in self._paths)

    def _head(self, trusted: SignedHead | None) -> SignedHead | None:
        """Return the head to show: the tree's newest, if it has all the records.

        Raises:
            SecurityError: if the head in the catalog is not the database's.
            CatalogError: if the catalog cannot be read.
        """
        if self._at.database is None or trusted is None:
            return None
        note = self._at.catalog.heads.newest_published(self._at.name, self._at.tree.id)
        shown = open_head(note, self._at.database.verifier()) if note else None
        newest = max((n for each in self._modules for n in each.ids), default=-1)
        return trusted if shown is None or shown.tree.n <= newest else shown

    def missing_tiles(self, trusted: SignedHead | None) -> list[Tile]:
        """Return the tiles that the modules' lookups need and the tree lacks.

        Args:
            trusted: The trusted tree head, newer than the modules' records.

        Raises:
            RollbackError: if clients of the tree may know a larger head.
            ForkError: if the tree shows another head of the same size.
            SecurityError: if the head in the catalog is not the database's.
            StoreError: if a record is newer than the head.
            CatalogError: if the catalog cannot be read.
        """
        return self._missing_tiles(self._head(trusted))

    def _missing_tiles(self, head: SignedHead | None) -> list[Tile]:
        found = (tile for each in self._modules for tile in each.missing_tiles(head))
        return sorted(set(found))

    def run(self, trusted: SignedHead | None) -> int:
        """Publish them; return how many files were written, linked or removed.

        Args:
            trusted: The trusted tree head, newer than the modules' records.

        Raises:
            RollbackError: if clients of the tree may know a larger head.
            ForkError: if the tree shows another head of the same size.
            SecurityError: if the head in the catalog is not the database's.
            StoreError: if the tree cannot be written, a tile or blob is missing, or
                a record is newer than the head.
            CatalogError: if the catalog cannot be read or written.
        """
        if not self._stand_still():
            self._read()
        head = self._head(trusted)
        self._missing_tiles(head)
        self._writer.open()
        self._begin(head)
        self._writer.commit()
        if head is not None and self._are_proven:
            with self._wave():
                self._writer.write(f"{sumdb_folder(self._at.name)}/supported", b"")
                for each in self._modules:
                    each.put_lookups(head)
        with self._wave():
            for each in self._modules:
                each.place()
        with self._wave():
            for each in self._modules:
                each.name()
        self._remove()
        return self._writer.changes

    @contextmanager
    def _wave(self) -> Iterator[None]:
        """End a wave after the block, unless nothing changed in it."""
        before = self._writer.changes
        yield
        if self._writer.changes != before:
            self._writer.commit()

    @property
    def _are_proven(self) -> bool:
        return any(each.ids for each in self._modules)

    def _begin(self, head: SignedHead | None) -> None:
        """Remember the head, and the store's generation, before anybody sees them."""
        marker, size = self._at.marker, 0 if head is None else head.tree.n
        if head is not None and self._are_proven:
            heads, tree = self._at.catalog.heads, self._at.tree.id
            heads.add_published(self._at.name, tree, tree_size=size, note=head.note)
            marker = marker.with_heads(self._at.name, [size])
        if (generation := self._at.generation) is not None:
            number = generation.advance(beyond=marker.generation)
            marker = replace(marker, store=generation.store, generation=number)
        self._writer.write(routes.MARKER, format_marker(marker))

    def _remove(self) -> None:
        stale = {file for each in self._modules for file in each.stale()}
        for file in removal_order(stale):
            self._writer.remove(file)
        if stale:
            self._writer.commit()
