"""A copy of a tree that is in a bucket, as a folder: for what looks at files.

Keys are somebody else's words: one that is no path of plain names is refused. What the
tree's storage keeps for itself (``.gosync/objects/``) is left behind.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from gosync.errors import (
    MalformedError,
    NoSpaceError,
    ObjectMissingError,
    StoreError,
)
from gosync.folder import routes
from gosync.hint import advise, command
from gosync.store.durable import disk_errors
from gosync.store.objects.bucket import Bucket, ObjectInfo
from gosync.work.progress import Progress

_log = logging.getLogger(__name__)
_AT_ONCE = 16
_PIECE_BYTES = 8 << 20
_NO_NAMES = frozenset({"", ".", ".."})


@contextmanager
def copy_of_tree(bucket: Bucket, progress: Progress) -> Iterator[Path]:
    """Copy a tree into a temporary folder, which goes with the block.

    Args:
        bucket: The tree's objects.
        progress: Is told how far it is.

    Raises:
        MalformedError: a key is no path in a folder.
        NoSpaceError: there is no room for the copy.
        StoreError: there is no tree, or bucket or disk refuse.
    """
    found = [info for info in bucket.list() if not _is_own(info.key)]
    if not found:
        raise StoreError(
            f"{bucket.name}: there is no tree",
            hint=advise("correct the name, or run {}", command("publish")),
        )
    with tempfile.TemporaryDirectory(prefix="gosync-tree-") as name:
        folder = Path(name)
        _check_room(folder, sum(info.size_bytes for info in found))
        progress.phase("copying the tree", len(found))
        _log.info("copying %d files of %s into %s", len(found), bucket.name, folder)
        copy = partial(_copy, bucket, folder)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(copy, found):
                progress.advance()
        yield folder


def _is_own(key: str) -> bool:
    return key.startswith(f"{routes.OBJECTS}/")


def _check_room(folder: Path, needed_bytes: int) -> None:
    with disk_errors(folder):
        free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise NoSpaceError(
            f"{folder}: {free} bytes free, a copy of the tree takes {needed_bytes}",
            hint="name a folder with more room in TMPDIR",
        )


def _copy(bucket: Bucket, folder: Path, info: ObjectInfo) -> None:
    names = info.key.split("/")
    if not _NO_NAMES.isdisjoint(names) or any("\0" in name for name in names):
        raise MalformedError("object key", info.key, "no path in a folder")
    file = folder.joinpath(*names)
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as opened:
            for offset in range(0, info.size_bytes, _PIECE_BYTES):
                size = min(_PIECE_BYTES, info.size_bytes - offset)
                opened.write(_range(bucket, info.key, offset, size))


def _range(bucket: Bucket, key: str, offset: int, size_bytes: int) -> bytes:
    try:
        return bucket.get_range(key, offset, size_bytes)
    except ObjectMissingError:
        return b""  # it went meanwhile: what lacks it, is told of the copy
