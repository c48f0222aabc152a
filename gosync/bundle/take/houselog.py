"""House log of a bundle: it extends the one that is here, or the bundle is refused.

A site that signs the log itself takes none from bundles; one that does not know it
(``[house_log]``) keeps it as the documents that it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from gosync.artifact import DOCUMENT
from gosync.bundle.format.artifacts import ArtifactEntry
from gosync.errors import RollbackError
from gosync.site.househeads import check_extends
from gosync.site.houselog import FOLDER, read_head, read_log, stored_files
from gosync.site.site import Site
from gosync.store.digest import Digest


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

    def read(name: str) -> bytes | None:
        entry = told.get(name)
        if entry is None:
            return None
        return site.blobs.read(Digest(entry.digest), limit_bytes=entry.size_bytes)

    here = read_head(stored_files(site.catalog, site.blobs, spec), spec)
    coming = read_log(read, spec, "the bundle")
    if here is None:
        return
    if coming.size < here.tree.n:
        raise RollbackError(
            f"the bundle has a tree head of {spec.name} with {coming.size} records,"
            f" here is one with {here.tree.n}"
        )
    check_extends(coming, here, "the store")


def is_own_log(site: Site, name: str) -> bool:
    """Return whether a document is of a log that bundles do not change or take."""
    spec = site.options.house_log
    return spec is not None and name.startswith(f"{FOLDER}{spec.name}/")
