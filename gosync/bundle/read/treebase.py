"""Zips and tiles of a published tree, to prove a bundle with.

Whoever has the tree that a bundle will be added to, or the tree that it was made
from, can prove all of it without a store: the versions that patches are against lie
there, and the tiles that came with earlier bundles. Nothing of the tree is believed:
a zip is proven by the h1 that the bundle names, a tile by the head.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gosync.bundle.read.bases import ZipSource
from gosync.errors import BundleGapError
from gosync.folder.routes import of_module, sumdb_folder
from gosync.folder.tree import FileTree, NotInTreeError
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.tile import Tile


class TreeBase:
    """gosync.bundle.read.bases.Bases over a tree, and its tiles."""

    def __init__(self, folder: Path) -> None:
        """Take a tree.

        Raises:
            UsageError: it is no folder.
        """
        self._tree = FileTree(folder)

    @contextmanager
    def open(self, mv: ModuleVersion, h1: str) -> Iterator[ZipSource]:
        """Open a version's zip; see Bases.

        Raises:
            BundleGapError: it is not here.
            MalformedError: what is here is no file.
        """
        name = of_module(mv.path).of_version(mv.version).zip
        try:
            with self._tree.open(name) as (read_at, size_bytes):
                yield ZipSource(read_at, size_bytes)
        except NotInTreeError as error:
            raise BundleGapError(
                f"a patch against {mv} ({h1}): not in {self._tree.root}",
                hint="name a tree that has what the bundle builds on",
            ) from error

    def tile(self, database: str, tile: Tile) -> bytes | None:
        """Return a tile, also out of the full one of its place; None if it lacks it.

        Raises:
            MalformedError: what is here is no tile.
        """
        for there in (tile, tile.full()):
            name = f"{sumdb_folder(database)}/{there.path()}"
            try:
                data = self._tree.read(name, limit_bytes=there.size_bytes)
            except NotInTreeError:
                continue
            return data[: tile.size_bytes]
        return None
