"""What a bundle is about: the present selection, as far as the store has it.

The receiver's tree is to hold exactly this. What is kept here for a time of grace
only, and go.mod files that were read to find out what is needed, are no part of it.
Nor is what was withdrawn: the receiver is told of that, and takes it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gosync.bundle.manifest import OmittedEntry, WithdrawnEntry
from gosync.bundle.withdrawals import withdrawals_of
from gosync.catalog.versions import Need, State, VersionRow

if TYPE_CHECKING:
    from gosync.catalog.db import Catalog

_REASONS = {
    State.WANTED: "not fetched yet",
    State.OMITTED: "its zip is larger than it is wanted",
    State.GONE: "upstream has it no more",
}


class Chosen(NamedTuple):
    """A version of the selection.

    Attributes:
        row: Its catalog row.
        need: How much of it the bundle is about: what is selected and carried.
    """

    row: VersionRow
    need: Need

    @property
    def key(self) -> tuple[str, str]:
        """Path and version."""
        return self.row.path, self.row.version


class Selection(msgspec.Struct, frozen=True):
    """The selection.

    Attributes:
        chosen: What is there, by path, then version.
        omitted: What is selected and not there, likewise.
        failed: How many of the omitted ones a later sync may still bring.
        withdrawn: What nobody is to be given any more, selected or not.
    """

    chosen: tuple[Chosen, ...]
    omitted: tuple[OmittedEntry, ...]
    failed: int
    withdrawn: tuple[WithdrawnEntry, ...] = ()


def read_selection(catalog: Catalog) -> Selection:
    """Return the present selection.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    chosen: list[Chosen] = []
    omitted: list[OmittedEntry] = []
    failed = 0
    for row in catalog.versions.all_rows():
        if row.selected is None or row.withdrawn:
            continue
        if row.carried is not None:
            whole = row.selected is Need.ZIP and row.carried is Need.ZIP
            chosen.append(Chosen(row, Need.ZIP if whole else Need.MOD))
        if row.carried is None or (row.selected, row.carried) == (Need.ZIP, Need.MOD):
            omitted.append(_omitted(catalog, row))
            failed += row.state is not State.OMITTED
    withdrawn = withdrawals_of(catalog)
    return Selection(tuple(chosen), tuple(omitted), failed, withdrawn)


def _omitted(catalog: Catalog, row: VersionRow) -> OmittedEntry:
    assert row.selected is not None
    failure = catalog.failures.get(row.path, row.version)
    reason = _REASONS.get(row.state, row.state.value)
    if failure is not None and row.state is not State.OMITTED:
        reason = failure.reason[:1000]
    return OmittedEntry(
        path=row.path, version=row.version, need=row.selected, reason=reason
    )
