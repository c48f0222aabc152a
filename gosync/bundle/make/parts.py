"""Parts: what one process packs, while another one packs the next.

A part is what makes a segment of tiles, of artifacts, or one or more of modules.
What is cut here is cut by what the catalog knows of the zips alone, so that nothing
is read before; segments and groups are made when a part's recipes are known. How
many processes there are does not count, so that the bytes are the same anywhere.

Modules of which several versions travel are apart from the others: only what repeats
is worth to be looked for far away. The largest part is first, since what is packed
last keeps one process busy and leaves the other idle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from gosync.bundle.make.difference import Bundled
from gosync.bundle.make.packing import (
    GROUP_VERSIONS,
    ArtifactSegment,
    TileSegment,
)

if TYPE_CHECKING:
    ModulePart: TypeAlias = tuple[Bundled, ...]
    Part: TypeAlias = ModulePart | TileSegment | ArtifactSegment

_MOST_BYTES: Final = 12 << 20  # of zips: four to five times that of contents
_LEAST_BYTES: Final = 2 << 20  # in less a frame finds less that is alike
_PARTS: Final = 16  # as many as there is enough for
_VERSION_BYTES: Final = 4 << 10  # what a version costs whose zip is empty
_AGAIN: Final = 8  # a next version has about so little that is new


def module_parts(bundled: Sequence[Bundled]) -> list[ModulePart]:
    """Return the parts of what travels of modules, the largest first."""
    cut = [piece for each in bundled for piece in _cut(each)]
    total = sum(map(_weight, cut))
    limit = min(max(total // _PARTS, _LEAST_BYTES), _MOST_BYTES)
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
    if filling:
        yield tuple(filling)


def _weight(each: Bundled) -> int:
    """Return about how much of zips there is to compress."""
    sizes = [chosen.row.zip_bytes or 0 for chosen in each.chosen]
    largest = max(sizes)
    new = largest + (sum(sizes) - largest) // _AGAIN
    return _VERSION_BYTES * len(sizes) + (new // _AGAIN if each.base else new)
