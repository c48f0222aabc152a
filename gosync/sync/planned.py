"""Planned sync: what a pass would do, as a value that ``gosync plan`` shows and writes.

There may be hundreds of thousands of versions, so each is a small struct that
goes to JSON as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.failures import Failure
from gosync.catalog.selection_notes import SelectionNote
from gosync.catalog.versions import Need, VersionRow
from gosync.catalog.withdrawn import Withdrawal
from gosync.gomod.module import OfVersion
from gosync.site.policyreport import PolicyReport
from gosync.sync.emptymodules import EmptyModule
from gosync.sync.explaining import Explanation
from gosync.sync.plansums import PlanSums


class PlannedVersion(OfVersion, msgspec.Struct, gc=False):
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
        estimated_bytes: An estimate of it instead, or None.
        size: How the one or the other is known (gosync.sync.zipsizes.SizeKind).
        estimated: Whether nobody knows yet whether its zip is needed: an upper bound.
        wanted_by: The selects and projects that want as much of it.
        newest: Whether it is taken as the newest version, since nothing that is
            required has a package that is imported.
    """

    path: str
    version: str
    need: str
    found_by: str
    state: str
    requests: int
    zip_bytes: int | None = None
    estimated_bytes: int | None = None
    size: str = ""
    estimated: bool = False
    wanted_by: tuple[str, ...] = ()
    newest: bool = False


class LargeZip(OfVersion, msgspec.Struct, frozen=True):
    """One of the largest zips that are selected.

    Attributes:
        path: The module path.
        version: Its version.
        bytes: Its size, or an estimate.
        size: How that is known.
        is_here: Whether it is in the store.
        wanted_by: Who wants it.
    """

    path: str
    version: str
    bytes: int
    size: str
    is_here: bool
    wanted_by: tuple[str, ...] = ()


class PlannedRemoval(OfVersion, msgspec.Struct):
    """A version that nothing selects any more.

    Attributes:
        path: The module path.
        version: Its version.
        keeps: "mod" where its ``.mod`` is still wanted, else None.
        unselected_at: When it ceased to be wanted; its grace counts from then.
        bytes: Sizes of what would go.
        is_new: Whether it is dropped only now, by a rule that was changed or by a
            version that took its place.
        is_zip: Whether its zip would go.
    """

    path: str
    version: str
    keeps: str | None
    unselected_at: str
    bytes: int
    is_new: bool = False
    is_zip: bool = False


class Dropped(msgspec.Struct, frozen=True):
    """Sum of what nothing selects any more.

    Attributes:
        zips: Zips that a prune may forget later.
        go_mods: Versions whose ``.mod`` alone is here.
        bytes: Sizes of all of it.
        now: How many versions a changed rule dropped just now.
    """

    zips: int
    go_mods: int
    bytes: int
    now: int


class SyncPlan(msgspec.Struct, kw_only=True):
    """What a sync would do, and what a prune would have to do later.

    Attributes:
        state: What the plan follows from (gosync.sync.planfile).
        adds: Versions of modules that are new here.
        updates: Further versions of modules that are here.
        removes: What nothing selects any more.
        missing: Failures of what is selected.
        withdrawn: What is selected, and nobody is to be given.
        policy: What the policy keeps out, lets in for a while, and tells of.
        leaving: Versions of that whose zip the tree has, as MODULE@VERSION.
        empty_modules: Named modules of which there is nothing.
        exit_code: How planning ended.
        estimated: Whether a part is an upper bound, by what go.mod files require.
        sums: What is selected, summed up by who wants it.
        largest: The largest zips that are selected.
        explained: One select's or project's part, where it was asked for.
        notes: What could not be known of what is needed.
    """

    state: str
    adds: list[PlannedVersion]
    updates: list[PlannedVersion]
    removes: list[PlannedRemoval]
    missing: tuple[Failure, ...]
    withdrawn: tuple[Withdrawal, ...]
    policy: PolicyReport
    leaving: tuple[str, ...] = ()
    empty_modules: tuple[EmptyModule, ...]
    exit_code: int
    estimated: bool = False
    sums: PlanSums | None = None
    largest: tuple[LargeZip, ...] = ()
    explained: Explanation | None = None
    notes: tuple[SelectionNote, ...] = ()

    def fetched(self) -> Iterator[PlannedVersion]:
        """Yield all that would be fetched."""
        yield from self.adds
        yield from self.updates

    @property
    def known_bytes(self) -> int:
        """Sizes of the zips as far as they are known."""
        return sum(each.zip_bytes or 0 for each in self.fetched())

    @property
    def estimated_bytes(self) -> int:
        """Estimates of the others."""
        return sum(each.estimated_bytes or 0 for each in self.fetched())

    @property
    def sizes_unknown(self) -> int:
        """How many zips are of unknown size, estimated ones included."""
        zips = (each for each in self.fetched() if each.need == Need.ZIP.value)
        return sum(1 for each in zips if each.zip_bytes is None)

    @property
    def dropped(self) -> Dropped:
        """Sum of what is selected no more."""
        return Dropped(
            zips=sum(each.is_zip for each in self.removes),
            go_mods=sum(not each.is_zip for each in self.removes),
            bytes=sum(each.bytes for each in self.removes),
            now=sum(each.is_new for each in self.removes),
        )

    @property
    def requests(self) -> int:
        """How many requests it takes, tiles not counted."""
        return sum(each.requests for each in self.fetched())


class PlanReport(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as a document; its fields are the document's keys.

    Attributes:
        state: What the plan follows from.
        adds: Versions of modules that are new here.
        updates: Further versions of modules that are here.
        removes: What nothing selects any more.
        bytes: Sizes of the zips to fetch, as far as they are known.
        estimated_bytes: Estimates of the others.
        sizes_unknown: How many these are.
        requests: Requests that it takes, tiles not counted.
        estimated: Whether a part is an upper bound, by what go.mod files require.
        sums: What is selected, summed up by who wants it.
        largest: The largest zips that are selected.
        dropped: Sum of ``removes``.
        explained: One select's or project's part, where it was asked for.
        notes: What could not be known of what is needed, and what was taken instead.
        failed: Failures of what is selected.
        withdrawn: What is selected, and nobody is to be given.
        policy: What the policy keeps out, lets in for a while, and tells of.
        leaving: Versions of that whose zip the tree has, as MODULE@VERSION.
        empty_modules: Named modules of which there is nothing.
        exit_code: How planning ended.
    """

    state: str
    adds: list[PlannedVersion]
    updates: list[PlannedVersion]
    removes: list[PlannedRemoval]
    bytes: int
    estimated_bytes: int
    sizes_unknown: int
    requests: int
    estimated: bool
    sums: PlanSums | None
    largest: tuple[LargeZip, ...]
    dropped: Dropped
    explained: Explanation | None
    notes: tuple[SelectionNote, ...]
    failed: tuple[Failure, ...]
    withdrawn: tuple[Withdrawal, ...]
    policy: PolicyReport
    leaving: tuple[str, ...]
    empty_modules: tuple[EmptyModule, ...]
    exit_code: int


def plan_report(made: SyncPlan) -> PlanReport:
    """Return a plan as a document."""
    return PlanReport(
        state=made.state,
        adds=made.adds,
        updates=made.updates,
        removes=made.removes,
        bytes=made.known_bytes,
        estimated_bytes=made.estimated_bytes,
        sizes_unknown=made.sizes_unknown,
        requests=made.requests,
        estimated=made.estimated,
        sums=made.sums,
        largest=made.largest,
        dropped=made.dropped,
        explained=made.explained,
        notes=made.notes,
        failed=made.missing,
        withdrawn=made.withdrawn,
        policy=made.policy,
        leaving=made.leaving,
        empty_modules=made.empty_modules,
        exit_code=made.exit_code,
    )


def split_rows(
    catalog: Catalog, rows: Iterable[VersionRow], *, proves: bool
) -> tuple[list[PlannedVersion], list[PlannedVersion]]:
    """Return versions of modules that are new here, and of those that are not."""
    carried = catalog.versions.whole_paths()
    adds: list[PlannedVersion] = []
    updates: list[PlannedVersion] = []
    share = dict[str, str]().setdefault  # a path has many versions, and they paths
    for row in rows:
        table = updates if row.path in carried else adds
        path, version = share(row.path, row.path), share(row.version, row.version)
        table.append(_planned(path, version, row, proves=proves))
    return adds, updates


def removals(rows: Iterable[VersionRow], *, since: str = "") -> list[PlannedRemoval]:
    """Return what may go when its time of grace is over.

    Args:
        rows: What is selected no more.
        since: When the plan was begun; what was dropped from then on is new. "" for
            nothing.
    """
    return [
        PlannedRemoval(
            row.path,
            row.version,
            row.selected.value if row.selected else None,
            row.unselected_at or "",
            _removed_bytes(row),
            bool(since) and (row.unselected_at or "") >= since,
            row.zip_bytes is not None,
        )
        for row in rows
    ]


def _planned(
    path: str, version: str, row: VersionRow, *, proves: bool
) -> PlannedVersion:
    return PlannedVersion(
        path,
        version,
        Need.MOD.value if row.denied else row.need.value,
        row.found_by.value,
        row.state.value,
        _requests(row, proves=proves),
    )


def _requests(row: VersionRow, *, proves: bool) -> int:
    """Count ``.mod`` and lookup where they are not here, ``.info`` and zip."""
    mod = 0 if row.mod_digest else 1 + proves
    return mod + (2 if row.need is Need.ZIP and not row.denied else 0)


def _removed_bytes(row: VersionRow) -> int:
    if row.selected is not None:
        return row.zip_bytes or 0
    sizes = (row.info_bytes, row.mod_bytes, row.zip_bytes)
    return sum(size or 0 for size in sizes)
