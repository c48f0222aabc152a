"""Folder as a worker elsewhere opens it: mounted at the same path, and the same one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gosync.errors import UsageError
from gosync.folder.tree import FileTree
from gosync.work.sweep import UnsharedError


class SharedFolder(msgspec.Struct, frozen=True):
    """A folder, told to a worker.

    Attributes:
        root: Where it is.
        inode: Its number in its file system.
    """

    root: str
    inode: int

    @classmethod
    def of(cls, tree: FileTree) -> SharedFolder:
        """Return what a worker opens a folder by."""
        return cls(str(tree.root), tree.stat().st_ino)

    def open(self) -> FileTree:
        """Open it, on a worker.

        Raises:
            UnsharedError: it is not there, or another one is in its place.
        """
        try:
            tree = FileTree(Path(self.root))
        except UsageError as exc:
            raise UnsharedError(str(exc)) from exc
        if tree.stat().st_ino != self.inode:
            raise UnsharedError(f"{self.root}: is another folder there")
        return tree
