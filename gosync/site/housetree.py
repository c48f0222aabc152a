"""House log brought up: records of what is carried, its head signed, its tree written.

It comes before the modules of a publish, so that a list never names a version that the
log has no record of. A record is there once its version is carried whole: the public
database's text, copied after its proof, or for a private version both h1. What was
recorded once is recorded for ever; a version that is another one now is refused.

Gone over is what changed since the last time; which versions have a record the catalog
knows (``catalog.house_records``), up to a root that is held against the log each time.

A store that is behind its tree takes up the tree's records; one that is behind anything
else signs nothing. In the tree, ``sumdb/NAME/``, tiles come first, then ``supported``
and lookups, then ``latest``, which tells how far it is; a lookup keeps the head that it
was written with, as ``gosync.sumdb.mixedheads`` has it. Tiles of a head that was shown
are never removed. The log's documents come with the tiles, so that a restored store
finds every record there that clients were shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio

from gosync.catalog.db import Catalog
from gosync.catalog.house_records import IndexedLog
from gosync.catalog.leases import HOUSE_LOG
from gosync.catalog.versions import VersionRow
from gosync.errors import BlobMissingError, SecurityError
from gosync.folder.routes import of_module, sumdb_folder
from gosync.publish.storage.tree import TreeReader, TreeWriter
from gosync.site.househeads import check_extends, known_heads, note_head
from gosync.site.houselog import (
    HouseLog,
    HouseRecord,
    keep_records,
    log_files,
    read_head,
    read_house_log,
    read_trees_log,
    stored_files,
    trees_file,
    trees_files,
)
from gosync.site.housetip import (
    LogTip,
    TreeTiles,
    read_signer,
    read_tip,
    sign_and_keep,
)
from gosync.site.options import HouseLogSpec, SiteOptions
from gosync.site.site import Site
from gosync.site.treestorage import read_folder, tree_storage
from gosync.store.blobs import BlobReader
from gosync.sumdb.record import format_record
from gosync.sumdb.tile import FULL_TILE_WIDTH
from gosync.sumdb.treehead import SignedHead


async def bring_up_house_log(site: Site, paths: Sequence[str] | None = None) -> None:
    """Record what is carried, sign, and write the log's part of the tree.

    Args:
        site: The site.
        paths: The modules that changed; None for all that did.

    Raises:
        LockedError: another run signs for far too long.
        SecurityError: the log does not extend a head that somebody knows, or a version
            is another one than was recorded.
        UsageError: the key cannot be read.
        StoreError: store or tree cannot be read or written.
    """
    spec = site.options.house_log
    if spec is None:
        return
    async with site.holding_at_last(HOUSE_LOG):
        await anyio.to_thread.run_sync(_bring_up, site, spec, paths)


def verify_house_log(catalog: Catalog, blobs: BlobReader, options: SiteOptions) -> None:
    """Hold the store's log against every head that is known, and against its versions.

    Raises:
        SecurityError: it is forked or was rolled back, or a version is another one.
        StoreError: store or tree cannot be read.
    """
    spec = options.house_log
    if spec is None:
        return
    log = read_house_log(catalog, blobs, spec)
    for name, head in known_heads(tree_storage(options).reader(), spec):
        check_extends(log, head, name)
    for row in catalog.versions.all_rows():
        record = _record_of(row)
        number = None if record is None else log.ids.get(record.version)
        if record is not None and number is not None:
            _check_same(row, record, number, log.records[number])


def verify_trees_house_log(tree: Path, spec: HouseLogSpec) -> None:
    """Hold a tree's log, from its files alone, against every head that is known.

    Its tiles tell its earlier trees; of its records those are read that they lack.

    Raises:
        SecurityError: it is forked or was rolled back.
        StoreError: the tree cannot be read.
    """
    reader = read_folder(tree)
    heads = known_heads(reader, spec)
    read, tiles = trees_files(reader, spec), TreeTiles(reader.read, spec)
    tip = read_tip(read, spec, tiles, {head.tree.n for _, head in heads}, reader.name)
    for name, head in heads:
        check_extends(tip, head, name, reader.name)


def note_kept_head(site: Site) -> None:
    """Note the newest head that the store has, before it leaves with a bundle.

    Raises:
        SecurityError: nobody we know signed it.
        StoreError: it cannot be read, or not be noted.
    """
    spec = site.options.house_log
    if spec is not None and spec.key is not None:
        read = stored_files(site.catalog, site.blobs, spec)
        note_head(spec, read_head(read, spec))


def _bring_up(site: Site, spec: HouseLogSpec, paths: Sequence[str] | None) -> None:
    writer = tree_storage(site.options).writer(beside=True)
    try:
        tip = _up_to_date(site, spec, writer, paths)
    except BlobMissingError:
        if spec.key is None:
            raise
        _take_up(site, spec, HouseLog((), None))  # as after a restore; the tree has it
        tip = _up_to_date(site, spec, writer, paths)
    if tip.head is None:
        return
    note_head(spec, tip.head)
    _write_tree(spec, writer, tip, tip.head)


def _up_to_date(
    site: Site, spec: HouseLogSpec, writer: TreeWriter, paths: Sequence[str] | None
) -> LogTip:
    """Return the log; where this site signs it, with all that is carried."""
    heads = known_heads(writer, spec) if spec.key is not None else []
    read = stored_files(site.catalog, site.blobs, spec)
    stored = read_head(read, spec)
    size = 0 if stored is None else stored.tree.n
    longer = (name for name, head in heads if head.tree.n > size)
    if any(_named_tree(writer, name) is not None for name in longer):
        _take_up(site, spec, read_house_log(site.catalog, site.blobs, spec))
    state = site.catalog.house_records.state(spec.name)
    sizes = {state.size, *(head.tree.n for _, head in heads)}
    tip = read_tip(read, spec, TreeTiles(writer.read, spec), sizes)
    if spec.key is not None:
        signer = read_signer(spec)
        for name, head in heads:
            check_extends(tip, head, name)
        new = _Carried(site, spec, tip, paths)
        records = list(new.missing())
        if records:
            sign_and_keep(site, spec, tip, records, signer)
        new.write_down()
    return tip


def _take_up(site: Site, spec: HouseLogSpec, log: HouseLog) -> None:
    """Keep the longest log that a known tree has, in place of one that it extends."""
    tree = tree_storage(site.options).reader()
    since, heads = log.size, known_heads(tree, spec)
    for name, head in heads:
        shown = _named_tree(tree, name) if head.tree.n > log.size else None
        if shown is not None:
            found = read_trees_log(shown, spec, name)
            if found.size <= log.size:
                continue  # its documents are behind the head that it shows
            if log.head is not None:
                check_extends(found, log.head, "the store", name)
            log = found
    for name, head in heads:
        check_extends(log, head, name)
    if log.head is not None:
        first = since - since % FULL_TILE_WIDTH
        keep_records(site, spec, log.head, first, log.records[first:])


def _named_tree(tree: TreeReader, name: str) -> TreeReader | None:
    """Return the tree that is called so, this one or a witness; None for a file."""
    if name == tree.name:
        return tree
    return read_folder(Path(name)) if Path(name).is_dir() else None


class _Carried:
    """What is carried and changed since it was gone over, held against the log."""

    def __init__(
        self, site: Site, spec: HouseLogSpec, tip: LogTip, paths: Sequence[str] | None
    ) -> None:
        self._site, self._log, self._tip, self._paths = site, spec.name, tip, paths
        self._index = site.catalog.house_records
        self._changed = site.catalog.versions.last_change()
        self._state = self._caught_up(self._index.state(spec.name))

    def _caught_up(self, state: IndexedLog) -> IndexedLog:
        """Return how far the index goes, which covers all that is signed."""
        tip = self._tip
        if state.size and not self._covers(state):
            self._index.forget(self._log)
            state = IndexedLog()
        if state.size < tip.size:
            state = self._note(state.size, state.changed)
        return state

    def _covers(self, state: IndexedLog) -> bool:
        """Return whether the index is of this log's first records."""
        tip = self._tip
        is_here = state.size <= tip.size
        return is_here and state.root == tip.tree(state.size).hash.hex()

    def _note(self, since: int, changed: int) -> IndexedLog:
        tip = self._tip
        state = IndexedLog(tip.size, tip.tree(tip.size).hash.hex(), changed)
        records = enumerate(tip.records(since), since)
        named = ((*each.version, number) for number, each in records)
        self._index.put(self._log, state, named)
        return state

    def missing(self) -> Iterator[HouseRecord]:
        """Yield the records of what is carried and has none yet.

        Raises:
            SecurityError: a version is another one than was recorded.
        """
        for row in self._rows():
            record = _record_of(row)
            if record is None:
                continue
            number = self._index.number(self._log, *record.version)
            if number is None:
                yield record
            elif row.changed > self._state.changed:
                _check_same(row, record, number, self._tip.record(number))

    def _rows(self) -> Iterator[VersionRow]:
        versions, paths = self._site.catalog.versions, self._paths
        if paths is None:
            paths = versions.carried_paths(changed_after=self._state.changed or -1)
        return (row for path in paths for row in versions.of(path))

    def write_down(self) -> None:
        """Write down what has a record now, and up to which change all has one."""
        changed = self._changed if self._paths is None else self._state.changed
        if (self._tip.size, changed) != (self._state.size, self._state.changed):
            self._note(self._state.size, changed)


def _check_same(
    row: VersionRow, record: HouseRecord, number: int, known: HouseRecord
) -> None:
    if known.text != record.text:
        raise SecurityError(
            f"{row.mv}: another one than record {number} of the house log says",
            hint="one that is out never changes: withdraw it, or find out which"
            " one is true",
        )


def _record_of(row: VersionRow) -> HouseRecord | None:
    if row.published is None:
        return None
    if row.record_text is not None:
        return HouseRecord(row.record_text, row.record_id)
    if row.zip_h1 is None or row.mod_h1 is None:
        return None
    name = f"{row.path} {row.version}"
    return HouseRecord(f"{name} {row.zip_h1}\n{name}/go.mod {row.mod_h1}\n".encode())


def _write_tree(
    spec: HouseLogSpec, writer: TreeWriter, tip: LogTip, head: SignedHead
) -> None:
    tiles, folder = TreeTiles(writer.read, spec), sumdb_folder(spec.name)
    before = 0 if tiles.shown is None else tiles.shown.tree.n
    if tiles.shown is not None:
        check_extends(tip, tiles.shown, writer.name)
        if before == tip.size == tip.begun.n:
            return
    writer.open()
    for tile, data in tip.edge.tiles():
        writer.write(f"{folder}/{tile.path()}", data)
    first = before - before % FULL_TILE_WIDTH
    for name, data in log_files(head, first, tip.records(first)).items():
        writer.write(trees_file(spec, name), data)
    writer.then()
    writer.write(f"{folder}/supported", b"")
    _write_lookups(writer, f"{folder}/lookup", tip, head, before)
    writer.then()
    writer.write(f"{folder}/latest", head.note)
    writer.commit()


def _write_lookups(
    writer: TreeWriter, folder: str, tip: LogTip, head: SignedHead, before: int
) -> None:
    newest = {
        each.version: (number, each.text)
        for number, each in enumerate(tip.records(before), before)
    }
    for (path, version), (number, text) in newest.items():
        data = format_record(number, text) + head.note
        writer.write(f"{folder}/{of_module(path).of_version(version).lookup}", data)
