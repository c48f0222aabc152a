"""House log of a bundle: it extends the one that is here, or the bundle is refused.

A site that signs the log itself takes none from bundles; one that does not know it
(``[house_log]``) keeps it as the documents that it is.

Where the files of records that are here come again as they are, the tree's tiles tell
what they make, and only what follows is read; else all of them are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from gosync.artifact import DOCUMENT
from gosync.bundle.format.artifacts import ArtifactEntry
from gosync.errors import RollbackError
from gosync.site.househeads import SignedLog, check_extends
from gosync.site.houselog import FOLDER, ReadFile, read_head, read_log, stored_files
from gosync.site.housetip import TreeTiles, read_tip
from gosync.site.options import HouseLogSpec
from gosync.site.site import Site
from gosync.site.treestorage import tree_storage
from gosync.store.digest import Digest
from gosync.sumdb.tile import FULL_TILE_WIDTH
from gosync.sumdb.treehead import SignedHead

_FILES: Final = ("records", "public")


def check_house_log(site: Site, entries: Iterable[ArtifactEntry]) -> None:
    """Hold a bundle's log against the one that is here; its blobs are in the store.

    Raises:
        RollbackError: it is older.
        ForkError: it is another one.
        SecurityError: its records are not those of its head, or nobody we know signed.
        StoreError: the store cannot be read.
    """
    spec = site.options.house_log
    if spec is None or spec.key is not None:
        return
    folder = f"{FOLDER}{spec.name}/"
    told = {
        each.name.removeprefix(folder): each
        for each in entries
        if each.kind == DOCUMENT and each.name.startswith(folder)
    }

    read = partial(_read_told, site, told)
    here = read_head(stored_files(site.catalog, site.blobs, spec), spec)
    coming = _read_coming(site, spec, told, read, here)
    if here is None:
        return
    if coming.size < here.tree.n:
        raise RollbackError(
            f"the bundle has a tree head of {spec.name} with {coming.size} records,"
            f" here is one with {here.tree.n}"
        )
    check_extends(coming, here, "the store")


def _read_coming(
    site: Site,
    spec: HouseLogSpec,
    told: Mapping[str, ArtifactEntry],
    read: ReadFile,
    here: SignedHead | None,
) -> SignedLog:
    """Return a bundle's log, held against its head."""
    if here is None or not _are_as_here(site, spec, told, here.tree.n):
        return read_log(read, spec, "the bundle")
    tree = tree_storage(site.options).reader()
    tiles = TreeTiles(tree.read, spec)
    return read_tip(read, spec, tiles, {here.tree.n}, "the bundle")


def _are_as_here(
    site: Site, spec: HouseLogSpec, told: Mapping[str, ArtifactEntry], size: int
) -> bool:
    """Whether the files of the records that are here come as they are, or go on."""
    folder = f"{FOLDER}{spec.name}"
    full, begun = divmod(size, FULL_TILE_WIDTH)
    for name in (f"{kind}/{at:06d}" for at in range(full) for kind in _FILES):
        known = site.catalog.artifacts.get(DOCUMENT, f"{folder}/{name}")
        entry = told.get(name)
        if known is None or entry is None or known.digest != entry.digest:
            return False
    here = stored_files(site.catalog, site.blobs, spec)
    names = [f"{kind}/{full:06d}" for kind in _FILES] if begun else []
    return all(_goes_on(here(name), _read_told(site, told, name)) for name in names)


def _goes_on(here: bytes | None, coming: bytes | None) -> bool:
    return None not in (here, coming) and (coming or b"").startswith(here or b"")


def _read_told(
    site: Site, told: Mapping[str, ArtifactEntry], name: str
) -> bytes | None:
    """Return a file that a bundle tells of, whose blob is in the store."""
    entry = told.get(name)
    if entry is None:
        return None
    return site.blobs.read(Digest(entry.digest), limit_bytes=entry.size_bytes)


def is_own_log(site: Site, name: str) -> bool:
    """Return whether a document is of a log that bundles do not change or take."""
    spec = site.options.house_log
    return spec is not None and name.startswith(f"{FOLDER}{spec.name}/")
