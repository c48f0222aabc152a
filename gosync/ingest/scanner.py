"""Zip scanner: a process of its own that reads staged zips, or the thread that asks.

To read a zip keeps a core busy, as unpacking it from a bundle does; in one process
the two would wait for each other at every file. A download leaves a core idle, so a
sync has no such process.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from gosync.gomod.dirhash import ZipScan, scan_zip
from gosync.gomod.module import ModuleVersion
from gosync.gomod.seen import SeenEntries
from gosync.store.staging import Staged, read_at
from gosync.work.processes import Hands

if TYPE_CHECKING:
    from gosync.gomod.window import ReadAt


class _Item(NamedTuple):
    """A staged zip, as another process is told of it."""

    mv: ModuleVersion
    size_bytes: int


class ZipScanner:
    """Reads zips; a context manager. Threads may share it."""

    def __init__(self, *, apart_bytes: int = 0) -> None:
        """Begin.

        Args:
            apart_bytes: How much there is to read beside other work; if that is worth
                a process, no thread of this one may begin before.
        """
        self._seen = SeenEntries()
        self._apart = Hands(self._scan_apart, count=1, size_bytes=apart_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._apart.close()

    def scan(self, staged: Staged, mv: ModuleVersion) -> ZipScan:
        """Check and hash a staged zip, and read its packages; see scan_zip.

        Raises:
            RejectedError: as scan_zip.
            StoreError: it cannot be read.
        """
        if staged.descriptor is not None:
            item = _Item(mv, staged.size_bytes)
            scan = self._apart.offer(
                item, subject=str(mv), descriptor=staged.descriptor
            )
            if scan is not None:
                return scan
        return self._scan(staged.read_at, staged.size_bytes, mv)

    def _scan_apart(self, item: _Item, descriptor: int | None) -> ZipScan:
        assert descriptor is not None
        return self._scan(partial(read_at, descriptor), item.size_bytes, item.mv)

    def _scan(self, read: ReadAt, size_bytes: int, mv: ModuleVersion) -> ZipScan:
        return scan_zip(read, size_bytes, mv, seen=self._seen, with_packages=True)
