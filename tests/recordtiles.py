"""Which tiles prove one record: what tests hold clients and trees against."""

from __future__ import annotations

from gosync.sumdb.tile import Tile, index_tiles
from gosync.sumdb.tlog import stored_hash_index


def record_tiles(n: int, record_id: int) -> list[Tile]:
    """Return the tiles that prove a record in a tree of ``n``, parents first.

    Raises:
        ValueError: The tree does not have such a record.
    """
    return index_tiles(n, [stored_hash_index(0, record_id)])
