"""Copying files, folders and links between file systems.

Both folders are open, and nothing is reached but by names in them: no link is
followed, whoever changes them meanwhile. A copy has the mode, the owner (where that
is allowed), the time and the extended attributes of what it is of, and is durable. A
folder is copied with all in it, but never what is mounted there.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gosync.folder.tree import FOLDER_FLAGS

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE_BYTES: Final = 1 << 20
_MAX_DEPTH: Final = 128
_SET_IDS: Final = stat.S_ISUID | stat.S_ISGID


def copy(source: int, name: str, target: int, as_name: str, *, depth: int = 0) -> None:
    """Copy something between two open folders.

    Args:
        source: The folder that it is in.
        name: Its name there.
        target: The folder that the copy is made in.
        as_name: The name of the copy, which nothing has yet.
        depth: How many folders are above it that are copied, too.

    Raises:
        OSError: if it cannot be copied; a part of the copy may be there.
    """
    found = os.stat(name, dir_fd=source, follow_symlinks=False)
    if stat.S_ISDIR(found.st_mode):
        _copy_folder(source, name, target, as_name, depth)
    elif stat.S_ISREG(found.st_mode):
        _copy_file(source, name, target, as_name)
    elif stat.S_ISLNK(found.st_mode):
        os.symlink(os.readlink(name, dir_fd=source), as_name, dir_fd=target)
        _dress_name(target, as_name, found)
    else:  # a pipe, a socket; a device if we may
        os.mknod(as_name, found.st_mode, found.st_rdev, dir_fd=target)
        _dress_name(target, as_name, found)


def require_same_mount(handle: int, above: int) -> None:
    """Check that a folder is no other file system, mounted in the one above.

    Raises:
        OSError: if it is one.
    """
    if mount_of(handle) != mount_of(above):
        raise OSError(errno.EXDEV, "another file system is mounted there")


def mount_of(handle: int) -> str:
    """Return which mount an open file is reached by, as the system numbers them."""
    with suppress(OSError):  # no /proc: its device must do
        facts = Path(f"/proc/self/fdinfo/{handle}").read_text("ascii")
        for line in facts.splitlines():
            key, _, number = line.partition(":")
            if key == "mnt_id":
                return number.strip()
    return f"device {os.fstat(handle).st_dev}"


def _copy_folder(source: int, name: str, target: int, as_name: str, depth: int) -> None:
    if depth >= _MAX_DEPTH:
        raise OSError(errno.ELOOP, "too deep to be copied to another file system")
    with _opened(name, FOLDER_FLAGS, source) as old:
        require_same_mount(old, source)
        os.mkdir(as_name, 0o700, dir_fd=target)
        with _opened(as_name, FOLDER_FLAGS, target) as new:
            for each in os.listdir(old):  # noqa: PTH208 - no Path is that folder
                copy(old, each, new, each, depth=depth + 1)
            _dress(new, old)
            os.fsync(new)


def _copy_file(source: int, name: str, target: int, as_name: str) -> None:
    with _opened(name, _READ, source) as old, _created(as_name, target) as new:
        if not stat.S_ISREG(os.fstat(old).st_mode):
            raise OSError(errno.ESTALE, "is no file any more")
        while piece := os.read(old, _PIECE_BYTES):
            view = memoryview(piece)
            while view:
                view = view[os.write(new, view) :]
        _dress(new, old)
        os.fsync(new)


@contextmanager
def _opened(name: str, flags: int, folder: int) -> Iterator[int]:
    handle = os.open(name, flags, dir_fd=folder)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _created(name: str, folder: int) -> Iterator[int]:
    handle = os.open(name, _CREATE, 0o600, dir_fd=folder)
    try:
        yield handle
    finally:
        os.close(handle)


def _dress(new: int, old: int) -> None:
    """Give an open copy what its original has beside its bytes."""
    found = os.fstat(old)
    mode = stat.S_IMODE(found.st_mode)
    try:
        os.fchown(new, found.st_uid, found.st_gid)
    except PermissionError:  # then it must not act as somebody else
        mode &= ~_SET_IDS
    os.fchmod(new, mode)
    with suppress(OSError):  # not every file system has them
        for name in os.listxattr(old):
            os.setxattr(new, name, os.getxattr(old, name))
    os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))


def _dress_name(folder: int, name: str, found: os.stat_result) -> None:
    """Do the same for what cannot be opened; not its mode, which is its making's."""
    with suppress(PermissionError):
        os.chown(name, found.st_uid, found.st_gid, dir_fd=folder, follow_symlinks=False)
    times = (found.st_atime_ns, found.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=folder, follow_symlinks=False)
