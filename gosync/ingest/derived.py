"""What was read of zips while they were hashed, until their rows are committed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gosync.catalog.db import Catalog
from gosync.catalog.versions import VersionRow


class Derived(NamedTuple):
    """What is derived from one zip.

    Attributes:
        packages: Its packages and what they import, packed; None if they are too many.
        licences: Its licences, packed.
        readme: Its README, packed.
    """

    packages: bytes | None
    licences: bytes
    readme: bytes


class DerivedFacts:
    """What is derived from admitted zips, by their h1; threads may share it."""

    def __init__(self) -> None:
        self._noted: dict[str, Derived] = {}

    def note(self, zip_h1: str, derived: Derived | None) -> None:
        """Keep what was read of an admitted zip until its row is committed."""
        if derived is not None:
            self._noted[zip_h1] = derived

    def put_into(self, catalog: Catalog, rows: Iterable[VersionRow]) -> None:
        """Write what was noted of the zips of these rows, and keep it no longer.

        Raises:
            CatalogError: the catalog cannot be written.
        """
        hashes = {row.zip_h1 for row in rows if row.zip_h1} & self._noted.keys()
        noted = [(each, self._noted.pop(each)) for each in hashes]
        packages = [(h1, each.packages) for h1, each in noted if each.packages]
        catalog.packages.put(packages)
        catalog.licences.put((h1, each.licences) for h1, each in noted)
        catalog.readmes.put((h1, each.readme) for h1, each in noted)
