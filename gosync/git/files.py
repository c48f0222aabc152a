"""Sources of a release: what a folder and a git tag have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from gosync.gomod.info import Origin


class SourceFile(msgspec.Struct, frozen=True):
    """A file of a source.

    Attributes:
        name: Its path below the module's folder, with "/".
        size_bytes: Its size.
        is_regular: Whether it is a plain file; links and devices are not.
        read: Returns its contents.
    """

    name: str
    size_bytes: int
    is_regular: bool
    read: Callable[[], bytes]


class ReleaseSource(msgspec.Struct, frozen=True):
    """What a version is made of.

    Attributes:
        files: Every file at or below the module's folder.
        time: When it was committed; for a folder, now.
        origin: Where it comes from; None for a folder.
        root_licence: Reads the LICENSE at the repository's root, which a module in a
            folder below gets where it has none; None where there is none.
    """

    files: tuple[SourceFile, ...]
    time: datetime
    origin: Origin | None = None
    root_licence: SourceFile | None = None
