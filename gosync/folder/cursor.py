"""Descriptor of the folder that was asked for last, below one folder.

Whoever opens files in the order of their names stays in a folder for a while, and the
next one is near. So the folders on the way down are kept open, and only those that are
not on the way to the next one are left and entered: each is opened from the one above,
and links are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Final

from gosync.folder.tree import FOLDER_FLAGS, FileTree
from gosync.folder.walk import MAX_DEPTH

_NO_NAMES: Final = frozenset({"", ".", ".."})


class FolderCursor:
    """The way down to one folder, held open."""

    def __init__(self, handle: int) -> None:
        """Begin at a folder, whose descriptor stays its owner's."""
        self._path = ""
        self._names: list[str] = []
        self._handles = [handle]
        self._files: list[frozenset[str] | None] = [None]

    def enter(self, path: str) -> int:
        """Return the descriptor of a folder below, which is good until the next call.

        Args:
            path: Its path from where the cursor began, "" for that folder itself.

        Raises:
            OSError: It cannot be opened, or is a link.
            ValueError: The path leads elsewhere, or too deep.
        """
        if path != self._path:
            self._move(path.split("/") if path else [])
        return self._handles[-1]

    def has_file(self, name: str) -> bool:
        """Return whether the folder that was asked for last has a plain file.

        As it stood when this was first asked; what is none is not to be opened.

        Raises:
            OSError: The folder cannot be read.
        """
        files = self._files[-1]
        if files is None:
            files = self._files[-1] = _plain_files(self._handles[-1])
        return name in files

    def _move(self, names: list[str]) -> None:
        if len(names) >= MAX_DEPTH or not _NO_NAMES.isdisjoint(names):
            raise ValueError("no path of folders")
        self._leave(_common(self._names, names))
        try:
            for name in names[len(self._names) :]:
                below = os.open(name, FOLDER_FLAGS, dir_fd=self._handles[-1])
                self._handles.append(below)
                self._names.append(name)
                self._files.append(None)
        finally:
            self._path = "/".join(self._names)

    def _leave(self, depth: int) -> None:
        """Close the lowest folders until so many are left below the first."""
        while len(self._names) > depth:
            os.close(self._handles.pop())
            self._names.pop()
            self._files.pop()

    def close(self) -> None:
        """Let go of all but the folder that it began at."""
        self._leave(0)


def _plain_files(folder: int) -> frozenset[str]:
    with os.scandir(folder) as found:  # knows what most are without asking for each
        return frozenset(e.name for e in found if e.is_file(follow_symlinks=False))


def _common(a: list[str], b: list[str]) -> int:
    """Return how many names two ways down have in common at their beginning."""
    pairs = zip(a, b, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@contextmanager
def cursor_below(tree: FileTree, path: str) -> Iterator[FolderCursor]:
    """Open a folder of a tree, and begin there.

    Raises:
        OSError: As from ``FileTree.folder``.
        DamagedFileError: Likewise.
    """
    with tree.folder(path) as handle:
        cursor = FolderCursor(handle)
        try:
            yield cursor
        finally:
            cursor.close()
