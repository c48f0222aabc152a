"""House log brought up: records of what is carried, its head signed, its tree written.

It comes before the modules of a publish, so that a list never names a version that the
log has no record of. A record is there once its version is carried whole: the public
database's text, copied after its proof, or for a private version both h1. What was
recorded once is recorded for ever; a version that is another one now is refused.

In the tree, ``sumdb/NAME/``, tiles come first, then ``supported`` and lookups, then
``latest``, which tells how far it is; a lookup keeps the head that it was written with,
as ``gosync.sumdb.mixedheads`` has it. Tiles of a head that was shown are never removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from anyio import to_thread

from gosync.catalog.db import Catalog
from gosync.catalog.leases import HOUSE_LOG
from gosync.catalog.versions import VersionRow
from gosync.errors import BlobMissingError, SecurityError
from gosync.folder.routes import of_module, sumdb_folder
from gosync.publish.tree import TreeReader, TreeWriter
from gosync.site.houselog import (
    HouseLog,
    HouseRecord,
    check_extends,
    extended,
    keep_house_log,
    known_heads,
    note_head,
    read_house_log,
    read_signer,
    read_trees_log,
    sign_and_keep,
)
from gosync.site.options import HouseLogSpec, SiteOptions
from gosync.site.site import Site
from gosync.site.treestorage import read_tree, tree_storage
from gosync.store.blobs import BlobReader
from gosync.sumdb.note import parse_verifier_key
from gosync.sumdb.record import format_record
from gosync.sumdb.tile import new_tiles
from gosync.sumdb.treehead import SignedHead, open_head


async def bring_up_house_log(site: Site, paths: Sequence[str] | None = None) -> None:
    """Record what is carried, sign, and write the log's part of the tree.

    Args:
        site: The site.
        paths: The modules that changed; None for all.

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
        await to_thread.run_sync(_bring_up, site, spec, paths)


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
    for name, head in known_heads(options.tree_path, spec):
        check_extends(log, head, name)
    for _ in _missing(catalog.versions.all_rows(), log):
        pass  # those of others are refused on the way


def verify_trees_house_log(tree: Path, spec: HouseLogSpec) -> None:
    """Hold a tree's log, from its files alone, against every head that is known.

    Raises:
        SecurityError: it is forked or was rolled back.
        StoreError: the tree cannot be read.
    """
    log = read_trees_log(read_tree(str(tree)), spec, str(tree))
    for name, head in known_heads(tree, spec):
        check_extends(log, head, name)


def note_kept_head(site: Site) -> None:
    """Note the newest head that the store has, before it leaves with a bundle.

    Raises:
        SecurityError: nobody we know signed it.
        StoreError: it cannot be read, or not be noted.
    """
    spec = site.options.house_log
    if spec is not None and spec.key is not None:
        note_head(spec, read_house_log(site.catalog, site.blobs, spec).head)


def _bring_up(site: Site, spec: HouseLogSpec, paths: Sequence[str] | None) -> None:
    try:
        log = read_house_log(site.catalog, site.blobs, spec)
    except BlobMissingError:
        if spec.key is None:
            raise
        log = HouseLog((), None)  # as after a restore; the tree has it
    if spec.key is not None:
        log = _signed(site, spec, log, paths)
    if log.head is None:
        return
    note_head(spec, log.head)
    _write_tree(site, spec, log, log.head)


def _signed(
    site: Site, spec: HouseLogSpec, log: HouseLog, paths: Sequence[str] | None
) -> HouseLog:
    """Return the log with what is carried, signed and kept."""
    signer, since = read_signer(spec), log.size
    log = extended(site.options.tree_path, spec, log)
    new = list(_missing(_rows(site, paths), log))
    if new:
        log.append(new)
        return sign_and_keep(site, spec, log, signer, since)
    if log.size > since:  # taken up from a tree
        keep_house_log(site, spec, log, since)
    return log


def _missing(rows: Iterable[VersionRow], log: HouseLog) -> Iterator[HouseRecord]:
    """Yield the records of what is carried and has none yet."""
    for row in rows:
        record = _record_of(row)
        if record is None:
            continue
        known = log.ids.get(record.version)
        if known is None:
            yield record
        elif log.log.record(known) != record.text:
            raise SecurityError(
                f"{row.mv}: another one than record {known} of the house log says",
                hint="one that is out never changes: withdraw it, or find out which"
                " one is true",
            )


def _rows(site: Site, paths: Sequence[str] | None) -> Iterable[VersionRow]:
    if paths is None:
        return site.catalog.versions.all_rows()
    return (row for path in paths for row in site.catalog.versions.of(path))


def _record_of(row: VersionRow) -> HouseRecord | None:
    if row.published is None:
        return None
    if row.record_text is not None:
        return HouseRecord(row.record_text, row.record_id)
    if row.zip_h1 is None or row.mod_h1 is None:
        return None
    name = f"{row.path} {row.version}"
    return HouseRecord(f"{name} {row.zip_h1}\n{name}/go.mod {row.mod_h1}\n".encode())


def _shown(reader: TreeReader, spec: HouseLogSpec) -> SignedHead | None:
    """Return the head that a tree shows."""
    note = reader.read(f"{sumdb_folder(spec.name)}/latest")
    return None if note is None else open_head(note, parse_verifier_key(spec.verifier))


def _write_tree(
    site: Site, spec: HouseLogSpec, log: HouseLog, head: SignedHead
) -> None:
    writer = tree_storage(site.options).writer(beside=True)
    shown, folder = _shown(writer, spec), sumdb_folder(spec.name)
    if shown is not None:
        check_extends(log, shown, writer.name)
        if shown.tree.n == log.size:
            return
    before = 0 if shown is None else shown.tree.n
    writer.open()
    for tile in new_tiles(before, log.size):
        data = log.log.tile(tile)
        assert data is not None
        writer.write(f"{folder}/{tile.path()}", data)
    writer.then()
    writer.write(f"{folder}/supported", b"")
    _write_lookups(writer, f"{folder}/lookup", log, head, before)
    writer.then()
    writer.write(f"{folder}/latest", head.note)
    writer.commit()


def _write_lookups(
    writer: TreeWriter, folder: str, log: HouseLog, head: SignedHead, before: int
) -> None:
    for name, number in log.ids.items():
        if number < before:
            continue
        path, _, version = name.partition(" ")
        data = format_record(number, log.log.record(number)) + head.note
        writer.write(f"{folder}/{of_module(path).of_version(version).lookup}", data)
