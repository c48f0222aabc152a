"""Writers of a bundle's files: volumes, manifest, SHA256SUMS, header.

Everything goes into a folder with a dot before its name, is made durable there, and
gets its name when the bundle is proven. A run that fails removes it, so that a medium
which was too small is as empty as before; what a killed one left the next one removes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, Self

import msgspec

from gosync.bundle.format.header import FileEntry
from gosync.bundle.format.manifest import (
    Manifest,
    Segment,
    VolumeEntry,
    format_manifest,
)
from gosync.bundle.format.names import (
    HEADER_NAME,
    MANIFEST_NAME,
    SUMS_NAME,
    is_bundle_name,
    manifest_part_name,
    volume_name,
)
from gosync.bundle.make.compressor import PackedSegment
from gosync.bundle.make.packers import PackedPart
from gosync.bundle.read.chunks import ChunkDigests
from gosync.bundle.read.zstd import PIECE_BYTES, write_frame
from gosync.errors import StoreError
from gosync.store.durable import disk_errors, make_folder, sync_folder


class FolderWriter:
    """The files of one bundle, in a folder that is not one yet; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Make an empty folder in place of what a killed run left there.

        Raises:
            StoreError: it cannot be made.
            NoSpaceError: the disk is full.
        """
        self.folder = folder
        remove_folder(folder)
        make_folder(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed:
            with suppress(StoreError):  # why it failed matters more
                remove_folder(self.folder)

    def write(self, name: str, data: bytes) -> None:
        """Write a small file, durable before it returns.

        Raises:
            StoreError: it cannot be written.
            NoSpaceError: the disk is full.
        """
        path = self.folder / name
        with disk_errors(path), path.open("xb") as file:
            file.write(data)
            _settle(file)

    def write_manifest(
        self, manifest: Manifest, *, limit_bytes: int
    ) -> tuple[FileEntry, tuple[FileEntry, ...]]:
        """Write the manifest, in parts where it is larger than one file may be.

        Args:
            manifest: What to write.
            limit_bytes: The most that one file may have.

        Returns:
            What the header says of it, and of its parts; none where it is one file.

        Raises:
            StoreError: it cannot be written.
            NoSpaceError: the disk is full.
        """
        lines = format_manifest(manifest)
        packed = BytesIO()
        write_frame([lines], packed, size_bytes=len(lines))
        data = packed.getvalue()
        whole = _entry(MANIFEST_NAME, data, unpacked_bytes=len(lines))
        if len(data) <= limit_bytes:
            self.write(MANIFEST_NAME, data)
            return whole, ()
        parts: list[FileEntry] = []
        for start in range(0, len(data), limit_bytes):
            name = manifest_part_name(len(parts) + 1)
            some = data[start : start + limit_bytes]
            self.write(name, some)
            begins = 0 if parts else len(lines)  # its one frame begins in the first
            parts.append(_entry(name, some, unpacked_bytes=begins))
        return whole, tuple(parts)

    def write_sums(self, files: Iterable[FileEntry], header: bytes) -> None:
        """Write SHA256SUMS, as coreutils check it.

        Raises:
            StoreError: it cannot be written.
            NoSpaceError: the disk is full.
        """
        sums = {HEADER_NAME: hashlib.sha256(header).hexdigest()}
        sums |= {file.name: file.sha256 for file in files}
        lines = (f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
        self.write(SUMS_NAME, "".join(lines).encode())

    def finish(self, final: Path) -> None:
        """Give the folder its name, in place of one that was never sealed.

        Raises:
            StoreError: it cannot be renamed.
        """
        remove_folder(final)
        with disk_errors(final):
            sync_folder(self.folder)
            self.folder.rename(final)
            sync_folder(final.parent)

    def sync(self) -> None:
        """Make the names of the files durable.

        Raises:
            StoreError: the disk refuses.
        """
        with disk_errors(self.folder):
            sync_folder(self.folder)


class PlacedSegment(msgspec.Struct, frozen=True):
    """A segment in its volume.

    Attributes:
        segment: Where it lies.
        packed: What is in it.
    """

    segment: Segment
    packed: PackedSegment


class VolumeWriter:
    """Places segments in volumes, in order; a context manager.

    Attributes:
        files: The volumes that are finished.
        entries: The digests of their chunks.
    """

    def __init__(self, folder: Path, volume_bytes: int) -> None:
        """Begin.

        Args:
            folder: Where to write.
            volume_bytes: The most that a volume may have.
        """
        self.files: list[FileEntry] = []
        self.entries: list[VolumeEntry] = []
        self._folder = folder
        self._volume_bytes = volume_bytes
        self._volume: _Volume | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._volume is not None:
            self._volume.file.close()

    def place(self, part: PackedPart) -> list[PlacedSegment]:
        """Write the segments of a part; one that exceeds a volume goes over several.

        Raises:
            StoreError: the volume cannot be written.
            NoSpaceError: the disk is full.
        """
        part.file.seek(part.begins)
        return [self._write(packed, part.file) for packed in part.segments]

    def _write(self, packed: PackedSegment, file: IO[bytes]) -> PlacedSegment:
        volume = self._volume
        if volume is None or volume.size_bytes + packed.size_bytes > self._volume_bytes:
            volume = self._next_volume()
        segment = Segment(
            volume=volume.number,
            offset=volume.size_bytes,
            holds=packed.holds,
            recipes=packed.recipes,
            contents=packed.contents,
            base=packed.base,
        )
        volume.note(packed)
        left = packed.size_bytes
        while left := left - volume.append(
            file, min(left, self._volume_bytes - volume.size_bytes)
        ):
            volume = self._next_volume()
        return PlacedSegment(segment, packed)

    def _next_volume(self) -> _Volume:
        self.close_volume()
        self._volume = _Volume(self._folder, len(self.files) + 1)
        return self._volume

    def close_volume(self) -> None:
        """Finish the volume that is being written, if there is one.

        Raises:
            StoreError: it cannot be written.
        """
        if self._volume is not None:
            self.files.append(self._volume.close())
            self.entries.append(VolumeEntry(chunks=self._volume.chunks.finish()))
            self._volume = None


class _Volume:
    """A volume that is being written."""

    def __init__(self, folder: Path, number: int) -> None:
        self.number = number
        self.name = volume_name(number)
        self.size_bytes = 0
        self._unpacked_bytes = 0
        self.chunks = ChunkDigests()
        self._digest = hashlib.sha256()
        self._path = folder / self.name
        with disk_errors(self._path):
            self.file = self._path.open("xb")

    def append(self, file: IO[bytes], size_bytes: int) -> int:
        """Append so many bytes of a file; return how many that is."""
        left = size_bytes
        with disk_errors(self._path):
            while piece := file.read(min(left, PIECE_BYTES)):
                left -= len(piece)
                self._digest.update(piece)
                self.chunks.update(piece)
                self.file.write(piece)
        self.size_bytes += size_bytes
        return size_bytes

    def note(self, packed: PackedSegment) -> None:
        """Count what a segment holds that begins here."""
        self._unpacked_bytes += packed.recipes.unpacked_bytes
        self._unpacked_bytes += packed.contents.unpacked_bytes

    def close(self) -> FileEntry:
        with disk_errors(self._path), self.file:
            _settle(self.file)
        return FileEntry(
            name=self.name,
            size_bytes=self.size_bytes,
            sha256=self._digest.hexdigest(),
            unpacked_bytes=self._unpacked_bytes,
        )


def _entry(name: str, data: bytes, *, unpacked_bytes: int) -> FileEntry:
    return FileEntry(
        name=name,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        unpacked_bytes=unpacked_bytes,
    )


def remove_folder(folder: Path) -> None:
    """Remove a bundle's folder, if it is there; its header goes first.

    Raises:
        StoreError: it cannot be removed, or holds what is no bundle's.
    """
    with disk_errors(folder):
        if not os.path.lexists(folder):
            return
        _check_bundle_alone(folder)
        (folder / HEADER_NAME).unlink(missing_ok=True)
        shutil.rmtree(folder)


def _check_bundle_alone(folder: Path) -> None:
    """Check that a folder has a bundle's files and nothing else.

    Raises:
        StoreError: it has; nothing of it is ours to remove.
        OSError: it cannot be read, or is no folder.
    """
    names = {HEADER_NAME, MANIFEST_NAME, SUMS_NAME.lower()}
    with os.scandir(folder) as found:
        for each in found:
            name = each.name.lower()  # as a medium may show it
            ours = name in names or is_bundle_name(name)
            if not (ours and each.is_file(follow_symlinks=False)):
                raise StoreError(
                    f"{folder}: {each.name!r} is no file of a bundle",
                    hint="move it away, or name another folder with --out",
                )


def _settle(file: BinaryIO) -> None:
    """Make a file durable, and let a later read come from the disk."""
    file.flush()
    os.fsync(file.fileno())
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
