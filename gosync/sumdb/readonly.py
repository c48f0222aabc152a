"""The client's operations for who only reads a log, and keeps nothing of it. Pure.

Somebody who proves what a folder or a store holds asks every tile of it anew: one that
was kept would hide damage. Of a head only the newest counts, and only for this run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gosync.errors import SecurityError
from gosync.sumdb.tile import Tile


class ReadOnlyOps:
    """All of :class:`gosync.sumdb.client.ClientOps` but ``read_remote``."""

    def __init__(self, head: bytes = b"") -> None:
        """Begin as a client that trusts this signed note; empty for none."""
        self._head = head

    async def read_head(self) -> bytes:
        """Return the note that is trusted now."""
        return self._head

    async def write_head(self, old: bytes, new: bytes) -> bool:
        """Trust another note, in memory."""
        same = old == self._head
        self._head = new if same else self._head
        return same

    async def read_tile(self, tile: Tile) -> bytes | None:
        """Return nothing: each tile is asked for and proven."""
        del tile
        return None

    async def write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """Keep nothing."""

    async def report(self, error: SecurityError, evidence: Mapping[str, bytes]) -> None:
        """Keep nothing: the error itself says it."""
