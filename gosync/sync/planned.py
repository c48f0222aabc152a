"""Planned sync: what a pass would do, as a value that ``gosync plan`` shows and writes.

There may be hundreds of thousands of versions, so each is a small struct that
goes to JSON as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.failures import Failure
from gosync.catalog.versions import Need, VersionRow
from gosync.catalog.withdrawn import Withdrawal
from gosync.gomod.module import OfVersion
from gosync.sync.emptymodules import EmptyModule


class PlannedVersion(OfVersion, msgspec.Struct):
    """A version that would be fetched.

    Attributes:
        path: The module path.
        version: Its version.
        need: "zip" for all of it, "mod" for its ``.mod`` alone.
        found_by: What named it first.
        state: What the catalog says of it now.
        requests: How many the proxy and the checksum database would get for it,
            tiles not counted.
        zip_bytes: The zip's size, None where it is not known.
    """

    path: str
    version: str
    need: str
    found_by: str
    state: str
    requests: int
    zip_bytes: int | None = None


class PlannedRemoval(OfVersion, msgspec.Struct):
    """A version that nothing selects any more.

    Attributes:
        path: The module path.
        version: Its version.
        keeps: "mod" where its ``.mod`` is still wanted, else None.
        unselected_at: When it ceased to be wanted; its grace counts from then.
        bytes: Sizes of what would go.
    """

    path: str
    version: str
    keeps: str | None
    unselected_at: str
    bytes: int


class SyncPlan(msgspec.Struct, kw_only=True):
    """What a sync would do, and what a prune would have to do later.

    Attributes:
        state: What the plan follows from (gosync.sync.planfile).
        adds: Versions of modules that are new here.
        updates: Further versions of modules that are here.
        removes: What nothing selects any more.
        missing: Failures of what is selected.
        withdrawn: What is selected, and nobody is to be given.
        empty_modules: Named modules of which there is nothing.
        exit_code: How planning ended.
    """

    state: str
    adds: list[PlannedVersion]
    updates: list[PlannedVersion]
    removes: list[PlannedRemoval]
    missing: tuple[Failure, ...]
    withdrawn: tuple[Withdrawal, ...]
    empty_modules: tuple[EmptyModule, ...]
    exit_code: int

    def fetched(self) -> Iterator[PlannedVersion]:
        """Yield all that would be fetched."""
        yield from self.adds
        yield from self.updates

    @property
    def known_bytes(self) -> int:
        """Sizes of the zips as far as they are known."""
        return sum(each.zip_bytes or 0 for each in self.fetched())

    @property
    def sizes_unknown(self) -> int:
        """How many zips are of unknown size."""
        zips = (each for each in self.fetched() if each.need == Need.ZIP.value)
        return sum(1 for each in zips if each.zip_bytes is None)

    @property
    def requests(self) -> int:
        """How many requests it takes, tiles not counted."""
        return sum(each.requests for each in self.fetched())


def split_rows(
    catalog: Catalog, rows: Iterable[VersionRow], *, proves: bool
) -> tuple[list[PlannedVersion], list[PlannedVersion]]:
    """Return versions of modules that are new here, and of those that are not."""
    carried = catalog.versions.whole_paths()
    adds: list[PlannedVersion] = []
    updates: list[PlannedVersion] = []
    for row in rows:
        table = updates if row.path in carried else adds
        table.append(_planned(row, proves=proves))
    return adds, updates


def removals(rows: Iterable[VersionRow]) -> list[PlannedRemoval]:
    """Return what may go when its time of grace is over."""
    return [
        PlannedRemoval(
            row.path,
            row.version,
            row.selected.value if row.selected else None,
            row.unselected_at or "",
            _removed_bytes(row),
        )
        for row in rows
    ]


def _planned(row: VersionRow, *, proves: bool) -> PlannedVersion:
    return PlannedVersion(
        row.path,
        row.version,
        row.need.value,
        row.found_by.value,
        row.state.value,
        _requests(row, proves=proves),
    )


def _requests(row: VersionRow, *, proves: bool) -> int:
    """Count ``.mod`` and lookup where they are not here, ``.info`` and zip."""
    mod = 0 if row.mod_digest else 1 + proves
    return mod + (2 if row.need is Need.ZIP else 0)


def _removed_bytes(row: VersionRow) -> int:
    if row.selected is not None:
        return row.zip_bytes or 0
    sizes = (row.info_bytes, row.mod_bytes, row.zip_bytes)
    return sum(size or 0 for size in sizes)
