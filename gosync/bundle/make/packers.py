"""Packers: parts of a bundle packed side by side, in processes of their own.

A process takes a part through all of its steps: zips read and proven, contents
inflated once and kept, compressed into a file that has no name. What it tells is a
few sizes, so that nothing large goes from one process to another. Results come in
the order of the parts: who was quicker makes no difference.

Where no processes can be had, threads do it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import IO, TYPE_CHECKING, Final, Self

import msgspec

from gosync.bundle.make.compressor import Compressor, PackedSegment
from gosync.bundle.make.contentcache import ContentCache
from gosync.bundle.make.levels import Level
from gosync.bundle.make.packing import ArtifactSegment, Packer, TileSegment
from gosync.errors import UsageError
from gosync.store.blobs import BlobStore
from gosync.store.durable import disk_errors
from gosync.store.scratch import ScratchFiles
from gosync.store.tiles import TileStore
from gosync.work.lookahead import in_order
from gosync.work.processes import Hands

if TYPE_CHECKING:
    from gosync.bundle.make.compressor import AnySegment
    from gosync.bundle.make.parts import Part

WORKERS: Final = 2
_AHEAD: Final = 8  # parts are of several sizes; what is packed waits in a file
_BUFFER_BYTES: Final = 1 << 20


class PackedPart(msgspec.Struct, frozen=True):
    """A part, packed; a context manager that closes its file.

    Attributes:
        file: A file without a name, with the segments one after the other.
        segments: What is in it.
    """

    file: IO[bytes]
    segments: tuple[PackedSegment, ...]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


class Packers:
    """Pack the parts of one bundle."""

    def __init__(
        self,
        blobs: BlobStore,
        tiles: TileStore | None,
        scratch: ScratchFiles,
        *,
        exact: bool,
        volume_bytes: int,
        level: Level,
    ) -> None:
        """Begin.

        Args:
            blobs: The store's blobs.
            tiles: The checksum database's tiles, None without a database.
            scratch: Opens files for packed parts.
            exact: Whether zips travel as they are.
            volume_bytes: The most that a segment may have.
            level: How hard to compress.
        """
        self._blobs = blobs
        self._tiles = tiles
        self._scratch = scratch
        self._exact = exact
        self._volume_bytes = volume_bytes
        self._level = level

    def pack_all(
        self, parts: Sequence[Part], *, size_bytes: int
    ) -> Generator[PackedPart]:
        """Pack parts, some ahead of the one that is yielded and then closed.

        Args:
            parts: What to pack.
            size_bytes: About how much that is.

        Raises:
            BlobMissingError: a blob is not there.
            BlobCorruptError: a blob is not what it was.
            UsageError: a single version exceeds a volume.
            StoreError: a tile is not there, or the disk refuses.
            NoSpaceError: the scratch files' disk is full.
        """
        work = partial(self._pack_apart, parts)
        with Hands(work, count=WORKERS, size_bytes=size_bytes) as hands:
            results = in_order(
                partial(self._pack, hands, parts),
                range(len(parts)),
                ahead=_AHEAD,
                drop=lambda packed: packed.file.close(),
                abandon=hands.kill,
            )
            with closing(results):
                for packed in results:
                    with packed:
                        yield packed

    def _pack(
        self,
        hands: Hands[int, tuple[PackedSegment, ...]],
        parts: Sequence[Part],
        number: int,
    ) -> PackedPart:
        """Have one part packed, by a process if one is free."""
        file = self._scratch.scratch_file()
        try:
            segments = hands.offer(number, subject="packing", descriptor=file.fileno())
            if segments is None:
                with disk_errors(self._scratch):
                    file.seek(0)
                    file.truncate()
                segments = self._segments(parts[number], file)
                with disk_errors(self._scratch):
                    file.flush()
        except BaseException:
            file.close()
            raise
        return PackedPart(file, segments)

    def _pack_apart(
        self, parts: Sequence[Part], number: int, descriptor: int | None
    ) -> tuple[PackedSegment, ...]:
        """Pack one part into a file that came with it, in a process of its own."""
        assert descriptor is not None
        with open(descriptor, "r+b", _BUFFER_BYTES, closefd=False) as file:
            return self._segments(parts[number], file)

    def _segments(self, part: Part, file: IO[bytes]) -> tuple[PackedSegment, ...]:
        kept = ContentCache()
        packing = Compressor(
            self._blobs, kept, self._tiles, self._scratch, level=self._level
        )
        segments: Iterable[AnySegment] = (
            [part]
            if isinstance(part, TileSegment | ArtifactSegment)
            else Packer(self._blobs, kept, exact=self._exact).segments(part)
        )
        return tuple(
            packed
            for segment in segments
            for packed in self._fitting(packing, segment, file)
        )

    def _fitting(
        self, packing: Compressor, segment: AnySegment, file: IO[bytes]
    ) -> Iterator[PackedSegment]:
        """Pack a segment; one that exceeds a volume by itself is divided first."""
        begins = file.tell()
        packed = packing.pack(segment, file)
        if packed.size_bytes <= self._volume_bytes:
            yield packed
            return
        with disk_errors(self._scratch):
            file.seek(begins)
            file.truncate()
        halves = segment.halves()
        if not halves:
            raise UsageError(
                f"{segment}: {packed.size_bytes} bytes, a volume may have"
                f" {self._volume_bytes}",
                hint="raise the target's volume_size",
            )
        for half in halves:
            yield from self._fitting(packing, half, file)
