"""Holdings: which versions and artifacts the store has already, and in what state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from gosync.artifact import Artifact
from gosync.catalog.versions import Need, Proof, VersionRow
from gosync.store.digest import Digest

if TYPE_CHECKING:
    from gosync.bundle.format.manifest import Base, VersionEntry
    from gosync.site.site import Site


class Holdings:
    """What the store has, by version."""

    def __init__(
        self,
        rows: Iterable[VersionRow],
        *,
        proves: Callable[[str], bool],
        exists: Callable[[VersionRow], bool],
        has_blob: Callable[[Artifact], bool] = lambda _: False,
    ) -> None:
        """Take note of what is carried.

        Args:
            rows: The catalog's rows.
            proves: Whether a module's versions need a record of the checksum
                database.
            exists: Whether the blobs of a row are there.
            has_blob: Whether the blob of an artifact is.
        """
        self._has_blob = has_blob
        self._exists = exists
        self._rows = {row.mv: row for row in rows if row.carried is not None}
        self._proves = proves

    def has(self, entry: VersionEntry) -> bool:
        """Return whether all that a selection wants of a version is here."""
        row = self._rows.get(entry.mv)
        if row is None or row.mod_h1 != entry.mod_h1:
            return False
        if self._proves(entry.path) and row.proof is not Proof.SUMDB:
            return False
        whole = row.carried is Need.ZIP and row.zip_h1 == entry.zip_h1
        return (whole or entry.need is Need.MOD) and self._exists(row)

    def has_artifact(self, artifact: Artifact) -> bool:
        """Return whether the bytes of an artifact are here."""
        return self._has_blob(artifact)

    def has_base(self, base: Base) -> bool:
        """Return whether the zip is here that a patch is against."""
        row = self._rows.get(base.mv)
        if row is None or row.carried is not Need.ZIP or row.zip_h1 != base.h1:
            return False
        return self._exists(row)


def holdings_of(site: Site, *, proves: Callable[[str], bool]) -> Holdings:
    """Return what a site's store has.

    Args:
        site: The site.
        proves: Whether a module's versions need a record of the checksum database.

    Raises:
        CatalogError: The catalog cannot be read.
    """
    blobs = site.blobs

    def exists(row: VersionRow) -> bool:
        """Return whether a row's blobs are there; a disk may have lost some."""
        return all(
            blobs.exists(Digest(digest), size_bytes=size_bytes)
            for digest, size_bytes in row.blobs().values()
        )

    def has_blob(artifact: Artifact) -> bool:
        return blobs.exists(Digest(artifact.digest), size_bytes=artifact.size_bytes)

    rows = site.catalog.versions.all_rows()
    return Holdings(rows, proves=proves, exists=exists, has_blob=has_blob)
