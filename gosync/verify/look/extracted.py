"""The ``h1:`` of an extracted module folder, as in a module cache.

It is that of the zip the folder was made from: the names are ``path@version/`` and
the path below the folder. Only plain files may be there; ``go`` makes no others.
Limits are those of a zip's contents.

A toolchain's zip has ``_go.mod`` in place of each go.mod but its own; before its first
use ``go`` makes a copy under the right name beside it (and sets execute bits, which no
h1 knows; cmd/go/internal/toolchain/select.go, Exec). Such a copy does not
count, if it is one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Final

import msgspec

from gosync.errors import TooLargeError
from gosync.folder.layouts import TOOLCHAIN, PathPlace, Role
from gosync.folder.tree import DamagedFileError, FileTree
from gosync.folder.walk import Entry, Unread, Walk
from gosync.gomod.dirhash import hash1
from gosync.gomod.module import ModuleVersion
from gosync.gomod.zipcheck import MAX_ZIP_BYTES
from gosync.verify.look.compared import NONE_SAME, Same

_KEPT: Final = "_go.mod"
_COPY: Final = "go.mod"
_FILE: Final = PathPlace(role=Role.EXTRACTED, enter=True)


class Everything:
    """The layout of a folder in which everything counts."""

    def place(self, path: str, *, is_folder: bool) -> PathPlace:
        """Return the place of a file, or of a folder to look into."""
        del path, is_folder
        return _FILE


class FolderHash(msgspec.Struct, frozen=True):
    """The h1 of an extracted folder, and what it was made of.

    Attributes:
        h1: Its h1.
        size_bytes: How many bytes were read.
        entries: The files, by their path in the folder.
    """

    h1: str
    size_bytes: int
    entries: list[Entry]


def hash_folder(
    tree: FileTree, path: str, mv: ModuleVersion, same: Same = NONE_SAME
) -> FolderHash:
    """Return the ``h1:`` of a folder, and what it is of.

    Args:
        tree: Where it is.
        path: The folder.
        mv: The version that it is of.
        same: Files that were found to be as in the zip just now; of the others each is
            read and hashed.

    Raises:
        DamagedFileError: if something in it is no plain file, or cannot be read.
        MalformedError: if a name cannot be hashed.
        TooLargeError: if it is larger than a module may be.
    """
    digests: dict[str, str] = {}
    entries: list[Entry] = []
    size_bytes = 0
    seen = {name: each.stat for name, each in same.items()}
    walking = Walk(tree, Everything(), below=path, seen=seen)
    for entry in _files(walking, path):
        size_bytes += entry.stat.st_size
        if size_bytes > MAX_ZIP_BYTES:
            raise TooLargeError(f"{path}", limit_bytes=MAX_ZIP_BYTES)
        known = same.get(entry.path)
        digests[entry.path] = known.digest if known else _digest(walking, entry)
        entries.append(entry)
    if mv.path == TOOLCHAIN:
        _leave_out_copies(path, digests)
    named = ((os.fsencode(f"{mv}/{name}"), each) for name, each in digests.items())
    return FolderHash(hash1(named), size_bytes, entries)


def _leave_out_copies(path: str, digests: dict[str, str]) -> None:
    """Take away the go.mod files that are copies of the ``_go.mod`` beside them.

    Raises:
        DamagedFileError: if one is none.
    """
    for name in [each for each in digests if each.rpartition("/")[2] == _KEPT]:
        copy = name.removesuffix(_KEPT) + _COPY
        if digests.pop(copy, digests[name]) != digests[name]:
            raise DamagedFileError(f"{path}/{copy}", f"is not the {_KEPT} beside it")


def _files(walking: Walk, path: str) -> Iterator[Entry]:
    for entry in walking.run():
        if isinstance(entry, Unread):
            raise DamagedFileError(f"{path}/{entry.path}", entry.reason)
        if entry.is_file:
            yield entry
        elif not entry.is_folder:
            reason = f"is {entry.shape}, not a file"
            raise DamagedFileError(f"{path}/{entry.path}", reason)


def _digest(walking: Walk, entry: Entry) -> str:
    digest = hashlib.sha256()
    for piece in walking.pieces(entry):
        digest.update(piece)
    return digest.hexdigest()
