"""Packers: parts of a bundle packed side by side, in processes of their own.

A process takes a part through all of its steps: zips read and proven, contents
inflated once and kept, compressed into a file that has no name. What it tells is a
few sizes, so that nothing large goes from one process to another. Results come in
the order of the parts: who was quicker makes no difference.

Where no processes can be had, threads do it. Workers of a sweep pack elsewhere; what
they packed comes as bytes.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from typing import IO, TYPE_CHECKING, Final, Self

import msgspec

from gosync.bundle.make.compressor import PackedSegment
from gosync.bundle.make.partpacker import PartPacker
from gosync.bundle.make.sharing import PackedBytes, PackSharing, is_worth_sending
from gosync.store.durable import disk_errors
from gosync.store.scratch import ScratchFiles
from gosync.work.lookahead import in_order
from gosync.work.processes import Hands
from gosync.work.sweep import HereSweep, Pending, pending_in_order

if TYPE_CHECKING:
    from gosync.bundle.make.parts import Part

WORKERS: Final = 2
_AHEAD: Final = 8  # parts are of several sizes; what is packed waits in a file
_BUFFER_BYTES: Final = 1 << 20


class PackedPart(msgspec.Struct, frozen=True):
    """A part, packed; a context manager that closes its file.

    Attributes:
        file: A file without a name, with the segments one after the other.
        segments: What is in it.
        begins: Where in the file the first of them does.
    """

    file: IO[bytes]
    segments: tuple[PackedSegment, ...]
    begins: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


class Packers:
    """Pack the parts of one bundle."""

    def __init__(
        self, packer: PartPacker, scratch: ScratchFiles, sharing: PackSharing | None
    ) -> None:
        """Begin.

        Args:
            packer: Packs a part.
            scratch: Opens files for packed parts.
            sharing: Who packs elsewhere; None for processes of this machine.
        """
        self._packer = packer
        self._scratch = scratch
        self._sharing = sharing

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
            UsageError: a single version exceeds a volume, and may not.
            StoreError: a tile is not there, or the disk refuses.
            NoSpaceError: the scratch files' disk is full.
        """
        if self._sharing is not None:
            yield from self._shared(self._sharing, parts)
            return
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

    def _shared(
        self, sharing: PackSharing, parts: Sequence[Part]
    ) -> Generator[PackedPart]:
        """Have parts packed elsewhere, those that are worth to be sent."""
        here, apart = HereSweep(), sharing.step(self._packer)

        def begin(part: Part) -> Pending[PackedBytes | PackedPart]:
            if is_worth_sending(part):
                return sharing.sweep.begin(apart, part)
            return here.begin(self._pack_here, part)

        with closing(pending_in_order(begin, parts, sharing.sweep)) as results:
            for packed in results:
                whole = packed if isinstance(packed, PackedPart) else self._file(packed)
                with whole:
                    yield whole

    def _pack_here(self, part: Part) -> PackedPart:
        file = self._scratch.scratch_file()
        try:
            segments = self._packer.segments(part, file)
            with disk_errors(self._scratch):
                file.flush()
        except BaseException:
            file.close()
            raise
        return PackedPart(file, segments)

    def _file(self, packed: PackedBytes) -> PackedPart:
        file = self._scratch.scratch_file()
        try:
            with disk_errors(self._scratch):
                file.write(packed.data)
                file.flush()
        except BaseException:
            file.close()
            raise
        return PackedPart(file, packed.segments)

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
                segments = self._packer.segments(parts[number], file)
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
            return self._packer.segments(parts[number], file)
