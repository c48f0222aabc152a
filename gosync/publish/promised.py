"""What a tree promises to clients with older tree heads, and does not keep.

The marker says which heads the tree ever showed, and which others it serves: every
tile above level 0, and some of level 0. A tile that is not there, or is of another
size, fails those clients alone; a fresh one never asks for it. What is in the tiles
is judged where tiles are read (``closure.sums``, ``verify.logfiles``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gosync.errors import GosyncError
from gosync.folder import routes
from gosync.folder.findings import TreeFault, TreeFinding
from gosync.folder.sums import TreeSums
from gosync.folder.tree import FileTree
from gosync.gomod.module import ModuleVersion
from gosync.publish.marker import Marker, parse_marker
from gosync.sumdb.tile import Tile, edge_tiles

_MARKER_BYTES = 16 * 1024 * 1024
_NOBODY = ModuleVersion("", "")
_REASON = "clients that remember an older tree head ask for it"


class PromisedTiles:
    """The tiles that a tree promises for older heads, each looked at once."""

    def __init__(self, sums: TreeSums) -> None:
        """Look at a tree through what proves its tiles."""
        self._sums = sums
        self._missing: tuple[TreeFinding, ...] | None = None
        self._wrong: tuple[TreeFinding, ...] | None = None

    def missing(self) -> tuple[TreeFinding, ...]:
        """Return the tiles for clients with older heads that the tree lacks."""
        database = self._sums.database
        if database is None:
            return ()
        if self._missing is None:
            self._missing = tuple(missing_tiles(self._sums.tree, database.name))
        return self._missing

    def wrong_upper(self) -> tuple[TreeFinding, ...]:
        """Return which tiles above level 0 for clients with older heads are wrong.

        They are a few at every log; those of level 0 are ``gosync verify``'s to prove.
        """
        database = self._sums.database
        if database is None:
            return ()
        if self._wrong is None:
            if self._sums.head is None:
                self._sums.prove_latest()
            tiles = upper_promised(self._sums.tree, database.name)
            found = (self._sums.prove_tile(tile) for tile in tiles)
            self._wrong = tuple(each for each in found if each is not None)
        return self._wrong


def missing_tiles(tree: FileTree, database: str) -> Iterator[TreeFinding]:
    """Yield the tiles of a database that the tree promises and does not have."""
    marker = _marker(tree)
    folder = routes.sumdb_folder(database)

    def has(tile: Tile) -> bool:
        try:
            return tree.require(f"{folder}/{tile.path()}") == tile.size_bytes
        except GosyncError:
            return False

    for tile in promised_tiles(marker, database, has):
        path = f"{folder}/{tile.path()}"
        yield TreeFinding(kind=TreeFault.MISSING, path=path, reason=_REASON, mv=_NOBODY)


def upper_promised(tree: FileTree, database: str) -> list[Tile]:
    """Return the tiles above level 0 that the tree promises for any older head."""
    marker = _marker(tree)
    if not marker.complete or marker.sumdb != database:
        return []
    tiles = marker.promise(database).of(marker.head).tiles(marker.head)
    return [tile for tile in tiles if tile.l]


def promised_tiles(
    marker: Marker, database: str, has: Callable[[Tile], bool]
) -> Iterator[Tile]:
    """Yield what the marker promises, of what is not there.

    Args:
        marker: The tree's; one that is incomplete promises nothing.
        database: The database.
        has: Whether the tree has a tile, of the right size.
    """
    if not marker.complete or marker.sumdb != database:
        return
    old_heads = marker.promise(database).of(marker.head)
    promised = dict.fromkeys(
        [*old_heads.tiles(marker.head), *old_heads.narrow_tiles(marker.head)]
    )
    yield from (tile for tile in promised if not has(tile))
    for size in marker.heads.get(database, ()):
        for edge in edge_tiles(size):
            # The full tile of its place does as well: go cuts it.
            if edge not in promised and not has(edge) and not has(edge.full()):
                yield edge


def _marker(tree: FileTree) -> Marker:
    try:
        return parse_marker(tree.read(routes.MARKER, limit_bytes=_MARKER_BYTES))
    except GosyncError:
        return Marker()
