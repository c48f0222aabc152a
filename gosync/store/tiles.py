"""Tile storage, the contract: proven tiles of one checksum database.

Only tiles that lead to a signed root are written (I4). ``localtiles`` keeps files;
``tests/contract`` runs every rule below over each implementation.

**Whole.** A tile is read whole or not at all: one of a wrong length is as if it were
not there. What has the right length is proven again by the client that reads it.

**Durable.** At the return of ``sync``: every tile that was written before. It comes
before a head that needs them is published; after a power cut without it a tile may be
there or not.

**Idempotent.** To write what is there changes nothing. Several runs may write at once:
what leads to one root is the same bytes.

**Errors.** ``NoSpaceError`` where there is no room, else ``StoreError``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from gosync.sumdb.tile import Tile


class TileStore(Protocol):
    """Keeps tiles; threads may share it."""

    def read(self, tile: Tile) -> bytes | None:
        """Return a tile's bytes; None when it is not there or of a wrong length.

        A partial tile is also had from the full tile of its place.

        Raises:
            StoreError: the storage refuses.
        """
        ...

    def exists(self, tile: Tile) -> bool:
        """Whether this very tile is there, with the right length.

        Raises:
            StoreError: the storage refuses.
        """
        ...

    def write(self, tiles: Iterable[tuple[Tile, bytes]]) -> int:
        """Keep proven tiles, each whole or not at all; return how many were new.

        Raises:
            NoSpaceError: there is no room.
            StoreError: a tile cannot be written, or has a wrong length.
        """
        ...

    def sync(self) -> None:
        """Make every tile so far durable.

        Raises:
            StoreError: the storage refuses.
        """
        ...
