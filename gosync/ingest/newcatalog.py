"""A new catalog's file, put in place of the old one in one rename.

The old one stays as ``catalog.sqlite.bak-N``, its write-ahead log with it; that log
must be out of the way before the rename, or SQLite would apply it to the new file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from gosync.store.durable import sync_folder

_SIDE_FILES = ("-wal", "-shm")


def remove_catalog(path: Path) -> None:
    """Remove a catalog's file, and what SQLite keeps beside it."""
    for suffix in ("", *_SIDE_FILES):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def move_into_place(fresh: Path, path: Path) -> Path | None:
    """Move the new catalog over the old one; return where the old one is kept."""
    backup = _back_up(path) if path.exists() else None
    sync_folder(path.parent)
    for suffix in _SIDE_FILES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    sync_folder(path.parent)
    fresh.replace(path)
    sync_folder(path.parent)
    return backup


def _back_up(path: Path) -> Path:
    number = 1
    while (backup := path.with_name(f"{path.name}.bak-{number}")).exists():
        number += 1
    for suffix in ("-wal", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            _link(source, backup.with_name(backup.name + suffix))
    return backup


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
