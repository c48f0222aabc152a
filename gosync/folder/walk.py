"""Walk of a folder: its entries, never followed, and opened only if somebody asks.

Folders are entered from the one above by their descriptor, so a link is never
followed, nor is one that takes a folder's place meanwhile. What is nested deeper
than ``MAX_DEPTH`` is named and not entered. Names are the file system's own; bytes
that are not UTF-8 come as surrogates.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from gosync.folder.layouts import PathPlace
from gosync.folder.tree import FOLDER_FLAGS, FileTree, kind_of, read_pieces

MAX_DEPTH: Final = 128


class PathPlaces(Protocol):
    """What tells what a path means; see ``layouts.Layout``."""

    def place(self, path: str, *, is_folder: bool) -> PathPlace:
        """Return what is there for, and whether to look into it."""
        ...


class Entry(msgspec.Struct, frozen=True):
    """Something in a folder.

    Attributes:
        path: Where, relative to the root.
        place: What it is there for.
        stat: What the system says of it, links not followed.
    """

    path: str
    place: PathPlace
    stat: os.stat_result

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file."""
        return stat.S_ISREG(self.stat.st_mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.stat.st_mode)

    @property
    def shape(self) -> str:
        """What it is, for people: a folder, a link, a pipe."""
        return "a file" if self.is_file else kind_of(self.stat.st_mode)


def differs(a: os.stat_result, b: os.stat_result) -> bool:
    """Return whether something was changed or replaced between two looks at it."""
    return (a.st_ino, a.st_size, a.st_mtime_ns) != (b.st_ino, b.st_size, b.st_mtime_ns)


class Unread(msgspec.Struct, frozen=True):
    """What could not be looked at.

    Attributes:
        path: Where.
        reason: Why.
    """

    path: str
    reason: str


def walk(
    tree: FileTree, layout: PathPlaces, *, below: str = ""
) -> Iterator[Entry | Unread]:
    """Yield what is in a folder, in the order of names.

    Folders that lead on are yielded too, before what is in them. Paths are relative
    to the folder ``below``, which is the root if it is "".
    """
    yield from Walk(tree, layout, below=below).run()


class Walk:
    """The same, with the bytes of the file that it is at."""

    def __init__(
        self,
        tree: FileTree,
        layout: PathPlaces,
        *,
        below: str = "",
        seen: Mapping[str, os.stat_result] = MappingProxyType({}),
    ) -> None:
        """Prepare a walk; see ``walk``.

        Args:
            tree: Where the folder is.
            layout: What tells what a path means.
            below: The folder.
            seen: What the system said just now of files in it, by their path from
                there; these are not asked about again.
        """
        self._seen = seen
        self._tree = tree
        self._below = below
        self._layout = layout
        self._handles: list[int] = []

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """Yield the bytes of the file that was yielded last.

        It is opened in the folder that the walk holds, so no folder on the way to it
        is opened again.

        Raises:
            NotInTreeError: if it is gone by now.
            DamagedFileError: if it is no plain file, or cannot be read.
        """
        path = f"{self._below}/{entry.path}" if self._below else entry.path
        return read_pieces(self._handles[-1], path)

    def run(self) -> Iterator[Entry | Unread]:
        """Yield what is in the folder."""
        try:
            with self._tree.folder(self._below) as handle:
                self._handles.append(os.dup(handle))
        except OSError as exc:
            yield Unread("", _reason(exc))
            return
        try:
            yield from self._folders()
        finally:
            for handle in self._handles:
                os.close(handle)

    def _folders(self) -> Iterator[Entry | Unread]:
        """Go through folders depth first; one descriptor a level."""
        pending = [_names(self._handles[0], "")]
        while pending:
            found = next(pending[-1], None)
            if found is None:
                pending.pop()
                os.close(self._handles.pop())
                continue
            if isinstance(found, Unread):
                yield found
                continue
            path, name = found
            seen = self._look(path, name)
            yield seen
            if isinstance(seen, Unread) or not (seen.is_folder and seen.place.enter):
                continue
            if len(self._handles) >= MAX_DEPTH:
                yield Unread(path, f"nested more than {MAX_DEPTH} folders deep")
            elif isinstance(entered := self._enter(path, name), Unread):
                yield entered
            else:
                pending.append(entered)

    def _look(self, path: str, name: str) -> Entry | Unread:
        found = self._seen.get(path)
        if found is None:
            try:
                found = os.stat(name, dir_fd=self._handles[-1], follow_symlinks=False)
            except OSError as exc:
                return Unread(path, _reason(exc))
        is_folder = stat.S_ISDIR(found.st_mode)
        return Entry(path, self._layout.place(path, is_folder=is_folder), found)

    def _enter(
        self, path: str, name: str
    ) -> Iterator[tuple[str, str] | Unread] | Unread:
        try:
            handle = os.open(name, FOLDER_FLAGS, dir_fd=self._handles[-1])
        except OSError as exc:
            return Unread(path, _reason(exc))
        self._handles.append(handle)
        return _names(handle, f"{path}/")


def _names(handle: int, above: str) -> Iterator[tuple[str, str] | Unread]:
    try:
        names = sorted(os.listdir(handle))
    except OSError as exc:
        yield Unread(above.removesuffix("/"), _reason(exc))
        return
    for name in names:
        yield above + name, name


def _reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror}"
