"""Tiles that clients missed: found in a web server's access log, then served.

A client with a tree head from elsewhere fails at one request, and the log of whatever
serves the tree has its path: ``/sumdb/NAME/tile/8/0/x001/234.p/56``. Any text will do
that has such paths, each line by itself: an access log, a list that
``gosync publish --request`` wrote inside, a line copied out of go's own error.

What the log says is a wish, by whoever could reach the server. A tile is proven before
it is kept; how many new ones a single log may ask for is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from gosync.errors import MalformedError, UsageError
from gosync.folder import routes
from gosync.pattern import compile_on_use
from gosync.sumdb.oldheads import size_asked
from gosync.sumdb.tile import TILE_HEIGHT, Tile, parse_tile_path

MAX_LEAVES = 1000
_MAX_LINE_BYTES = 64 * 1024
_TILE = compile_on_use(
    rb"/?tile/8/[0-9]{1,2}/(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/[0-9]{1,3})?"
)


class AskedTiles(msgspec.Struct, frozen=True):
    """What a log asks for.

    Attributes:
        sizes: Sizes of tree heads, one for each tile of level 0 that is asked for.
        upper: Whether tiles above level 0 are asked for.
        left: How many requests are beyond what one log may ask for.
    """

    sizes: tuple[int, ...] = ()
    upper: bool = False
    left: int = 0


def asked_tiles(lines: Iterable[bytes], database: str) -> Iterator[Tile]:
    """Yield the tiles of a database whose paths are in some lines, each once."""
    folder = f"{routes.sumdb_folder(database)}/tile/8/".encode()
    seen: set[bytes] = set()
    for line in lines:
        start = line.find(folder)
        if start < 0:
            continue
        match = _TILE.match(line, start + len(folder) - len(b"/tile/8/"))
        path = match[0][1:] if match else b""
        if path and path not in seen:
            seen.add(path)
            try:
                yield parse_tile_path(path.decode())
            except MalformedError:
                continue


def asked_heads(tiles: Iterable[Tile]) -> AskedTiles:
    """Return the tree heads of who asks for these tiles.

    go asks for its head's own width first, then for the full tile: where both are
    named the width tells the size.
    """
    found: dict[int, int] = {}
    upper, left = False, 0
    for tile in sorted(tiles, key=lambda tile: (tile.is_full, tile.n, tile.w)):
        if tile.l:
            upper = upper or tile.l > 0
        elif len(found) < MAX_LEAVES or tile.n in found:
            size = size_asked(tile)
            found[tile.n] = found.get(tile.n, size) if tile.is_full else size
        else:
            left += 1
    return AskedTiles(tuple(sorted(found.values())), upper, left)


def read_log(path: Path, database: str) -> AskedTiles:
    """Return what the clients behind a log ask for.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return asked_heads(asked_tiles(_lines(file), database))
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from exc


def request_lines(leaves: Iterable[int], database: str) -> Iterator[str]:
    """Yield the paths of level-0 tiles, as ``asked_tiles`` reads them."""
    for number in leaves:
        tile = Tile(TILE_HEIGHT, 0, number, 1 << TILE_HEIGHT)
        yield f"{routes.sumdb_folder(database)}/{tile.path()}\n"


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines; of one that is too long the beginning, again and again."""
    while line := file.readline(_MAX_LINE_BYTES):
        yield line
