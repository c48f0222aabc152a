"""Selected versions by size: what is here, and how large zips are; read only."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gosync.catalog.connection import Connection
from gosync.catalog.versions import FoundBy, Need
from gosync.gomod.module import ModuleVersion

_PAGE_ROWS = 5_000
_SELECTED = """
SELECT path, version, selected, found_by, max_zip_bytes, zip_bytes,
    mod_digest IS NOT NULL, changed
FROM versions
WHERE selected IS NOT NULL AND withdrawn = 0 AND state <> 'omitted'
    AND denied = 0
    AND (path, version) > (?, ?)
ORDER BY path, version LIMIT ?
"""


class SelectedSize(msgspec.Struct, frozen=True, gc=False):
    """A selected version that is here or ought to be.

    Attributes:
        mv: The version.
        need: How much of it is selected.
        found_by: What named it first.
        max_zip_bytes: The largest zip that is wanted, None for no limit.
        zip_bytes: Its zip's size, None where that is not here.
        has_mod: Whether its ``.mod`` is here.
        changed: The number of its last change that trees must follow.
    """

    mv: ModuleVersion
    need: Need
    found_by: FoundBy
    max_zip_bytes: int | None
    zip_bytes: int | None
    has_mod: bool
    changed: int

    @property
    def is_here(self) -> bool:
        """Whether all that is selected of it is here."""
        return self.has_mod and (self.need is Need.MOD or self.zip_bytes is not None)


class SelectedSizes:
    """Sizes of what is selected."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> Iterator[SelectedSize]:
        """Yield what is selected and neither withdrawn nor too large, by its key.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        needs = {each.value: each for each in Need}
        finders = {each.value: each for each in FoundBy}
        strings: dict[str, str] = {}  # a path has many versions, a version many paths
        share = strings.setdefault
        after = ("", "")
        while page := self._connection.rows(_SELECTED, (*after, _PAGE_ROWS)):
            for path, version, need, found_by, most, zip_bytes, has_mod, seq in page:
                yield SelectedSize(
                    ModuleVersion(share(path, path), share(version, version)),
                    needs[need],
                    finders[found_by],
                    most,
                    zip_bytes,
                    has_mod == 1,
                    seq,
                )
            after = (page[-1][0], page[-1][1])

    def zips_by_module(self) -> dict[str, tuple[int, int]]:
        """Return how many zips are here of each module, and the sum of their sizes.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        found = self._connection.rows(
            "SELECT path, count(*), sum(zip_bytes) FROM versions"
            " WHERE zip_bytes IS NOT NULL GROUP BY path"
        )
        return {path: (count, size) for path, count, size in found}
