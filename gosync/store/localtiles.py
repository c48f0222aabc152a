"""Proven tiles as files: ``sumdb/<name>/tile/8/...``; the contract is ``tiles``'s.

They are many and small, so no single one is synced: ``sync`` is one barrier for the
whole filesystem. What a power cut tore before that has the wrong length, and is as if
it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gosync.errors import StoreError
from gosync.store.durable import disk_errors, replace_file, sync_filesystem
from gosync.store.layout import STAGING, database_folder
from gosync.store.tiles import TileStore
from gosync.sumdb.tile import Tile


class LocalTileStore(TileStore):
    """The tiles of one checksum database below one store's root.

    Attributes:
        folder: What tile paths are relative to.
    """

    def __init__(self, root: Path, name: str) -> None:
        self.folder = root / database_folder(name)
        self._staging = root / STAGING
        self._made: set[Path] = set()

    def path(self, tile: Tile) -> Path:
        """Return where a tile lies, or would lie."""
        return self.folder / tile.path()

    def read(self, tile: Tile) -> bytes | None:
        """Return a tile's bytes, or None; see TileStore."""
        data = self._read_file(tile)
        if data is None and not tile.is_full:
            whole = self._read_file(tile.full())
            data = None if whole is None else whole[: tile.size_bytes]
        return data

    def _read_file(self, tile: Tile) -> bytes | None:
        path = self.path(tile)
        with disk_errors(path):
            try:
                # Whoever reads a pipe waits for somebody to write.
                data = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:
                return None
        return data if len(data) == tile.size_bytes else None

    def exists(self, tile: Tile) -> bool:
        """Whether a tile's own file is there with the right length."""
        path = self.path(tile)
        with disk_errors(path):
            try:
                return path.stat().st_size == tile.size_bytes
            except (FileNotFoundError, NotADirectoryError):
                return False

    def write(self, tiles: Iterable[tuple[Tile, bytes]]) -> int:
        """Keep proven tiles; return how many were new."""
        written = 0
        for tile, data in tiles:
            if len(data) != tile.size_bytes:
                raise StoreError(f"{tile.path()}: {len(data)} bytes, not a tile")
            if self._read_file(tile) == data:
                continue
            self._write(self.path(tile), data)
            written += 1
        return written

    def _write(self, path: Path, data: bytes) -> None:
        if path.parent not in self._made:
            with disk_errors(path.parent):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        replace_file(path, data, staging=self._staging, durable=False)

    def sync(self) -> None:
        """Make every tile so far durable."""
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            sync_filesystem(self.folder)
