"""Copies of bundles that wait in the store for what they build on.

    bundles/<id>/          a whole copy, read back and proven
    bundles/<id>.part/     one in the making, or what a killed run left of it

``waiting`` says which of them count, and when one goes. The medium may be gone by the
time the gap closes, hence the copy: at most the bundle's own bytes, and given back as
soon as it was applied.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from gosync.bundle.format.names import HEADER_NAME
from gosync.bundle.read.folder import BundleFolder
from gosync.errors import VolumeError
from gosync.store.digest import is_digest
from gosync.store.durable import disk_errors, make_folder, sync_folder, write_all
from gosync.store.layout import BUNDLES
from gosync.work.progress import Progress, at_work

_PART = ".part"


class StagedBundles:
    """The staged bundles of one store; the lease to import must be held."""

    def __init__(self, root: Path) -> None:
        self._folder = root / BUNDLES

    def ids(self) -> list[str]:
        """Return the ids of the copies, whole or not; those in the making apart.

        Raises:
            StoreError: They cannot be listed.
        """
        return [name for name in self._names() if is_digest(name)]

    def has(self, bundle: BundleFolder) -> bool:
        """Return whether a bundle is read from a copy here."""
        return bundle.path.parent == self._folder

    def sweep_parts(self) -> None:
        """Remove what killed runs left in the making.

        Raises:
            StoreError: Something cannot be removed.
        """
        for name in self._names():
            if name.endswith(_PART) and is_digest(name.removesuffix(_PART)):
                self._remove(name)

    def remove(self, bundle_id: str) -> None:
        """Remove a copy, if it is there.

        Raises:
            StoreError: It cannot be removed.
        """
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
        """Open a staged bundle, and read its manifest.

        Raises:
            VolumeError: It is not there, or damaged.
            MalformedError: It is of another gosync.
        """
        bundle = BundleFolder.open(self._folder / bundle_id)
        if bundle.id != bundle_id:
            raise VolumeError(f"{bundle.path}: {HEADER_NAME} is another bundle's")
        _ = bundle.manifest  # what is wrong with it is to be found here
        return bundle

    def keep(self, source: BundleFolder, progress: Progress) -> BundleFolder:
        """Copy a bundle from its medium, durable and proven before it returns.

        Raises:
            VolumeError: The medium lacks or garbles a file.
            NoSpaceError: The disk is full.
            StoreError: The copy cannot be written.
        """
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
        return BundleFolder.open(final)

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
