"""Tree storage, the contract: files by name, each seen whole or not at all.

A tree is written by one publisher at a time (its lease keeps others away) and read by
anybody, with ``go`` behind it, at any moment. ``localtree`` keeps files in a folder,
``objecttree`` objects in a bucket; ``tests/contract`` runs every rule below over each
implementation. Paths are those that ``folder.routes`` makes, relative and with slashes.

**Order (I6).** What ``write`` takes waits, and appears in waves: ``then`` ends one,
``commit`` the last one. Nothing of a wave appears before all of the waves before it;
inside a wave files may appear side by side, in any order. ``link`` may show its file
at once or with the wave, ``remove`` does so at once. An implementation may end a wave
by itself and show it.

**Durable.** At the return of ``commit``: what was linked, removed and shown before it.
What it shows itself is durable in its bytes; whether the new name is there after a
power cut is certain with the next ``commit`` only, and until then the file is old or
new.

**Idempotent.** To write or link what a file says already changes nothing, not even its
time stamp; to remove what is not there, and to ``open`` twice, too. Killed at any
point, a publish is done again from its beginning.

**Errors.** ``NoSpaceError`` where there is no room, else ``StoreError``; of a blob that
is linked what ``BlobReader`` says. Afterwards each file is the old or the new one.

Reading methods say what readers see: what waits is not among it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest


class TreeReader(Protocol):
    """Reads a tree as a web server would, and its folders besides.

    Attributes:
        name: What messages call the tree.
    """

    name: str

    def read(self, path: str, *, limit_bytes: int = -1) -> bytes | None:
        """Return a file's bytes, or None when it is not there.

        Args:
            path: Which.
            limit_bytes: At most so many of them, from the beginning; -1 for all.

        Raises:
            StoreError: the storage refuses.
        """
        ...

    def size(self, path: str) -> int | None:
        """Return a file's size in bytes, or None when it is not there.

        Raises:
            StoreError: the storage refuses.
        """
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, sorted; none when it is not there.

        A folder that nothing is in any more may be among the names of another one.

        Raises:
            StoreError: the storage refuses.
        """
        ...

    def walk(self, folder: str = "") -> Iterator[str]:
        """Yield the path of every file below a folder, links not followed.

        A folder's names come sorted. What is being received below ``.gosync/staging``
        may be among it.

        Raises:
            StoreError: the storage refuses.
        """
        ...


class TreeWriter(TreeReader, Protocol):
    """Writes a tree, and counts.

    Attributes:
        written: Generated files written.
        linked: Blobs linked: their bytes were not copied.
        copied: Blobs copied, because they could not be linked.
        removed: Files removed.
        blob_bytes: Bytes of the blobs linked or copied.
    """

    written: int
    linked: int
    copied: int
    removed: int
    blob_bytes: int

    @property
    def changes(self) -> int:
        """How many files were written, linked, copied or removed."""
        return self.written + self.linked + self.copied + self.removed

    def open(self) -> None:
        """Make the tree ready to be written; what a killed publish staged goes.

        Raises:
            NoSpaceError: there is no room.
            StoreError: it cannot be written.
        """
        ...

    def write(self, path: str, data: bytes, *, compare: bool = True) -> bool:
        """Take a generated file for this wave; return whether anything changes.

        Args:
            path: Where to.
            data: All of the file.
            compare: Whether the file may say so already; without, it is known to be
                new or different.

        Raises:
            NoSpaceError: there is no room.
            StoreError: it cannot be written.
        """
        ...

    def link(
        self, path: str, blobs: BlobReader, digest: Digest, size_bytes: int
    ) -> bool:
        """Put a blob in place, without a copy where the two storages can.

        What is wrong with the blob is raised here, or where its wave ends.

        Args:
            path: Where to.
            blobs: Who has the blob.
            digest: The blob; it is durable.
            size_bytes: Its size, 0 if that is not known.

        Returns:
            Whether anything changes.

        Raises:
            BlobMissingError: the blob is not there.
            BlobCorruptError: it is of another size.
            MalformedError: it is no digest.
            NoSpaceError: there is no room.
            StoreError: it cannot be put there.
        """
        ...

    def then(self) -> None:
        """End a wave: what is written from now on appears after all before it.

        Raises:
            LockedError: somebody else writes this tree.
            NoSpaceError: there is no room.
            StoreError: the wave cannot be shown, or what ``link`` says of a blob.
        """
        ...

    def commit(self) -> None:
        """End a wave and show it, durably as the module says.

        Raises:
            LockedError: somebody else writes this tree.
            NoSpaceError: there is no room.
            StoreError: the wave cannot be shown, or what ``link`` says of a blob;
                what waited waits no more.
        """
        ...

    def remove(self, path: str) -> bool:
        """Remove a file, and the folders that this leaves empty, at once.

        Returns:
            Whether it was there.

        Raises:
            StoreError: it cannot be removed.
        """
        ...


class TreeStorage(Protocol):
    """The place of one tree, there or not: opens it for who reads and who writes.

    To make a reader or a writer asks the storage for nothing yet.

    Attributes:
        name: What messages, leases and the catalog call the tree.
        is_remote: Whether it is elsewhere, so that each look at it is a request.
    """

    name: str
    is_remote: bool

    def reader(self) -> TreeReader:
        """Return what reads the tree."""
        ...

    def writer(self, *, beside: bool = False) -> TreeWriter:
        """Return what writes the tree, once it is opened.

        Args:
            beside: Whether another writer, that gave way, may have files staged.
        """
        ...
