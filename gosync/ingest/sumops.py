"""Operations of the checksum database's client: network, tiles, head, evidence.

The client in ``gosync.sumdb`` does no I/O; this is its ClientOps over an
upstream, the store and the catalog. Tiles go to the store as they are proven;
the head is replaced in the catalog by compare-and-swap and noted in the journal,
so that a rebuilt catalog trusts no less than the old one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import anyio

from gosync.catalog.db import Catalog
from gosync.errors import SecurityError
from gosync.ingest.entries import head_entry
from gosync.ingest.evidence import keep_evidence
from gosync.store.journal import Journal
from gosync.store.quarantine import Quarantine
from gosync.store.tiles import TileStore
from gosync.sumdb.tile import Tile
from gosync.upstream.answer import Response

# Answers are at most a few KB, and what is found wrong has just come.
_RECENT_ANSWERS: Final = 256


class SumRemote(Protocol):
    """Where a checksum database's files come from."""

    async def read(self, path: str) -> Response:
        """Return the answer for ``lookup/...``, ``tile/...`` or ``latest``.

        Raises:
            NotFoundError: if it is definitely not there.
            UnavailableError: if no answer can be had.
        """
        ...


class SumOps:
    """ClientOps of one checksum database."""

    def __init__(
        self,
        name: str,
        remote: SumRemote,
        *,
        catalog: Catalog,
        tiles: TileStore,
        journal: Journal,
        quarantine: Quarantine,
    ) -> None:
        self._name = name
        self._remote = remote
        self._catalog = catalog
        self._tiles = tiles
        self._journal = journal
        self._quarantine = quarantine
        self._recent: deque[Response] = deque(maxlen=_RECENT_ANSWERS)

    async def read_remote(self, path: str) -> bytes:
        """Return a file of the database; see SumRemote."""
        answer = await self._remote.read(path)
        self._recent.append(answer)
        return answer.body

    async def read_head(self) -> bytes:
        """Return the trusted signed note, b"" when there is none."""
        return self._catalog.heads.get(self._name)

    async def write_head(self, old: bytes, new: bytes) -> bool:
        """Replace the trusted head; False when it is no longer ``old``."""
        return await anyio.to_thread.run_sync(self._swap, old, new)

    def _swap(self, old: bytes, new: bytes) -> bool:
        with self._journal.writing():
            if self._catalog.heads.get(self._name) != old:
                return False  # another run was faster; the journal need not tell
            self._journal.append([head_entry(self._name, new)])
            return self._catalog.heads.swap(self._name, old, new)

    async def read_tile(self, tile: Tile) -> bytes | None:
        """Return a tile that was proven in some earlier run, or None."""
        return self._tiles.read(tile)

    async def write_tiles(self, tiles: Sequence[tuple[Tile, bytes]]) -> None:
        """Keep proven tiles."""
        await anyio.to_thread.run_sync(self._tiles.write, tiles)

    async def report(self, error: SecurityError, evidence: Mapping[str, bytes]) -> None:
        """Keep the evidence of what the database did."""
        await anyio.to_thread.run_sync(self._keep, error, evidence)

    def _keep(self, error: SecurityError, evidence: Mapping[str, bytes]) -> None:
        served = {
            label: answer.served.facts()
            for label, data in evidence.items()
            for answer in tuple(self._recent)
            if answer.body == data
        }
        keep_evidence(
            self._quarantine, self._name, error, served=served, files=evidence
        )
