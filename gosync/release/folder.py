"""Files of a folder, and whether git knows all of them.

Left out are the folders of version control, and what ``choosing`` leaves out. In a git
checkout a file that is modified, untracked or ignored would be in the release and in no
commit, so nobody could make it again; it is refused unless the user says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from gosync.errors import UsageError
from gosync.git.command import git_output, has_git
from gosync.git.files import ReleaseSource, SourceFile

_VERSION_CONTROL: Final = frozenset({".bzr", ".git", ".hg", ".svn"})
_SHOWN: Final = 5
# What "git status --porcelain" says of a file, as far as it is not plainly modified.
_STATES: Final = {"??": "untracked", "!!": "ignored", "A": "added", "D": "deleted"}


def folder_source(folder: Path, *, now: datetime, allow_dirty: bool) -> ReleaseSource:
    """Return the files of a folder.

    Args:
        folder: The module's root.
        now: The version's time.
        allow_dirty: Whether files count that no commit has.

    Raises:
        UsageError: The folder cannot be read, or has files that no commit has.
    """
    if not allow_dirty:
        _check_clean(folder)
    return ReleaseSource(tuple(_files(folder)), time=now)


def _files(folder: Path) -> Iterator[SourceFile]:
    try:
        for here, folders, names in os.walk(folder, onerror=_raise):
            folders[:] = sorted(set(folders) - _VERSION_CONTROL)
            links = [each for each in folders if (Path(here) / each).is_symlink()]
            for name in sorted([*names, *links]):
                path = Path(here) / name
                stat = path.lstat()
                yield SourceFile(
                    path.relative_to(folder).as_posix(),
                    stat.st_size,
                    is_regular=path.is_file() and not path.is_symlink(),
                    read=partial(_read, path),
                )
    except OSError as exc:
        raise UsageError(f"{exc.filename}: {exc.strerror}") from exc


def _raise(error: OSError) -> None:
    raise error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise UsageError(f"{path}: {exc.strerror}") from exc


def _check_clean(folder: Path) -> None:
    """Refuse files that the checkout's commit has not, or has otherwise."""
    if not has_git() or not git_output(folder, "rev-parse", "--git-dir", may_fail=True):
        return
    status = git_output(
        folder, "status", "--porcelain=v1", "-z", "--no-renames", "--ignored",
        "--untracked-files=all", "--", ".",
    )  # fmt: skip
    changed = [f"{e[3:]} ({_state(e[:2])})" for e in status.split("\0") if e]
    if not changed:
        return
    shown = ", ".join(changed[:_SHOWN])
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    raise UsageError(
        f"{folder}: no commit has these files as they are here: {shown}{more}",
        hint="commit them, release a tag instead, or take them with --allow-dirty",
    )


def _state(code: str) -> str:
    """Return what the two letters say that stand before a file's name."""
    if code in _STATES:
        return _STATES[code]
    return next((_STATES[each] for each in "AD" if each in code), "modified")
