"""Writing and removing files in a folder that others may have filled.

Folders on the way are entered from the one above; no link is followed, and what is
mounted somewhere in the target is not the target's.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from gosync.folder.copying import require_same_mount
from gosync.folder.tree import FOLDER_FLAGS, DamagedFileError, FileTree

FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755


def stat_of(tree: FileTree, path: str) -> os.stat_result | None:
    """Return what is at a path of the target, None for nothing that can be reached."""
    folder, _, name = path.rpartition("/")
    try:
        with tree.folder(folder) as above:
            return os.stat(name, dir_fd=above, follow_symlinks=False)
    except (OSError, DamagedFileError):
        return None


def remove(tree: FileTree, path: str) -> None:
    """Remove something for good.

    Raises:
        OSError: if it cannot be removed.
    """
    folder, _, name = path.rpartition("/")
    with tree.folder(folder) as above:
        discard(above, name)
        os.fsync(above)


def discard(above: int, name: str) -> None:
    """Remove whatever has a name in an open folder.

    Raises:
        OSError: if it cannot be removed.
    """
    found = os.stat(name, dir_fd=above, follow_symlinks=False)
    if stat.S_ISDIR(found.st_mode):
        remove_folder(above, name)
    else:
        os.unlink(name, dir_fd=above)


def remove_folder(above: int, name: str) -> None:
    """Remove a folder and all below it, read-only ones too; follow nothing.

    However deep it is: what is in a folder below comes up, then that one goes.

    Raises:
        OSError: if it cannot be removed, or something is mounted in it, which stays.
    """
    with _entered(above, name) as top:
        while folders := _remove_files(top):
            for folder in folders:
                with _entered(top, folder) as below:
                    for each in _remove_files(below):
                        fresh = secrets.token_hex(8)
                        os.rename(each, fresh, src_dir_fd=below, dst_dir_fd=top)
                os.rmdir(folder, dir_fd=top)
    os.rmdir(name, dir_fd=above)


@contextmanager
def _entered(above: int, name: str) -> Iterator[int]:
    """Open a folder to empty it."""
    handle = os.open(name, FOLDER_FLAGS, dir_fd=above)
    try:
        require_same_mount(handle, above)
        yield handle
    finally:
        os.close(handle)


def _unlock(above: int, name: str) -> None:
    """Let a folder's owner change it, else it cannot even be moved."""
    with _entered(above, name) as handle, suppress(PermissionError):
        os.fchmod(handle, 0o700)


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


def write(
    tree: FileTree,
    path: str,
    pieces: Iterable[bytes],
    *,
    mode: int = FILE_MODE,
    owner: os.stat_result | None = None,
) -> None:
    """Put bytes under a path of the target, whole or not at all, as a new file.

    The folders on the way are made if need be.

    Args:
        tree: The target.
        path: Where to; what is there is replaced, unless it is a folder.
        pieces: The bytes.
        mode: The file's mode.
        owner: Who has its owner and group; the target's folder by default.

    Raises:
        OSError: if they cannot be written.
    """
    folder, _, name = path.rpartition("/")
    _make_folders(tree, folder)
    temporary = temporary_name()
    with tree.folder("") as top, tree.folder(folder) as above:
        owner = owner or os.fstat(top)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(temporary, flags, 0o600, dir_fd=top)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                _give(handle, owner)
                os.fchmod(handle, mode)
                os.fsync(handle)
            with changeable(above):
                os.rename(temporary, name, src_dir_fd=top, dst_dir_fd=above)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=top)
            raise
        os.fsync(above)


@contextmanager
def changeable(folder: int) -> Iterator[None]:
    """Let the owner of an open folder change it meanwhile, if we are that one."""
    mode = stat.S_IMODE(os.fstat(folder).st_mode)
    if mode & stat.S_IWUSR:
        yield
        return
    with suppress(PermissionError):
        os.fchmod(folder, mode | stat.S_IWUSR)
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.fchmod(folder, mode)


def temporary_name() -> str:
    """Return a name for something that is not whole yet; ``layouts.TEMPORARY``."""
    return f".gosync-verify.{secrets.token_hex(8)}.tmp"


def _give(handle: int, owner: os.stat_result) -> None:
    """Give something open to an owner, where that is allowed."""
    with suppress(PermissionError):
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _make_folders(tree: FileTree, folder: str) -> None:
    """Make the folders on the way; they are the target's owner's."""
    done = ""
    for name in folder.split("/") if folder else ():
        with tree.folder(done) as above, suppress(FileExistsError):
            os.mkdir(name, _FOLDER_MODE, dir_fd=above)
            with _entered(above, name) as made, tree.folder("") as top:
                _give(made, os.fstat(top))
            os.fsync(above)
        done = f"{done}/{name}" if done else name
