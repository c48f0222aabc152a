"""The checksum database through the server: tiles, the newest head, ``supported``.

A tile that the tree lacks is proven up to the trusted head, which is asked for anew
where it has no such tile, and held below the runtime folder: that is for a client with
a tree head from elsewhere. Lookups are of versions, and come with these.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from anyio import to_thread

from gosync.errors import GosyncError, StoreError
from gosync.folder.requests import ProxyRequest, ProxyRequestKind, format_request
from gosync.serve.held import write_held
from gosync.serve.origin import OriginAnswer
from gosync.serve.outcomes import HERE, NOT_FOUND, answer_of_error
from gosync.site.site import Site
from gosync.store.durable import disk_errors
from gosync.sumdb.client import SumClient
from gosync.sumdb.tile import Tile, parse_tile_path

_HEAD_SECONDS: Final = 60.0
_SEEN: Final = "head-seen"  # its time stamp is when the database gave its newest head


class SumFiles:
    """Brings files of the configured checksum database."""

    def __init__(self, site: Site, sums: SumClient | None, folder: Path) -> None:
        self._site, self._sums, self._folder = site, sums, folder
        self._refreshed = float("-inf")
        self._begun = site.clock.now().timestamp()

    async def bring(self, request: ProxyRequest) -> OriginAnswer:
        """Bring one file."""
        database = self._site.options.database
        if self._sums is None or database is None or request.database != database.name:
            return NOT_FOUND
        path = format_request(request)
        try:
            if request.kind is ProxyRequestKind.SUPPORTED:
                write_held(self._folder, path, b"")
                return HERE
            if request.kind is ProxyRequestKind.TILE:
                return await self._tile(self._sums, parse_tile_path(request.tile), path)
            return await self._head(self._sums, path)
        except GosyncError as exc:
            return answer_of_error(exc, path)

    async def _tile(self, sums: SumClient, tile: Tile, path: str) -> OriginAnswer:
        if tile.l < 0:
            return NOT_FOUND
        head = await sums.start()
        if head is None or not _holds(head.tree.n, tile):
            await self._refresh(sums)
            head = sums.head
        if head is None or not _holds(head.tree.n, tile):
            return NOT_FOUND
        await sums.tiles([tile])
        assert self._site.tiles is not None
        data = await to_thread.run_sync(self._site.tiles.read, tile)
        if data is None:
            raise StoreError(f"{path}: it was proven and is not kept")
        write_held(self._folder, path, data)
        return HERE

    async def _head(self, sums: SumClient, path: str) -> OriginAnswer:
        await sums.start()
        await self._refresh(sums)
        if sums.head is None:
            return NOT_FOUND
        write_held(self._folder, path, sums.head.note)
        return HERE

    async def _refresh(self, sums: SumClient) -> None:
        """Ask for the newest head, but not again in the same minute."""
        now = self._site.clock.monotonic()
        if sums.head is None or now - self._refreshed > _HEAD_SECONDS:
            await sums.refresh()
            self._refreshed = now
            write_held(self._folder, _SEEN, b"")

    async def look_for_head(self, seconds: float) -> None:
        """Ask for the newest head, if none came for so long; its age tells errors."""
        if self._sums is None or self.head_age_seconds < seconds:
            return
        with suppress(GosyncError):
            await self._sums.start()
            await self._refresh(self._sums)

    @property
    def head_age_seconds(self) -> float:
        """Time since the database gave its newest head; 0 without a database.

        Raises:
            StoreError: the runtime folder cannot be read.
        """
        if self._sums is None:
            return 0.0
        with disk_errors(self._folder):
            try:
                seen = (self._folder / _SEEN).stat().st_mtime
            except FileNotFoundError:
                seen = self._begun
        return max(0.0, self._site.clock.now().timestamp() - seen)


def _holds(records: int, tile: Tile) -> bool:
    """Return whether a tree of so many records has a tile."""
    hashes = records >> (tile.h * tile.l)
    return tile.n * (1 << tile.h) + tile.w <= hashes
