"""A ``tar.zst`` archive of the published tree, for stock tools.

No gosync is needed inside: ``tar -xf FILE`` makes the tree, and any file server
serves it. The price is that the receiver proves nothing but the file's own SHA-256,
which lies beside it, signed by the target's keys; ``go`` still asks the tree's
checksum database.

The archive holds every file of the tree but gosync's own marker, sorted by path,
with one date, one owner and one mode, so that the same tree gives the same bytes.
It is written beside its place, read back, compared with the tree, and then named.
The lease to publish into the tree keeps it still meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import msgspec

from gosync.bundle.read.zstd import PIECE_BYTES, open_reader, open_writer
from gosync.catalog.db import Catalog
from gosync.errors import StoreError
from gosync.folder.routes import MARKER_FOLDER, of_module
from gosync.hint import advise, command
from gosync.publish.marker import read_marker
from gosync.publish.storage.localtree import LocalTree
from gosync.signing.keys import SecretKey
from gosync.store.durable import disk_errors, make_folder, replace_file, sync_folder
from gosync.work.progress import NoProgress, Progress

_MODE = 0o644
_TIME = 315_532_800  # 1980-01-01, the oldest that every file system knows


class TreeArchive(msgspec.Struct, frozen=True):
    """An archive that was made.

    Attributes:
        path: The file.
        size_bytes: Its size.
        sha256: Its digest, hex; also in the file of this name and ``.sha256``.
        files: How many files it holds.
        file_bytes: Their sizes together.
    """

    path: Path
    size_bytes: int
    sha256: str
    files: int
    file_bytes: int


def write_tree_archive(
    tree: Path,
    path: Path,
    keys: Sequence[SecretKey] = (),
    progress: Progress | None = None,
    *,
    admitted: Mapping[str, str] | None = None,
) -> TreeArchive:
    """Write a published tree as an archive.

    Args:
        tree: The tree's folder; nobody publishes into it meanwhile.
        path: The archive; replaced if it is there.
        keys: The keys that sign its digest's file.
        progress: Is told how far it is.
        admitted: What ``admitted_files`` says; None to take the tree as it is.

    Raises:
        StoreError: there is no whole tree, it has a ``.mod`` or ``.zip`` that was not
            admitted so, or the archive cannot be written.
        NoSpaceError: the disk is full; nothing has the archive's name.
    """
    _check_tree(tree)
    watcher = progress or NoProgress()
    make_folder(path.parent)
    partial = path.with_name(f".{path.name}.partial")
    with disk_errors(path):
        try:
            digests = _write(tree, partial, watcher)
            if admitted is not None:
                _check_admitted(tree, digests, admitted)
            sha256 = _prove(partial, digests, watcher)
            size_bytes = partial.stat().st_size
            _name(partial, path, sha256, keys)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
    return TreeArchive(
        path,
        size_bytes,
        sha256,
        files=len(digests),
        file_bytes=sum(size for size, _ in digests.values()),
    )


def _check_tree(tree: Path) -> None:
    marker = read_marker(LocalTree(tree).reader())
    if marker is None or not marker.complete:
        raise StoreError(
            f"{tree}: there is no published tree, or a publish of it was not finished",
            hint=advise("run {}", command("publish")),
        )


def admitted_files(catalog: Catalog) -> dict[str, str]:
    """Return the digests of what was admitted, by the names that trees have for it.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    found: dict[str, str] = {}
    for row in catalog.versions.all_rows():
        at = of_module(row.path).of_version(row.version)
        found |= {at.file(kind): blob.digest for kind, blob in row.blobs().items()}
    return found


def _check_admitted(
    tree: Path, digests: Mapping[str, tuple[int, str]], admitted: Mapping[str, str]
) -> None:
    """Check that what will be signed is what came through the gate."""
    for name, (_, digest) in digests.items():
        must = name.endswith((".mod", ".zip")) and "/@v/" in name
        if admitted.get(name, "" if must else digest) != digest:
            raise StoreError(
                f"{tree / name}: its bytes are not those that were admitted",
                hint=advise(
                    "run {}, or {} if the tree is behind",
                    command("verify", tree, "--repair"),
                    command("publish"),
                ),
            )


def _write(tree: Path, partial: Path, progress: Progress) -> dict[str, tuple[int, str]]:
    """Write the archive; return each file's size and SHA-256."""
    names = sorted(
        name
        for name in LocalTree(tree).reader().walk()
        if not name.startswith(f"{MARKER_FOLDER}/")
    )
    progress.phase("packing the tree", len(names))
    digests = {}
    with partial.open("wb") as file:
        with (
            open_writer(file) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name in names:
                digests[name] = _add(tar, tree / name, name)
                progress.advance(size_bytes=digests[name][0])
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return digests


def _add(tar: tarfile.TarFile, path: Path, name: str) -> tuple[int, str]:
    entry = tarfile.TarInfo(name)
    entry.mode = _MODE
    entry.mtime = _TIME
    with path.open("rb") as file:
        entry.size = os.fstat(file.fileno()).st_size
        hashed = _Hashed(file)
        tar.addfile(entry, hashed)
    return entry.size, hashed.digest.hexdigest()


class _Hashed:
    """A file that hashes what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data


def _prove(
    partial: Path, digests: dict[str, tuple[int, str]], progress: Progress
) -> str:
    """See that the archive holds just these files; return its SHA-256.

    It is that of the bytes in which they were found, not of another reading.
    """
    progress.phase("proving the archive", len(digests))
    found = {}
    with (
        partial.open("rb") as opened,
        open_reader(cast("IO[bytes]", file := _Hashed(opened))) as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|") as tar,
    ):
        for entry in tar:
            contents = tar.extractfile(entry)
            assert contents is not None
            digest = hashlib.sha256()
            for piece in _pieces(contents):
                digest.update(piece)
            found[entry.name] = (entry.size, digest.hexdigest())
            progress.advance(size_bytes=entry.size)
        for rest in (unpacked, file):  # the frame's end and its checksum, then nothing
            deque(_pieces(rest), maxlen=0)
    if found != digests:
        raise StoreError(
            f"{partial}: what was read back is not what was written",
            hint="check the medium, then try again",
        )
    return file.digest.hexdigest()


def _pieces(file: IO[bytes] | _Hashed) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _name(partial: Path, path: Path, sha256: str, keys: Sequence[SecretKey]) -> None:
    """Give the archive its name; what is beside it is replaced before."""
    sums = f"{sha256}  {path.name}\n".encode()
    beside = {f"{path.name}.sha256": sums}
    for number, key in enumerate(keys, start=1):
        label = f".{number}" if len(keys) > 1 else ""
        beside[f"{path.name}.sha256{label}.sig"] = key.sign(sums)
    for name, data in beside.items():
        replace_file(path.with_name(name), data, staging=path.parent)
    partial.replace(path)
    sync_folder(path.parent)
