"""Packing of one part: zips read and proven, contents inflated once, compressed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING

import msgspec

from gosync.bundle.make.compressor import Compressor, PackedSegment
from gosync.bundle.make.contentcache import ContentCache
from gosync.bundle.make.levels import Level
from gosync.bundle.make.packing import ArtifactSegment, Packer, TileSegment
from gosync.errors import UsageError
from gosync.store.blobs import BlobReader
from gosync.store.durable import disk_errors
from gosync.store.tiles import TileStore

if TYPE_CHECKING:
    from gosync.bundle.make.compressor import AnySegment
    from gosync.bundle.make.parts import Part


class PackForm(msgspec.Struct, frozen=True):
    """How the parts of one bundle are packed.

    Attributes:
        exact: Whether zips travel as they are.
        volume_bytes: The most that a segment may have, if it can be divided.
        may_span: Whether one that cannot may be larger.
        level: How hard to compress.
    """

    exact: bool
    volume_bytes: int
    may_span: bool
    level: Level


class PartPacker:
    """Packs parts of one bundle; threads may share it.

    Attributes:
        form: How.
    """

    def __init__(
        self, blobs: BlobReader, tiles: TileStore | None, place: object, form: PackForm
    ) -> None:
        """Begin.

        Args:
            blobs: The store's blobs.
            tiles: The checksum database's tiles, None without a database.
            place: Where packed parts are written, for messages.
            form: How to pack.
        """
        self.form = form
        self._blobs = blobs
        self._tiles = tiles
        self._place = place

    def segments(self, part: Part, file: IO[bytes]) -> tuple[PackedSegment, ...]:
        """Pack a part to where a file is at.

        Raises:
            BlobMissingError: a blob is not there.
            BlobCorruptError: a blob is not what it was.
            UsageError: a single version exceeds a volume, and may not.
            StoreError: a tile is not there, or the disk refuses.
            NoSpaceError: the file's disk is full.
        """
        kept = ContentCache()
        packing = Compressor(
            self._blobs, kept, self._tiles, self._place, level=self.form.level
        )
        segments: Iterable[AnySegment] = (
            [part]
            if isinstance(part, TileSegment | ArtifactSegment)
            else Packer(self._blobs, kept, exact=self.form.exact).segments(part)
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
        halves = segment.halves()
        if packed.size_bytes <= self.form.volume_bytes or (
            self.form.may_span and not halves
        ):
            yield packed
            return
        with disk_errors(self._place):
            file.seek(begins)
            file.truncate()
        if not halves:
            raise UsageError(
                f"{segment}: {packed.size_bytes} bytes, a volume may have"
                f" {self.form.volume_bytes}, and the gosync of the site reads nothing"
                " that goes on in the next volume",
                hint="raise the target's volume_size, or bring a newer gosync inside;"
                " the receipt of its next import says what it reads",
            )
        for half in halves:
            yield from self._fitting(packing, half, file)
