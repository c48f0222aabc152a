"""The chunks of a volume by their SHA-256: a read returns bytes that are proven.

A medium may answer a second read with other bytes than the first: a hostile USB
device does, and so does a share that somebody writes to. So a volume is not proven
first and read again afterwards. The manifest has the digest of each CHUNK_BYTES of
it, and whoever reads gets bytes of chunks that were hashed in memory after they were
read, and are not read again for what is made of them.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from gosync.bundle.format.extents import check_cover
from gosync.bundle.format.header import FileEntry
from gosync.bundle.format.manifest import Segment, VolumeEntry
from gosync.bundle.format.names import CHUNK_BYTES
from gosync.bundle.read.medium import COPY_AGAIN, MediumFile
from gosync.errors import MalformedError, VolumeError

_KEPT: Final = 8  # two threads read two frames each, at the edge of two chunks


class ChunkDigests:
    """The digests of a volume's chunks, while it is written."""

    def __init__(self) -> None:
        self._digests: list[str] = []
        self._digest = hashlib.sha256()
        self._left_bytes = CHUNK_BYTES

    def update(self, data: bytes) -> None:
        """Take the next bytes of the volume."""
        view = memoryview(data)
        while view:
            part = view[: self._left_bytes]
            self._digest.update(part)
            self._left_bytes -= len(part)
            view = view[len(part) :]
            if not self._left_bytes:
                self._end_chunk()

    def finish(self) -> tuple[str, ...]:
        """Return the digests in order, hex; the last chunk may be short."""
        if self._left_bytes < CHUNK_BYTES:
            self._end_chunk()
        return tuple(self._digests)

    def _end_chunk(self) -> None:
        self._digests.append(self._digest.hexdigest())
        self._digest = hashlib.sha256()
        self._left_bytes = CHUNK_BYTES


class ProvenChunks:
    """The chunks of a bundle that were read last; threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, volume: ProvenVolume, index: int) -> bytes:
        """Return a chunk of a volume, read and proven now unless it is kept.

        Raises:
            VolumeError: it cannot be read, or is not what the manifest binds.
        """
        key = volume.number, index
        with self._lock:
            if key not in self._kept:
                self._kept[key] = volume.read_chunk(index)
            self._kept.move_to_end(key)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]


class ProvenVolume:
    """An open volume: bytes at any offset, of proven chunks alone.

    Attributes:
        number: The volume's number, from 1.
        size_bytes: Its size.
    """

    def __init__(
        self,
        number: int,
        file: MediumFile,
        size_bytes: int,
        digests: Sequence[str],
        kept: ProvenChunks,
    ) -> None:
        """Begin to read a volume.

        Args:
            number: Its number, from 1.
            file: The file.
            size_bytes: Its size, as the header binds it.
            digests: Those of its chunks, as the manifest binds them.
            kept: Keeps chunks, since reads are smaller.
        """
        self.number = number
        self._file = file
        self.size_bytes = size_bytes
        self._digests = digests
        self._kept = kept

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there; fewer only at the end.

        Raises:
            VolumeError: they cannot be read, or are not what the manifest binds.
        """
        end = min(offset + size_bytes, self.size_bytes)
        parts: list[bytes] = []
        while offset < end:
            index, start = divmod(offset, CHUNK_BYTES)
            chunk = self._kept.get(self, index)
            part = chunk[start : start + end - offset]
            parts.append(part)
            offset += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_chunk(self, index: int) -> bytes:
        """Read a chunk off the medium, and prove it.

        Raises:
            VolumeError: it cannot be read, or is not what the manifest binds.
        """
        offset = index * CHUNK_BYTES
        wanted = min(CHUNK_BYTES, self.size_bytes - offset)
        data = self._file.read_at(offset, wanted)
        found = hashlib.sha256(data).hexdigest()
        if found != self._digests[index]:
            raise VolumeError(
                f"{self._file.name}: the bytes of its frames at {offset} are not those"
                f" that the manifest binds (SHA-256 {found},"
                f" want {self._digests[index]})",
                hint=COPY_AGAIN,
            )
        return data


class ProvenRow:
    """Consecutive volumes, read as if they were one file."""

    def __init__(self, volumes: Sequence[ProvenVolume]) -> None:
        """Begin to read them, which are in order."""
        self._volumes = volumes

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there, counted from the first volume's beginning.

        Fewer only at the end of the last one.

        Raises:
            VolumeError: they cannot be read, or are not what the manifest binds.
        """
        parts: list[bytes] = []
        for volume in self._volumes:
            if offset < volume.size_bytes and size_bytes:
                parts.append(volume.read_at(offset, size_bytes))
                offset += len(parts[-1])
                size_bytes -= len(parts[-1])
            offset -= volume.size_bytes
        return b"".join(parts)


def check_volumes(
    files: Sequence[FileEntry],
    volumes: Sequence[VolumeEntry],
    segments: Sequence[Segment],
) -> None:
    """Check that chunks and segments cover the volumes, and nothing else.

    Args:
        files: The volumes as the header has them.
        volumes: The volumes as the manifest has them.
        segments: What lies in them, in order.

    Raises:
        MalformedError: they do not.
    """
    if files and not volumes:
        raise _malformed("no digests of its volumes: made by an older gosync")
    if len(files) != len(volumes):
        raise _malformed(f"chunks of {len(volumes)} volumes, there are {len(files)}")
    for file, volume in zip(files, volumes, strict=True):
        if len(volume.chunks) != -(-file.size_bytes // CHUNK_BYTES):
            raise _malformed(f"{file.name} has {len(volume.chunks)} chunks")
    check_cover(files, segments)


def _malformed(reason: str) -> MalformedError:
    return MalformedError("bundle manifest", "", reason)
