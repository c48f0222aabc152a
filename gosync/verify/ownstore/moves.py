"""Moves of a store's things: aside, away for good, and back.

Of a store in a folder they are files. Of one in a bucket its blobs are objects: a copy
in the quarantine's folder is durable before the object goes, and what comes back is
written under its key whatever digest it has. All else of such a store is in its folder.
"""

from __future__ import annotations

from pathlib import Path

from gosync.errors import BlobMissingError
from gosync.folder.placing import remove, stat_of, write
from gosync.folder.tree import FileTree
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest
from gosync.store.objects.blobs import ObjectBlobStore
from gosync.store.staging import digest_of_readable, pieces_of
from gosync.verify.act.quarantine import Moved, TargetQuarantine
from gosync.verify.act.restore import put_back
from gosync.verify.ownstore.buckettree import digest_at
from gosync.verify.ownstore.files import digest_of_file


class StoreMoves:
    """Moves of a store that is in a folder."""

    def __init__(self, tree: FileTree) -> None:
        """Take the store's folder."""
        self._tree = tree

    def is_there(self, path: str) -> bool:
        """Return whether anything is at a path of the store.

        Raises:
            StoreError: the bucket refuses.
        """
        return stat_of(self._tree, path) is not None

    def prepare(self, quarantine: TargetQuarantine, moved: Moved) -> None:
        """Do what takes long of taking something aside; nothing has gone yet.

        Raises:
            OSError: if it cannot be copied.
            StoreError: the bucket refuses.
        """

    def take(self, quarantine: TargetQuarantine, moved: Moved) -> None:
        """Move something aside that was prepared.

        Raises:
            OSError: if it cannot be moved; then it is where it was.
            StoreError: the bucket refuses.
        """
        quarantine.take(self._tree, moved)

    def keep_copy(self, quarantine: TargetQuarantine, moved: Moved) -> None:
        """Copy something aside that is about to be replaced.

        Raises:
            OSError: if it cannot be kept.
            StoreError: the bucket refuses.
        """
        quarantine.keep_copy(self._tree, moved)

    def remove(self, path: str) -> None:
        """Remove something for good.

        Raises:
            OSError: if it cannot be removed.
            StoreError: the bucket refuses.
        """
        remove(self._tree, path)

    def put_back(self, quarantine: TargetQuarantine, moved: Moved) -> str:
        """Move something back; return why that cannot be, "" if it is done.

        Raises:
            OSError: if the file systems refuse.
            StoreError: the bucket refuses.
        """
        return put_back(quarantine, self._tree, moved)


class BucketMoves(StoreMoves):
    """Moves of a store whose blobs are in a bucket."""

    def __init__(self, tree: FileTree, blobs: ObjectBlobStore) -> None:
        """Take the store's folder and its blobs."""
        super().__init__(tree)
        self._blobs = blobs

    def is_there(self, path: str) -> bool:
        """Ask the bucket for a blob; see StoreMoves."""
        digest = digest_at(path)
        return super().is_there(path) if digest is None else self._blobs.exists(digest)

    def prepare(self, quarantine: TargetQuarantine, moved: Moved) -> None:
        """Copy a blob; see StoreMoves."""
        if digest_at(moved.path) is not None:
            self.keep_copy(quarantine, moved)

    def take(self, quarantine: TargetQuarantine, moved: Moved) -> None:
        """Remove a blob that was copied; see StoreMoves."""
        digest = digest_at(moved.path)
        if digest is None:
            super().take(quarantine, moved)
        else:
            self._blobs.remove([digest])

    def keep_copy(self, quarantine: TargetQuarantine, moved: Moved) -> None:
        """Copy a blob; see StoreMoves."""
        digest = digest_at(moved.path)
        if digest is None:
            super().keep_copy(quarantine, moved)
            return
        with self._blobs.open(digest) as blob:
            write(FileTree(quarantine.folder), str(moved.number), pieces_of(blob))

    def remove(self, path: str) -> None:
        """Remove a blob; see StoreMoves."""
        digest = digest_at(path)
        if digest is None:
            super().remove(path)
        else:
            self._blobs.remove([digest])

    def put_back(self, quarantine: TargetQuarantine, moved: Moved) -> str:
        """Write a blob under its key again; see StoreMoves."""
        digest = digest_at(moved.path)
        if digest is None:
            return super().put_back(quarantine, moved)
        kept = quarantine.folder / str(moved.number)
        if not kept.is_file():
            return self._take_away(digest, moved)
        known = {moved.wrote, digest_of_file(FileTree(kept.parent), kept.name)}
        if self._found(digest) not in {None, *known}:
            return "something else stands there now"
        self._blobs.bucket.put(self._blobs.key(digest), Path(kept))
        kept.unlink()
        return ""

    def _take_away(self, digest: Digest, moved: Moved) -> str:
        """Remove what was written where nothing was."""
        if moved.there or moved.wrote is None:
            return "it is not in quarantine; it was never moved"
        if self._found(digest) not in {None, moved.wrote}:
            return "something else stands there now"
        self._blobs.remove([digest])
        return ""

    def _found(self, digest: Digest) -> str | None:
        """Return the digest of the bytes under a blob's key, None for no object."""
        try:
            with self._blobs.open(digest) as blob:
                return digest_of_readable(blob)
        except BlobMissingError:
            return None


def moves_of(tree: FileTree, blobs: BlobStore) -> StoreMoves:
    """Return what moves a store's things.

    Args:
        tree: The store's folder.
        blobs: Its blobs.
    """
    if isinstance(blobs, ObjectBlobStore):
        return BucketMoves(tree, blobs)
    return StoreMoves(tree)
