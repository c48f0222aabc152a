"""Read-back of a bundle that was just written, from its medium."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gosync.bundle.format.names import HEADER_NAME
from gosync.bundle.read.bases import ZipSource
from gosync.bundle.read.folder import BundleFolder
from gosync.catalog.versions import VersionRow
from gosync.errors import BundleGapError, VolumeError
from gosync.gomod.module import ModuleVersion
from gosync.store.blobs import BlobStore
from gosync.store.digest import Digest


def open_made(path: Path, identity: str) -> BundleFolder:
    """Open a bundle that was made here; the medium must give back its header.

    Raises:
        VolumeError: the header is another one.
    """
    folder = BundleFolder.open(path)
    if folder.id != identity:
        raise VolumeError(
            f"{path}: {HEADER_NAME} is not what was written",
            hint="check the medium, then create the bundle again",
        )
    return folder


def check_named(path: Path, identity: str) -> None:
    """See that a bundle is there under its name; some media lose it over that."""
    try:
        open_made(path, identity).check_names()
    except VolumeError as error:
        raise VolumeError(
            f"{path}: it was whole, and is not since it has its name ({error})",
            hint="not every medium's driver can rename a folder: name another one with"
            " --out, and copy the bundle from there",
        ) from error


class OwnBases:
    """gosync.bundle.read.bases.Bases: the zips of the store that made the bundle."""

    def __init__(self, blobs: BlobStore, rows: Iterable[VersionRow]) -> None:
        """Begin.

        Args:
            blobs: The store's blobs.
            rows: The versions that may be a base, as the bundle was made of them.
        """
        self._blobs = blobs
        self._zips: Mapping[ModuleVersion, tuple[str | None, str | None]] = {
            row.mv: (row.zip_h1, row.zip_digest) for row in rows
        }

    @contextmanager
    def open(self, mv: ModuleVersion, h1: str) -> Iterator[ZipSource]:
        """Open a version's zip; see Bases."""
        found, digest = self._zips.get(mv, (None, None))
        if digest is None or found != h1:
            raise BundleGapError(f"a patch against {mv} ({h1}): not here")
        with self._blobs.open(Digest(digest)) as blob:
            yield ZipSource(blob.read_at, blob.size_bytes)
