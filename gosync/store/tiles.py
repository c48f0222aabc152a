"""Proven tiles of one checksum database: ``sumdb/<name>/tile/8/...``.

Only tiles that lead to a signed root are written (I4). They are many and small,
so no single one is synced: ``sync`` is one barrier for the whole filesystem,
before a head that needs them is published. What a power cut tore before that has
the wrong length, is as if it were not there, and what has the right length is
proven again by the client that reads it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

from gosync.errors import StoreError
from gosync.store.durable import disk_errors, replace_file
from gosync.store.layout import STAGING, database_folder
from gosync.sumdb.tile import Tile


class TileStore:
    """The tiles of one checksum database in one store.

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
        """Return a tile's bytes; None when it is not there or of a wrong length.

        A partial tile is also had from the full tile of its place.

        Raises:
            StoreError: the disk refuses.
        """
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
        """Whether a tile's own file is there with the right length.

        Raises:
            StoreError: the disk refuses.
        """
        path = self.path(tile)
        with disk_errors(path):
            try:
                return path.stat().st_size == tile.size_bytes
            except (FileNotFoundError, NotADirectoryError):
                return False

    def write(self, tiles: Iterable[tuple[Tile, bytes]]) -> int:
        """Keep proven tiles, each whole or not at all; return how many were new.

        Raises:
            NoSpaceError: the disk is full.
            StoreError: a tile cannot be written, or has a wrong length.
        """
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
        """Make every tile so far durable.

        Raises:
            StoreError: the disk refuses.
        """
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            sync_filesystem(self.folder)


def sync_filesystem(folder: Path) -> None:
    """Write out everything of the filesystem that has this folder.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if not hasattr(library, "syncfs"):
            os.sync()  # a libc without it: everything is more than enough
        elif library.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)
