"""A file system as lazy as POSIX allows, under the real one.

Only what was synced outlives ``cut``: a file's bytes as they were at its last fsync, a
folder's names as they were at the folder's. ``syncfs`` syncs everything.
"""

from __future__ import annotations

import os
import shutil
import stat
import threading
from pathlib import Path

import pytest

_Entry = tuple[int, int]  # inode and mode
_SYNC_ALL = (
    "gosync.store.localblobs",
    "gosync.store.localtiles",
    "gosync.store.staging",
    "gosync.publish.storage.localtree",
)


class PowerCut:
    """Watches everything below one folder."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._fsync = os.fsync
        self._bytes: dict[int, bytes] = {}
        self._names: dict[int, dict[str, _Entry]] = {}
        self.sync_all()
        patch.setattr(os, "fsync", self._sync)
        for module in _SYNC_ALL:
            patch.setattr(f"{module}.sync_filesystem", lambda _: self.sync_all())

    def _sync(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        link = Path(f"/proc/self/fd/{descriptor}")
        with self._lock:
            if stat.S_ISDIR(found.st_mode):
                self._sync_folder(link.resolve())
            else:
                self._bytes[found.st_ino] = link.read_bytes()

    def _sync_folder(self, folder: Path) -> None:
        entries = {}
        with os.scandir(folder) as found:
            for entry in found:
                status = entry.stat(follow_symlinks=False)
                entries[entry.name] = (status.st_ino, status.st_mode)
        self._names[folder.stat().st_ino] = entries

    def sync_all(self) -> None:
        """Sync all that there is."""
        with self._lock:
            for folder, _, names in os.walk(self._root):
                self._sync_folder(Path(folder))
                for name in names:
                    path = Path(folder, name)
                    self._bytes[path.stat().st_ino] = path.read_bytes()

    def cut(self) -> None:
        """Leave below the root what was synced."""
        before = self._root.with_name(f"{self._root.name}.before")
        inode = self._root.stat().st_ino
        self._root.rename(before)
        self._restore(inode, self._root)
        shutil.rmtree(before)
        self.sync_all()

    def _restore(self, inode: int, folder: Path) -> None:
        folder.mkdir()
        for name, (child, mode) in self._names.get(inode, {}).items():
            if stat.S_ISDIR(mode):
                self._restore(child, folder / name)
            else:
                (folder / name).write_bytes(self._bytes.get(child, b""))
                (folder / name).chmod(stat.S_IMODE(mode))
