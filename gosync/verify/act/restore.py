"""Restore: what is in quarantine, moved back; modes, owners and times as before.

What stands in a thing's place by now is replaced only if it is what the action wrote
there. From another file system a thing is copied, synced, and only then removed from
the quarantine; nothing is followed.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial

from gosync.errors import GosyncError, UsageError
from gosync.folder.moving import move
from gosync.folder.placing import discard, stat_of
from gosync.folder.tree import FileTree
from gosync.verify.act.access import Changed, change, pieces_of
from gosync.verify.act.quarantine import Moved, MovedManifest, TargetQuarantine


def put_all_back(
    tree: FileTree,
    quarantine: TargetQuarantine,
    guard: Callable[[], AbstractContextManager[None]] = nullcontext,
    put: Callable[[TargetQuarantine, Moved], str] | None = None,
) -> list[tuple[str, str]]:
    """Put everything from a quarantine back; return each path, and why it could not be.

    Args:
        tree: Where to.
        quarantine: Where from.
        guard: Held around each thing, so that nobody writes meanwhile.
        put: Moves one thing back as ``put_back`` does, where it is no file.

    Raises:
        UsageError: if there is no such quarantine, or it is another target's.
    """
    manifest = quarantine.read()
    if manifest.target != str(tree.root):
        raise UsageError(
            f"{quarantine.id}: moved from {manifest.target}, not from {tree.root}"
        )
    put = put or (lambda quarantine, moved: put_back(quarantine, tree, moved))
    results = [
        (each.path, _attempt(partial(put, quarantine, each), guard))
        for each in reversed(manifest.entries)
    ]
    results += [
        (each.path, _attempt(partial(_change_back, tree, each), guard))
        for each in reversed(manifest.access)
    ]
    if not any(failed for _, failed in results):
        _set_times(tree, manifest)
    return results


def _attempt(
    work: Callable[[], str], guard: Callable[[], AbstractContextManager[None]]
) -> str:
    try:
        with guard():
            return work()
    except OSError as exc:
        return exc.strerror or str(exc)
    except GosyncError as exc:
        return str(exc)


def put_back(quarantine: TargetQuarantine, tree: FileTree, moved: Moved) -> str:
    """Move something back; return why that cannot be, "" if it is done.

    Raises:
        OSError: if the file systems refuse.
    """
    folder, _, name = moved.path.rpartition("/")
    number = str(moved.number)
    with quarantine.opened() as here:
        if not _is_there(here, number):
            return _take_away(tree, moved)
        with tree.folder(folder) as above:
            if _is_there(above, name):
                if not _is_ours(tree, moved):
                    return "something else stands there now"
                if _is_folder(here, number):  # which no file makes way for
                    os.unlink(name, dir_fd=above)
            move(here, number, above, name)
    return ""


def _take_away(tree: FileTree, moved: Moved) -> str:
    """Remove what was written where nothing was."""
    if moved.there or moved.wrote is None:
        return "it is not in quarantine; it was never moved"
    if stat_of(tree, moved.path) is None:
        return ""
    if not _is_ours(tree, moved):
        return "something else stands there now"
    folder, _, name = moved.path.rpartition("/")
    with tree.folder(folder) as above:
        discard(above, name)
        os.fsync(above)
    return ""


def _change_back(tree: FileTree, changed: Changed) -> str:
    change(tree, changed.path, changed.now, changed.was)
    return ""


def _set_times(tree: FileTree, manifest: MovedManifest) -> None:
    """Let the folders say when they had changed before."""
    for path, time_ns in manifest.times.items():
        with suppress(OSError, GosyncError), tree.folder(path) as folder:
            os.utime(folder, ns=(time_ns, time_ns))


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_folder(folder: int, name: str) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def _is_ours(tree: FileTree, moved: Moved) -> bool:
    """Return whether what stands in a thing's place is what was written there."""
    if moved.wrote is None:
        return False
    digest = hashlib.sha256()
    try:
        for piece in pieces_of(tree, moved.path):
            digest.update(piece)
    except GosyncError:  # then it is somebody else's
        return False
    return digest.hexdigest() == moved.wrote
