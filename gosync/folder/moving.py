"""Moving a file or folder between open folders, whole or not at all.

By a rename where the file systems are the same, else copied, synced, given its name,
and only then removed. A link that is moved is moved as a link.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gosync.folder.copying import copy
from gosync.folder.placing import changeable, discard, temporary_name
from gosync.folder.tree import FOLDER_FLAGS


def move(source: int, name: str, target: int, as_name: str) -> None:
    """Move something; what has the name already, and is no folder, is replaced.

    Raises:
        OSError: if it cannot be moved; then it is where it was.
    """
    try:
        _rename(source, name, target, as_name)
    except OSError as exc:
        if exc.errno != errno.EXDEV:
            raise
        copy_whole(source, name, target, as_name)
        discard(source, name)
    os.fsync(target)
    os.fsync(source)


def copy_whole(source: int, name: str, target: int, as_name: str) -> None:
    """Copy something; the copy has its name once it is whole and durable.

    Raises:
        OSError: if it cannot be copied; nothing is left of the copy.
    """
    temporary = temporary_name()
    try:
        copy(source, name, target, temporary)
        os.rename(temporary, as_name, src_dir_fd=target, dst_dir_fd=target)
    except BaseException:
        with suppress(OSError):
            discard(target, temporary)
        raise
    os.fsync(target)


def _rename(source: int, name: str, target: int, as_name: str) -> None:
    try:
        os.rename(name, as_name, src_dir_fd=source, dst_dir_fd=target)
    except PermissionError:
        # go makes folders that not even their owner may change, and so not move.
        with changeable(source), changeable(target), _moving(source, name):
            os.rename(name, as_name, src_dir_fd=source, dst_dir_fd=target)


@contextmanager
def _moving(above: int, name: str) -> Iterator[None]:
    """Let something be moved meanwhile: the owner of a folder must be let change it."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
        yield
        return
    handle = os.open(name, FOLDER_FLAGS, dir_fd=above)
    try:
        with changeable(handle):
            yield
    finally:
        os.close(handle)
