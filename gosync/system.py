"""What the system refuses, as an error of ours: the last border before a bug report.

Each room turns the refusals that it expects into errors that say more. What comes
through to here (a descriptor too many, a file system that went away in between, a
current folder that was removed) still is no bug: it gets one line and an exit code.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from gosync.errors import (
    GosyncError,
    NoSpaceError,
    StoreError,
    UnavailableError,
    UsageError,
)

_NO_SPACE: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_HINTS: Final = {
    errno.EACCES: "check the owner and the mode of the file and of its folders",
    errno.EPERM: "check the owner and the mode of the file and of its folders",
    errno.EROFS: "mount it writable, or choose another place",
    errno.EMFILE: "raise the limit of open files: ulimit -n, or LimitNOFILE= of a unit",
    errno.ENFILE: "the whole system has too many files open: see fs.file-max",
    errno.EIO: "look for its medium's errors: dmesg",
    errno.ESTALE: "mount its file system anew",
    errno.ENOTCONN: "mount its file system anew",
}


def error_of_system(error: Exception) -> GosyncError | None:
    """Return what the system's refusal amounts to; None where it is none."""
    if isinstance(error, MemoryError):
        return StoreError("out of memory", hint="give it more, or run less at once")
    if isinstance(error, RuntimeError) and isinstance(error.__context__, OSError):
        error = error.__context__  # pathlib's own, of a loop of symbolic links
    if not isinstance(error, OSError):
        return None
    text = _sentence(error)
    if error.errno in _NO_SPACE:
        return NoSpaceError(text, hint="free some space and run the command again")
    if isinstance(error, ConnectionError | TimeoutError):
        return UnavailableError(text, hint="run the command again")
    if error.filename is None and not _has_current_folder():
        return UsageError(
            "the current folder is not there any more",
            hint="change to one that is, and run the command again",
        )
    return StoreError(text, hint=_HINTS.get(error.errno or 0))


def _sentence(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    names = [error.filename, error.filename2]
    shown = " -> ".join(_name(each) for each in names if each is not None)
    return f"{shown}: {reason}" if shown else reason


def _name(file: object) -> str:
    return os.fsdecode(file) if isinstance(file, str | bytes) else f"descriptor {file}"


def _has_current_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - the question is whether there is one
    except OSError:
        return False
    return True
