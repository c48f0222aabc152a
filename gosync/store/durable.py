"""Writing so that it outlives a power cut, and the border for OSError.

A file appears whole or not at all, and once it is said to be there, it stays:

    1. open(temp, O_CREAT|O_EXCL) in the same filesystem
    2. write, all of it
    3. fsync(temp)
    4. rename(temp, final)
    5. fsync(folder of final)

A new folder is made with mkdir and fsync of its parent. After a failed fsync
the pages may be marked clean though they were never written: the file is thrown
away, fsync is never tried again on it.

Who makes a temporary file or folder holds a ``flock`` on it as long as it is open, so
that a sweep beside it takes only what killed runs left behind.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from gosync.errors import NoSpaceError, StoreError

FILE_MODE = 0o644
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_NO_ACCESS = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def disk_errors(subject: object) -> Iterator[None]:
    """Turn OSError into ours.

    Raises:
        NoSpaceError: the disk or the quota is full.
        StoreError: any other OSError.
    """
    try:
        yield
    except OSError as error:
        raise disk_error(subject, error) from error


def disk_error(subject: object, error: OSError) -> StoreError:
    """Return ours for an OSError; see disk_errors."""
    reason = error.strerror or str(error)
    if error.errno in _NO_SPACE:
        return NoSpaceError(
            f"{subject}: {reason}",
            hint="free some space and run the command again",
        )
    return StoreError(f"{subject}: {reason}", hint=_hint(error.errno))


def _hint(number: int | None) -> str | None:
    if number in _NO_ACCESS:
        return "check that the store is mounted writable and owned by this user"
    if number == errno.EIO:
        return "the disk reports an error; look at the kernel's log before going on"
    return None


def write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of the bytes; a plain write may take fewer.

    Raises:
        OSError: as from write.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        OSError: as from open and fsync.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, durable before it returns.

    Raises:
        StoreError: it cannot be made.
        NoSpaceError: the disk is full.
    """
    with disk_errors(folder):
        missing: list[Path] = []
        while not folder.is_dir():
            missing.append(folder)
            folder = folder.parent
        for each in reversed(missing):
            with suppress(FileExistsError):
                each.mkdir()
            sync_folder(each.parent)


def create_temporary(path: Path, mode: int) -> int:
    """Make a file that no sweep removes as long as it is open; return its descriptor.

    Raises:
        OSError: as from open and flock.
    """
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, mode)
        if _own(descriptor):
            return descriptor


def make_temporary_folder(path: Path) -> int:
    """Make a folder that no sweep removes as long as it is open; return its descriptor.

    Raises:
        OSError: as from mkdir, open and flock.
    """
    while True:
        path.mkdir(mode=0o755)
        with suppress(FileNotFoundError):  # swept already
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if _own(descriptor):
                return descriptor


def _own(descriptor: int) -> bool:
    """Lock what was made a moment ago; False if a sweep was faster, and removed it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # a sweep holds it for an instant
        if os.fstat(descriptor).st_nlink:
            return True
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return False


def sweep_temporary(path: Path) -> bool:
    """Remove a temporary file or folder whose maker is gone; False if it is not.

    Raises:
        OSError: it cannot be looked at or removed.
    """
    if path.is_symlink():  # somebody else's; what it leads to stays
        path.unlink()
        return True
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except (BlockingIOError, FileNotFoundError):  # at work, or renamed meanwhile
        return False
    finally:
        os.close(descriptor)
    return True


def replace_file(
    path: Path,
    data: bytes | Iterable[bytes],
    *,
    staging: Path,
    durable: bool = True,
) -> None:
    """Put these bytes under a name, whole or not at all.

    Args:
        path: The name; its folder is there.
        data: The bytes, or pieces of them.
        staging: A folder of the same filesystem for the bytes until they are
            whole: one that is swept, so that a killed run leaves nothing.
        durable: Whether to sync file and folder; without, a later barrier must.

    Raises:
        StoreError: it cannot be written; what was there stays.
        NoSpaceError: the disk is full.
    """
    temporary = staging / secrets.token_hex(8)
    with disk_errors(path):
        descriptor = create_temporary(temporary, FILE_MODE)
        try:
            for piece in (data,) if isinstance(data, bytes) else data:
                write_all(descriptor, piece)
            if durable:
                os.fsync(descriptor)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        finally:
            os.close(descriptor)
        if durable:
            sync_folder(path.parent)


def sync_filesystem(folder: Path) -> None:
    """Write out everything of the filesystem that has this folder.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        number = _syncfs()(descriptor)
        if number != 0:
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)


@cache  # ctypes makes a type for each library opened, and the cycle collector frees it
def _syncfs() -> Callable[[int], int]:
    """Return what syncs the filesystem of a descriptor, and tells errno, 0 for none."""
    import ctypes  # noqa: PLC0415 - for those alone who write much

    library = ctypes.CDLL(None, use_errno=True)

    def sync(descriptor: int) -> int:
        if not hasattr(library, "syncfs"):
            os.sync()  # a libc without it: everything is more than enough
            return 0
        return 0 if library.syncfs(descriptor) == 0 else ctypes.get_errno()

    return sync
