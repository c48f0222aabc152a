"""Levels of compression: what a bundle's size is worth.

On 107 real modules, one version each, 48 MB of zips, 256 MB of contents::

    level    of the zips    CPU time to compress
    fast     0.63           0.5 s
    default  0.53           1.7 s
    small    0.515          4.7 s

``zstd -15`` would make 0.507 of them, in 29 s. What repeats, as a module's next
versions do, is never compressed faster than by ``zstd -10``, which is soon done there.
A level is the packer's business: readers know nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from gosync.bundle.read.zstd import DEFAULT_LEVEL


class Level(StrEnum):
    """How hard to compress."""

    FAST = "fast"
    DEFAULT = "default"
    SMALL = "small"


ZSTD_LEVELS: Final[Mapping[Level, int]] = {
    Level.FAST: 3,
    Level.DEFAULT: DEFAULT_LEVEL,
    Level.SMALL: 12,
}
