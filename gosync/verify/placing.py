"""Bytes put into a target, and things removed from it, whoever filled it.

Folders on the way are entered from the one above; no link is followed.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress

from gosync.closure.tree import FOLDER_FLAGS, Tree


def remove(tree: Tree, path: str) -> None:
    """Remove something for good.

    Raises:
        OSError: if it cannot be removed.
    """
    folder, _, name = path.rpartition("/")
    with tree.folder(folder) as above:
        found = os.stat(name, dir_fd=above, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            remove_folder(above, name)
        else:
            os.unlink(name, dir_fd=above)
        os.fsync(above)


def remove_folder(above: int, name: str) -> None:
    """Remove a folder and all below it, read-only ones too; follow nothing.

    However deep it is: what is in a folder below comes up, then that one goes.
    """
    top = os.open(name, FOLDER_FLAGS, dir_fd=above)
    try:
        while folders := _remove_files(top):
            for folder in folders:
                below = os.open(folder, FOLDER_FLAGS, dir_fd=top)
                try:
                    for each in _remove_files(below):
                        fresh = secrets.token_hex(8)
                        os.rename(each, fresh, src_dir_fd=below, dst_dir_fd=top)
                finally:
                    os.close(below)
                os.rmdir(folder, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=above)


def _unlock(above: int, name: str) -> None:
    """Let a folder's owner change it, else it cannot even be moved."""
    handle = os.open(name, FOLDER_FLAGS, dir_fd=above)
    try:
        with suppress(PermissionError):
            os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


def _remove_files(folder: int) -> list[str]:
    """Remove what is no folder from an open one; return the folders in it."""
    with suppress(PermissionError):
        os.fchmod(folder, 0o700)
    with os.scandir(folder) as found:
        below = [(each.name, each.is_dir(follow_symlinks=False)) for each in found]
    for name, is_folder in below:
        if is_folder:
            _unlock(folder, name)
        else:
            os.unlink(name, dir_fd=folder)
    return [name for name, is_folder in below if is_folder]


def write(tree: Tree, path: str, pieces: Iterable[bytes]) -> None:
    """Put bytes under a path of the target, whole or not at all.

    The folders on the way are made if need be. Mode and owner are those that the
    target's own files have.

    Raises:
        OSError: if they cannot be written.
    """
    folder, _, name = path.rpartition("/")
    _make_folders(tree, folder)
    root = tree.root.stat()
    temporary = f".gosync-verify.{secrets.token_hex(8)}.tmp"
    with tree.folder("") as top, tree.folder(folder) as above:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(temporary, flags, 0o644, dir_fd=top)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                own(handle, root)
                os.fsync(handle)
            os.rename(temporary, name, src_dir_fd=top, dst_dir_fd=above)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=top)
            raise
        os.fsync(above)


def own(handle: int, root: os.stat_result) -> None:
    """Give an open file the mode and the owner that a target's files have."""
    os.fchmod(handle, 0o644)
    with suppress(PermissionError):
        os.fchown(handle, root.st_uid, root.st_gid)


def _make_folders(tree: Tree, folder: str) -> None:
    done = ""
    for name in folder.split("/") if folder else ():
        with tree.folder(done) as above, suppress(FileExistsError):
            os.mkdir(name, dir_fd=above)
            os.fsync(above)
        done = f"{done}/{name}" if done else name
