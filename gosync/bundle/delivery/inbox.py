"""Inbox: the folder that a gateway delivers bundles into, one folder each.

A bundle that is still being delivered is known by what it lacks: SHA256SUMS, which is
written last, or one of the files that header and SHA256SUMS name, with its size. Names
that begin with a dot are a gateway's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from gosync.bundle.read.folder import BundleFolder
from gosync.errors import RejectedError, VolumeError
from gosync.store.durable import disk_errors

_MAX_ENTRIES = 100_000
_STILL = timedelta(minutes=15)  # a signature may come so long after the last file


def bundle_folders(inbox: Path) -> list[Path]:
    """Return the folders in an inbox, by name.

    Raises:
        StoreError: the inbox is not there or cannot be read.
    """
    with disk_errors(inbox), os.scandir(inbox) as found:
        names = [
            each.name
            for each in islice(found, _MAX_ENTRIES)
            if not each.name.startswith(".") and each.is_dir(follow_symlinks=False)
        ]
    return [inbox / name for name in sorted(names)]


def open_whole(folder: Path) -> BundleFolder:
    """Open a bundle that was delivered whole.

    Raises:
        VolumeError: it was not, or not yet; the message says what is missing.
    """
    try:
        bundle = BundleFolder.open(folder)
        bundle.check_sums()
        bundle.check_names()
    except RejectedError as error:  # a header of which the end is not here
        raise VolumeError(f"{folder}: {error}") from error
    return bundle


def is_still_arriving(folder: Path, now: datetime) -> bool:
    """Return whether a file of a folder was written a short while ago.

    Signatures are files that no other one names: one may come last.

    Raises:
        StoreError: the folder cannot be read.
    """
    with disk_errors(folder):
        newest = max(_written_at(folder), default=0.0)
    return now.timestamp() - newest < _STILL.total_seconds()


def _written_at(folder: Path) -> Iterator[float]:
    with os.scandir(folder) as found:
        for each in islice(found, _MAX_ENTRIES):
            yield each.stat(follow_symlinks=False).st_mtime
