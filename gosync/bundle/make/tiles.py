"""The tree head of a bundle, and the tiles of it that are new to the receiver.

The head is the one that our own tree shows: everything that proves what we publish
is there. The receiver's tree will show it too, so it needs the same tiles for the
records of the selection, and what proves each head that it was ever sent. It serves
the clients with older heads that our tree serves: the first bundle has those tiles
too, later ones what was added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import anyio
import msgspec

from gosync.bundle.make.selection import SelectedVersion
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.logproof import prove_log
from gosync.errors import RecordMismatchError, StoreError, TileMismatchError
from gosync.hint import advise, command
from gosync.publish.marker import read_marker
from gosync.publish.sumdb import needed_tiles
from gosync.site.site import Site
from gosync.site.treestorage import tree_storage
from gosync.store.scratch import ScratchFiles
from gosync.sumdb.spans import Spans, numbers, spans_of, subtract, unite
from gosync.sumdb.tile import Tile, tree_tiles
from gosync.sumdb.treehead import SignedHead, open_head


def bundled_head(site: Site, selection: Iterable[SelectedVersion]) -> SignedHead | None:
    """Return the head to send; None where no record is to be proven.

    Raises:
        StoreError: records are to be proven, and there is no head that does.
        CatalogError: the catalog cannot be read.
        SecurityError: the head in the catalog is not the database's.
    """
    database = site.options.database
    newest = max(record_ids(selection), default=-1)
    if database is None or newest < 0:
        return None
    heads = site.catalog.heads
    shown = heads.newest_published(database.name, str(site.options.tree_path))
    note = shown or heads.get(database.name)
    head = open_head(note, database.verifier()) if note else None
    if head is None or newest >= head.tree.n:
        raise StoreError(
            f"the published tree is behind: record {newest} of {database.name} is in no"
            " tree head that it shows",
            hint=advise(
                "run {}, or {}",
                command("publish"),
                command("sync"),
            ),
        )
    return head


def record_ids(selection: Iterable[SelectedVersion]) -> list[int]:
    """Return the numbers of the records that prove a selection."""
    return [
        chosen.row.record_id
        for chosen in selection
        if chosen.row.record_id is not None and chosen.row.record_text is not None
    ]


def new_tiles(
    head: SignedHead,
    selection: Iterable[SelectedVersion],
    *,
    sent_sizes: Iterable[int],
    base_size: int | None,
    base_records: list[int],
) -> list[Tile]:
    """Return the tiles that the receiver needs and has not been sent with the base.

    Args:
        head: The head that is sent.
        selection: What it proves.
        sent_sizes: The sizes of all heads that were sent before.
        base_size: The size of the base's head, None where it has none.
        base_records: The records of what the receiver holds after the base.

    Raises:
        StoreError: a record is newer than the head.
    """
    sizes = [size for size in sent_sizes if size < head.tree.n]
    needed = needed_tiles(head, record_ids(selection), sizes)
    if not base_size:
        return needed
    known = [number for number in base_records if number < base_size]
    # Only what the base itself proved; what older heads needed may come again.
    sent = set(tree_tiles(base_size, known, ()))
    return [tile for tile in needed if tile not in sent]


class OldHeadTiles(msgspec.Struct, frozen=True):
    """Tiles for clients inside that remember a tree head from elsewhere.

    Attributes:
        lacking: Those that the receiver was not sent with the base.
        after: By level, the full ones that it has once it took the bundle in.
    """

    lacking: tuple[Tile, ...] = ()
    after: Mapping[int, Spans] = MappingProxyType({})


def old_head_tiles(
    site: Site, head: SignedHead, held: Mapping[int, Spans]
) -> OldHeadTiles:
    """Return the tiles by which the receiver's tree serves whom our own serves.

    Args:
        site: The site; its tree shows the head.
        head: The head that is sent.
        held: By level, full tiles that the receiver has.

    Raises:
        StoreError: the tree's folder is somebody else's.
    """
    database = site.options.database
    marker = read_marker(tree_storage(site.options).reader())
    if database is None or marker is None:
        return OldHeadTiles(after=held)
    promised = marker.promise(database.name).of(head.tree.n).tiles(head.tree.n)
    full = [tile for tile in promised if tile.is_full]
    levels = {tile.l for tile in full} | held.keys()
    has = {level: held.get(level, ()) for level in levels}
    wants = {level: spans_of(t.n for t in full if t.l == level) for level in levels}
    new = {level: set(numbers(subtract(wants[level], has[level]))) for level in levels}
    return OldHeadTiles(
        tuple(tile for tile in full if tile.n in new[tile.l]),
        {level: unite(wants[level], has[level]) for level in levels},
    )


def fetch_missing(site: Site, tiles: Iterable[Tile]) -> None:
    """Fetch and prove the tiles that the store lacks; mostly there are none.

    A receiver may know heads that this store never showed: those of a store before
    it, say. What proves them is asked of the checksum database then.

    Raises:
        UnavailableError: The database cannot be reached.
        SecurityError: A tile does not lead to the trusted head.
        StoreError: The store cannot be written.
    """
    store = site.tiles
    missing = [] if store is None else [t for t in tiles if store.read(t) is None]
    if missing:
        anyio.run(_fetch, site, missing)


def check_packed(site: Site, folder: BundleFolder, scratch: ScratchFiles) -> None:
    """Check that what a bundle carries of the log leads to its head.

    The store proved it when it came; a disk may have lost it since, and the receiver
    would take it for a forgery.

    Raises:
        StoreError: a tile or a record does not.
    """
    try:
        prove_log(folder, scratch=scratch, base=_StoreTiles(site))
    except (TileMismatchError, RecordMismatchError) as error:
        raise StoreError(
            f"the store is damaged: {error}",
            hint=advise("run {}", command("verify", "--repair")),
        ) from error


class _StoreTiles:
    """gosync.bundle.read.logproof.TileBase: the tiles of our own store."""

    def __init__(self, site: Site) -> None:
        self._tiles = site.tiles

    def tile(self, database: str, tile: Tile) -> bytes | None:  # noqa: ARG002 - it has one
        return None if self._tiles is None else self._tiles.read(tile)


async def _fetch(site: Site, tiles: list[Tile]) -> None:
    # The store mostly has them all, and an HTTP client takes long to import.
    from gosync.site.upstreams import connect  # noqa: PLC0415

    async with connect(site) as upstreams:
        if upstreams.sums is not None:
            await upstreams.sums.tiles(tiles)
