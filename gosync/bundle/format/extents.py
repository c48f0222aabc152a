"""Extents: which volumes each segment of a bundle lies in. Pure.

The volumes one after the other are the segments one after the other: each segment
begins where the one before it ends, in the volume that has this byte. Volumes have the
sizes that the header binds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from gosync.bundle.format.header import FileEntry
from gosync.bundle.format.manifest import Segment
from gosync.errors import MalformedError


def check_cover(files: Sequence[FileEntry], segments: Sequence[Segment]) -> None:
    """Check that the segments cover the volumes, and nothing else.

    Args:
        files: The volumes as the header has them.
        segments: What lies in them, in order.

    Raises:
        MalformedError: they do not.
    """
    begins = list(accumulate((file.size_bytes for file in files), initial=0))
    end = 0
    for segment in segments:
        number = segment.volume
        if number > len(files):
            raise _malformed(f"a segment in volume {number} of {len(files)}")
        if segment.offset and segment.offset >= files[number - 1].size_bytes:
            raise _malformed(f"{files[number - 1].name} lacks a segment's beginning")
        if begins[number - 1] + segment.offset != end:
            raise _malformed(f"{_holder(files, begins, end)} has bytes of no segment")
        end += segment.size_bytes
    if end > begins[-1]:
        raise _malformed(f"{files[-1].name} lacks some of a segment")
    if end < begins[-1]:
        raise _malformed(f"{_holder(files, begins, end)} has bytes of no segment")


def _holder(files: Sequence[FileEntry], begins: Sequence[int], at: int) -> str:
    """Return the name of the volume that has a byte, the last one if none has."""
    for file, (begin, end) in zip(files, pairwise(begins), strict=True):
        if begin <= at < end:
            return file.name
    return files[-1].name


def volumes_of(segment: Segment, files: Sequence[FileEntry]) -> range:
    """Return the numbers of the volumes that a segment lies in, from 1.

    Args:
        segment: The segment; they were checked.
        files: The volumes as the header has them.
    """
    last, end = segment.volume, segment.end
    while end > files[last - 1].size_bytes and last < len(files):
        end -= files[last - 1].size_bytes
        last += 1
    return range(segment.volume, last + 1)


def is_long(segment: Segment, files: Sequence[FileEntry]) -> bool:
    """Return whether a segment goes on in a later volume."""
    return segment.end > files[segment.volume - 1].size_bytes


def _malformed(reason: str) -> MalformedError:
    return MalformedError("bundle manifest", "", reason)
