"""Copies of bundles that wait, as folders of the store; the contract is ``copies``'s.

bundles/<id>/          a whole copy, read back and proven
bundles/<id>.part/     one in the making, or what a killed run left of it
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from gosync.bundle.format.names import HEADER_NAME
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.take.copies import BundleCopies
from gosync.errors import VolumeError
from gosync.store.digest import is_digest
from gosync.store.durable import disk_errors, make_folder, sync_folder, write_all
from gosync.store.layout import BUNDLES
from gosync.work.progress import Progress, at_work

_PART = ".part"


class LocalBundleCopies(BundleCopies):
    """The copies below one store's root."""

    def __init__(self, root: Path) -> None:
        self._folder = root / BUNDLES

    def ids(self) -> list[str]:
        """See BundleCopies."""
        return [name for name in self._names() if is_digest(name)]

    def sweep(self) -> int:
        """See BundleCopies."""
        names = [name for name in self._names() if name.endswith(_PART)]
        torn = [name for name in names if is_digest(name.removesuffix(_PART))]
        for name in torn:
            self._remove(name)
        return len(torn)

    def remove(self, bundle_id: str) -> None:
        """See BundleCopies."""
        self._remove(bundle_id)

    def _names(self) -> list[str]:
        with disk_errors(self._folder):
            try:
                return sorted(entry.name for entry in self._folder.iterdir())
            except FileNotFoundError:
                return []

    def _remove(self, name: str) -> None:
        folder = self._folder / name
        with disk_errors(folder):
            if folder.is_dir():
                shutil.rmtree(folder)

    def open(self, bundle_id: str) -> BundleFolder:
        """See BundleCopies."""
        bundle = BundleFolder.open(self._folder / bundle_id)
        if bundle.id != bundle_id:
            raise VolumeError(f"{bundle.name}: {HEADER_NAME} is another bundle's")
        _ = bundle.manifest  # what is wrong with it is to be found here
        return bundle

    def keep(self, source: BundleFolder, progress: Progress) -> None:
        """See BundleCopies."""
        part = self._folder / f"{source.id}{_PART}"
        final = self._folder / source.id
        make_folder(self._folder)
        self._remove(part.name)
        self._remove(final.name)
        make_folder(part)
        try:
            self._copy(source, part, progress)
        except BaseException:
            with suppress(OSError):  # what is left the next import sweeps
                shutil.rmtree(part)
            raise
        with disk_errors(final):
            sync_folder(part)
            part.replace(final)
            sync_folder(self._folder)

    def _copy(self, source: BundleFolder, part: Path, progress: Progress) -> None:
        _write(part / HEADER_NAME, [source.header_bytes])
        for name, data in source.signatures.items():
            _write(part / name, [data])
        files = source.header.files
        total_bytes = sum(file.size_bytes for file in files)
        progress.phase("keeping the bundle", len(files), total_bytes=total_bytes)
        for file in files:
            with at_work(progress, file.name):
                _write(part / file.name, _counted(source.pieces(file), progress))
            progress.advance()


def _counted(pieces: Iterable[bytes], progress: Progress) -> Iterator[bytes]:
    """Yield pieces and count their bytes."""
    for piece in pieces:
        yield piece
        progress.advance(0, size_bytes=len(piece))


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a new file; what the medium refuses is not taken for the disk's fault."""
    with disk_errors(path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o644)
    try:
        for piece in pieces:
            with disk_errors(path):
                write_all(descriptor, piece)
        with disk_errors(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
