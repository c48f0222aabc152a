"""A tree whose changes are noted in a ``changelog``, whoever makes them.

It writes through to another storage. Not noted are gosync's own folder, which nobody is
sent to, and status.json, which every run writes.
"""

from __future__ import annotations

from collections.abc import Iterator

from gosync.folder import routes
from gosync.publish.changelog import ChangeLog, FileChange
from gosync.publish.storage.tree import TreeReader, TreeStorage, TreeWriter
from gosync.store.blobs import BlobReader
from gosync.store.digest import Digest


class NotedTree(TreeStorage):
    """A tree's storage that notes what is written."""

    def __init__(self, storage: TreeStorage, log: ChangeLog) -> None:
        self.name, self.is_remote = storage.name, storage.is_remote
        self._storage = storage
        self._log = log

    def reader(self) -> TreeReader:
        """Return what reads the tree."""
        return self._storage.reader()

    def writer(self, *, beside: bool = False) -> TreeWriter:
        """Return what writes the tree, and notes it."""
        return NotedTreeWriter(self._storage.writer(beside=beside), self._log)


class NotedTreeWriter(TreeWriter):
    """Notes each change before it makes it; see TreeWriter."""

    def __init__(self, writer: TreeWriter, log: ChangeLog) -> None:
        self.name = writer.name
        self._writer = writer
        self._log = log
        self._count()

    def _count(self) -> None:
        writer = self._writer
        self.written = writer.written
        self.linked = writer.linked
        self.copied = writer.copied
        self.removed = writer.removed
        self.blob_bytes = writer.blob_bytes

    def read(self, path: str, *, limit_bytes: int = -1) -> bytes | None:
        """Return a file's bytes; see TreeReader."""
        return self._writer.read(path, limit_bytes=limit_bytes)

    def size(self, path: str) -> int | None:
        """Return a file's size; see TreeReader."""
        return self._writer.size(path)

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder; see TreeReader."""
        return self._writer.names(folder)

    def walk(self, folder: str = "") -> Iterator[str]:
        """Yield every file below a folder; see TreeReader."""
        return self._writer.walk(folder)

    def open(self) -> None:
        """Make the tree ready; see TreeWriter."""
        self._writer.open()

    def write(self, path: str, data: bytes, *, compare: bool = True) -> bool:
        """Take a generated file; see TreeWriter."""
        if _is_told(path):
            before = self._writer.read(path)
            if before == data:
                return False if compare else self._writer.write(path, data)
            added = before is None
            self._log.note(FileChange.ADDED if added else FileChange.CHANGED, path)
        changed = self._writer.write(path, data, compare=compare)
        self._count()
        return changed

    def link(
        self, path: str, blobs: BlobReader, digest: Digest, size_bytes: int
    ) -> bool:
        """Put a blob in place; see TreeWriter."""
        added = self._writer.size(path) is None
        if added and _is_told(path):
            self._log.note(FileChange.ADDED, path)
        changed = self._writer.link(path, blobs, digest, size_bytes)
        if changed and not added and _is_told(path):
            self._log.note(FileChange.CHANGED, path)
        self._count()
        return changed

    def then(self) -> None:
        """End a wave; see TreeWriter."""
        self._writer.then()

    def commit(self) -> None:
        """End a wave and show it; see TreeWriter."""
        self._log.sync()
        self._writer.commit()
        self._count()

    def remove(self, path: str) -> bool:
        """Remove a file; see TreeWriter."""
        if _is_told(path) and self._writer.size(path) is not None:
            self._log.note(FileChange.REMOVED, path)
        removed = self._writer.remove(path)
        self._count()
        return removed


def _is_told(path: str) -> bool:
    return path != routes.STATUS and not path.startswith(f"{routes.MARKER_FOLDER}/")
