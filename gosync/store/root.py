"""A store's root folder: made once, with all its folders, durable."""

from __future__ import annotations

from pathlib import Path

from gosync.errors import StoreError
from gosync.hint import advise, command
from gosync.store.durable import disk_errors, make_folder
from gosync.store.layout import FOLDERS


def open_store(root: Path, *, create: bool = True) -> None:
    """See to it that a store's folders are there.

    Args:
        root: The store's root.
        create: Whether to make a store where there is none. Without, a root that
            vanished (an unmounted disk) is an error instead of an empty store.

    Raises:
        StoreError: the folders are not there or cannot be made.
        NoSpaceError: the disk is full.
    """
    with disk_errors(root):
        there = root.is_dir()
    if not there and not create:
        raise StoreError(
            f"{root}: there is no store",
            hint=advise(
                "check store.path and its mount, or run {} first", command("sync")
            ),
        )
    for folder in FOLDERS:
        make_folder(root / folder)
