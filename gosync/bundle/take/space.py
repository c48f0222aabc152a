"""A check of free space, before an import writes anything.

What it takes: the new contents; scratch as large as a volume or the largest segment,
for what is unpacked and has no name yet, and the checksum database's tiles; and the new
contents once more where the tree is on another disk than the store, since it cannot
share them by links. Tiles are in the store and in the tree besides, and the catalog's
write-ahead log grows until it is written back. Zips that are made anew from their
contents may be larger than the upstream's by a part, which is allowed for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gosync.bundle.take.plan import ImportPlan
from gosync.errors import NoSpaceError
from gosync.store.durable import disk_errors

if TYPE_CHECKING:
    from gosync.site.site import Site

_REMADE = 1.25  # a quick compressor's zips stay below that
_TILE_BYTES = 8 << 10
_CATALOG_LOG_BYTES = 4 << 20  # SQLite's write-ahead log, before it is checkpointed
_SMALL_BYTES = 16 << 10  # a version's .info, .mod, rows and names, by whole blocks


def check_import_fits(site: Site, plan: ImportPlan) -> None:
    """Check that the disks of store and tree have room for what a plan brings.

    Raises:
        NoSpaceError: One has not; the message says how much is wanted.
        StoreError: A disk refuses.
    """
    bundles = [taking.bundle for taking in plan.takings]
    parts = [v.size_bytes for each in bundles for v in each.header.volumes]
    parts += [s.size_bytes for each in bundles for s in each.manifest.segments]
    versions = sum(len(taking.versions) for taking in plan.takings)
    contents = round(plan.new_bytes * _REMADE) + versions * _SMALL_BYTES
    reserve = site.options.min_free_bytes
    tiles = sum(taking.bundle.header.tiles for taking in plan.takings) * _TILE_BYTES
    scratch = max(parts, default=0) + tiles + _CATALOG_LOG_BYTES
    site.blobs.check_space(contents + scratch + 2 * tiles, min_free_bytes=reserve)
    contents += tiles
    if not isinstance(site.options.tree_path, Path):
        return  # nobody says what a bucket still takes
    tree = _there(site.options.tree_path)
    store = site.options.store_path
    with disk_errors(tree):
        if tree.stat().st_dev == store.stat().st_dev:
            return
        room = os.statvfs(tree)
    free = room.f_bavail * room.f_frsize
    if free < contents:
        raise NoSpaceError(
            f"{tree}: {free} bytes free, the bundle brings {contents}",
            hint="free some space, or put the tree on the store's disk",
        )


def _there(path: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    while not path.exists():
        path = path.parent
    return path
