"""The folder that verify keeps its own files in, beside no target."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from gosync.errors import StoreError, UsageError
from gosync.store.durable import disk_errors, make_folder

_NO_FILE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})


def require_apart(state: Path, target: Path) -> None:
    """Check that a state folder is not in what is verified, nor that itself.

    Raises:
        UsageError: if it is: nothing is ever written into what is only looked at.
    """
    inside, whole = state.resolve(), target.resolve()
    if inside == whole or whole in inside.parents:
        raise UsageError(
            f"--state {state}: it is in the target", hint="name a folder elsewhere"
        )


def make_own_folder(state: Path, name: str) -> Path:
    """Make a folder in the state folder, if need be, and return it.

    Raises:
        StoreError: if it cannot be made, or is a link or somebody else's: what is
            written there would be elsewhere, or in other hands.
    """
    folder = state / name
    make_folder(state)
    if not os.path.lexists(folder):
        make_folder(folder)
    with disk_errors(folder):
        found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise StoreError(f"{folder}: is a link or a file, not a folder of gosync's")
    if found.st_uid not in {os.geteuid(), 0}:
        raise StoreError(
            f"{folder}: belongs to user {found.st_uid}",
            hint="name a state folder of your own: --state DIR",
        )
    return folder


def read_own(file: Path, *, limit_bytes: int = -1) -> bytes:
    """Return the bytes of a file there, none where there is no plain file.

    What is a link or a pipe says nothing, and is replaced by what is kept next.

    Args:
        file: The file.
        limit_bytes: How many bytes are read at most; -1 for all.

    Raises:
        OSError: if it cannot be read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(file, flags)
    except OSError as exc:
        if exc.errno in _NO_FILE:
            return b""
        raise
    with os.fdopen(handle, "rb") as stream:
        is_file = stat.S_ISREG(os.fstat(handle).st_mode)
        return stream.read(limit_bytes) if is_file else b""
