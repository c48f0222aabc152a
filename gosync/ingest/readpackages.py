"""Packages that were read while zips were hashed, until their rows are committed."""

from __future__ import annotations

from collections.abc import Iterable

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow


class ReadPackages:
    """Packed packages of admitted zips, by their h1; threads may share it."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}

    def note(self, zip_h1: str, packed: bytes | None) -> None:
        """Keep what was read of an admitted zip until its row is committed."""
        if packed is not None:
            self._packed[zip_h1] = packed

    def put_into(self, catalog: Catalog, rows: Iterable[VersionRow]) -> None:
        """Write what was noted of the zips of these rows, and keep it no longer.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        hashes = {row.zip_h1 for row in rows if row.zip_h1} & self._packed.keys()
        catalog.packages.put([(each, self._packed.pop(each)) for each in hashes])
