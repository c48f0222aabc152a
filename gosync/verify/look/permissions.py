"""File permissions that let the wrong users read or write."""

from __future__ import annotations

import os
import stat
from typing import Final

from gosync.folder.layouts import Role
from gosync.folder.walk import Entry
from gosync.gomod.filekind import FileKind
from gosync.verify.verdicts import CacheFinding, Fix, Verdict

# What is met otherwise than by a copy, where the bytes may be somebody's secret.
_INSTEAD: Final = {
    FileKind.INFO: Fix.FETCH,
    FileKind.MOD: Fix.FETCH,
    FileKind.ZIP: Fix.FETCH,
    Role.ZIPHASH: Fix.REWRITE,
    Role.LIST: Fix.REWRITE,
    Role.LATEST: Fix.REWRITE,
    Role.ALIAS: Fix.DROP,
    Role.LOCK: Fix.DROP,
    Role.LOOKUP: Fix.FETCH,
    Role.TILE: Fix.FETCH,
    Role.HEAD: Fix.FETCH,
    Role.SUPPORTED: Fix.FETCH,
}


def access_trouble(entry: Entry, root: os.stat_result) -> str:
    """Return what is wrong with a file's mode or owner, "" if nothing is.

    Whoever owns the target must be able to read it, and not everybody may write it.
    """
    found = entry.stat
    if stat.S_ISLNK(found.st_mode):
        return ""
    mode = stat.S_IMODE(found.st_mode)
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        return f"mode {mode:04o}: everybody may write it"
    if _lets_read(found, root):
        return ""
    owner = f"{found.st_uid}:{found.st_gid}"
    return f"mode {mode:04o} of {owner}: the target's owner cannot read it"


def _lets_read(found: os.stat_result, root: os.stat_result) -> bool:
    """Return whether a file lets the owner of the target read it."""
    if found.st_uid == root.st_uid:
        return bool(found.st_mode & stat.S_IRUSR)
    if found.st_gid == root.st_gid:
        return bool(found.st_mode & stat.S_IRGRP)
    return bool(found.st_mode & stat.S_IROTH)


def access_finding(
    entry: Entry, reason: str, root: os.stat_result, *, is_public: bool = False
) -> CacheFinding:
    """Return the finding of a file that may be read or written by the wrong ones.

    Args:
        entry: The file.
        reason: What is wrong.
        root: The target's folder.
        is_public: Whether its bytes are known to be no secret.
    """
    fix = Fix.ACCESS
    if not is_public and is_borrowed(entry, root):
        fix = _INSTEAD.get(entry.place.role, Fix.NOTHING)
        reason += f"; of {entry.stat.st_nlink} names, so it may be another's file"
    return CacheFinding(
        verdict=Verdict.CORRUPT,
        path=entry.path,
        mv=entry.place.mv,
        reason=reason,
        fix=fix,
    )


def is_borrowed(entry: Entry, root: os.stat_result) -> bool:
    """Return whether a file may be kept from the target's owner under another name."""
    found = entry.stat
    is_shared = entry.is_file and found.st_nlink > 1
    return is_shared and found.st_uid != root.st_uid and not _lets_read(found, root)
