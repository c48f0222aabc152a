"""Parts: what one process packs, while another one packs the next.

A part is what makes a segment of tiles, of artifacts, or one or more of modules.
What is cut here is cut by what the catalog knows of the zips alone, so that nothing
is read before; segments and groups are made when a part's recipes are known. How
many processes there are does not count, so that the bytes are the same anywhere.

Modules of which several versions travel are apart from the others: only what repeats
is worth to be looked for far away. The largest part is first, since what is packed
last keeps one process busy and leaves the other idle.

What travels to one site is mostly what travels to the next one, too, and a part that
both have is packed once (``packedparts``). So a part that is half full ends behind a
module of which each fourth is one, by its path: where two sites differ in a module, the
parts after the next such one are the same again. Limits are of a few sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias
from zlib import crc32

from gosync.bundle.make.difference import Bundled
from gosync.bundle.make.packing import (
    GROUP_VERSIONS,
    ArtifactSegment,
    TileSegment,
)

if TYPE_CHECKING:
    ModulePart: TypeAlias = tuple[Bundled, ...]
    Part: TypeAlias = ModulePart | TileSegment | ArtifactSegment

# Of zips, whose contents are four to five times that; in less a frame finds less alike.
_LIMITS_BYTES: Final = (2 << 20, 4 << 20, 8 << 20, 12 << 20)
_LAST: Final = 4  # each so many-th module ends a part that is half full
_PARTS: Final = 16  # as many as there is enough for
_VERSION_BYTES: Final = 4 << 10  # what a version costs whose zip is empty
_AGAIN: Final = 8  # a next version has about so little that is new


def module_parts(bundled: Sequence[Bundled]) -> list[ModulePart]:
    """Return the parts of what travels of modules, the largest first."""
    cut = [piece for each in bundled for piece in _cut(each)]
    total = sum(map(_weight, cut))
    enough = [each for each in _LIMITS_BYTES if each * _PARTS >= total]
    limit = min(enough, default=_LIMITS_BYTES[-1])
    parts = [
        *_fill((each for each in cut if each.repeats), limit),
        *_fill((each for each in cut if not each.repeats), limit),
    ]
    return sorted(parts, key=lambda part: -sum(map(_weight, part)))


def _cut(each: Bundled) -> Iterator[Bundled]:
    """Yield the versions in runs of which each makes a group, or a few."""
    for start in range(0, len(each.chosen), GROUP_VERSIONS):
        yield each._replace(chosen=each.chosen[start : start + GROUP_VERSIONS])


def _fill(bundled: Iterable[Bundled], limit_bytes: int) -> Iterator[ModulePart]:
    filling: list[Bundled] = []
    size_bytes = 0
    for each in bundled:
        weight = _weight(each)
        if filling and size_bytes + weight > limit_bytes:
            yield tuple(filling)
            filling, size_bytes = [], 0
        filling.append(each)
        size_bytes += weight
        if size_bytes > limit_bytes // 2 and _is_last(each):
            yield tuple(filling)
            filling, size_bytes = [], 0
    if filling:
        yield tuple(filling)


def _is_last(each: Bundled) -> bool:
    return crc32(each.chosen[-1].row.path.encode()) % _LAST == 0


def _weight(each: Bundled) -> int:
    """Return about how much of zips there is to compress."""
    sizes = [chosen.row.zip_bytes or 0 for chosen in each.chosen]
    largest = max(sizes)
    new = largest + (sum(sizes) - largest) // _AGAIN
    return _VERSION_BYTES * len(sizes) + (new // _AGAIN if each.base else new)
