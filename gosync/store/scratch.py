"""Scratch files: without a name, for bytes that nothing outlives.

What is written there is gone with its file, whoever is killed. ``BlobWriter`` gives
them in the blobs' staging; who has no store at hand has a ``ScratchFolder``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO, Protocol

from gosync.store.durable import disk_errors


class ScratchFiles(Protocol):
    """Opens scratch files; threads may share it, but not a file.

    ``str()`` of it is what messages call the place.
    """

    def scratch_file(self, *, memory_bytes: int = 0) -> IO[bytes]:
        """Open a scratch file, to be read and written, that its end removes.

        Args:
            memory_bytes: Up to which size it stays in memory; else it has a descriptor.

        Raises:
            NoSpaceError: there is no room.
            StoreError: it cannot be made.
        """
        ...


class ScratchFolder(ScratchFiles):
    """Scratch files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __str__(self) -> str:
        return str(self._folder)

    def scratch_file(self, *, memory_bytes: int = 0) -> IO[bytes]:
        """Open a scratch file; see ScratchFiles."""
        folder = str(self._folder)
        with disk_errors(folder):
            if memory_bytes:
                return tempfile.SpooledTemporaryFile(memory_bytes, dir=folder)
            return tempfile.TemporaryFile(dir=folder)
