"""Packing by the workers of a sweep: parts of modules, sent back as bytes.

A worker opens the store and packs a part in its memory, as a process here packs it
into a file. Tiles and artifacts are little and stay here, as does a part whose zips are
so large that its bytes would fill the memory of whoever sends them.
"""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Final

import msgspec

from gosync.bundle.make.compressor import PackedSegment
from gosync.bundle.make.packing import ArtifactSegment, TileSegment
from gosync.bundle.make.partpacker import PackForm, PartPacker
from gosync.store.shared import SharedStore, open_shared_blobs
from gosync.work.sweep import Sweep

if TYPE_CHECKING:
    from gosync.bundle.make.parts import Part

_MOST_BYTES: Final = 64 << 20  # of zips; most parts have 12 MiB


class PackedBytes(msgspec.Struct, frozen=True):
    """A part, packed elsewhere.

    Attributes:
        data: Its segments, one after the other.
        segments: What is in it.
    """

    data: bytes
    segments: tuple[PackedSegment, ...]


class PackSharing(msgspec.Struct, frozen=True):
    """Who packs elsewhere.

    Attributes:
        sweep: The workers.
        store: The store, as they open it.
    """

    sweep: Sweep
    store: SharedStore

    def step(self, packer: PartPacker) -> partial[PackedBytes]:
        """Return what a worker does with a part."""
        return partial(pack_shared, self.store, packer.form)


def pack_shared(shared: SharedStore, form: PackForm, part: Part) -> PackedBytes:
    """Pack a part of modules, on a worker.

    Raises:
        UnsharedError: the store is not there.
        StoreError: as PartPacker.segments.
    """
    packer = PartPacker(open_shared_blobs(shared), None, "a worker's memory", form)
    file = BytesIO()
    segments = packer.segments(part, file)
    return PackedBytes(file.getvalue(), segments)


def is_worth_sending(part: Part) -> bool:
    """Return whether a worker is to pack a part."""
    if isinstance(part, TileSegment | ArtifactSegment):
        return False
    return sum(each.zip_bytes for each in part) <= _MOST_BYTES
