"""The selected versions of a bundle, as far as the store has them.

The receiver's tree is to hold exactly this. What is kept here for a time of grace
only, and go.mod files that were read to find out what is needed, are no part of it.
Nor is what was withdrawn: the receiver is told of that, and takes it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from gosync.artifact import Artifact
from gosync.bundle.format.features import ReaderFeatures
from gosync.bundle.format.manifest import (
    FindingEntry,
    OmittedEntry,
    VersionEntry,
    WithdrawnEntry,
)
from gosync.bundle.make.receiver import Receiver
from gosync.catalog.bundles import BundleKind
from gosync.catalog.db import Catalog
from gosync.catalog.findings import Finding, FindingState
from gosync.catalog.held_sets import digest_of_set
from gosync.catalog.versions import Need, State, VersionRow
from gosync.catalog.withdrawn import Withdrawal
from gosync.catalog.withdrawn_table import NOTHING_WITHDRAWN, digest_of
from gosync.gomod.module import ModuleVersion

_REASONS = {
    State.WANTED: "not fetched yet",
    State.OMITTED: "its zip is larger than it is wanted",
    State.GONE: "upstream has it no more",
}


class SelectedVersion(NamedTuple):
    """A version of the selection.

    Attributes:
        row: Its catalog row.
        need: How much of it the bundle is about: what is selected and carried.
    """

    row: VersionRow
    need: Need

    @property
    def mv(self) -> ModuleVersion:
        """Which version it is."""
        return self.row.mv


class BundleSelection(msgspec.Struct, frozen=True):
    """The selected versions, and what goes with them.

    Attributes:
        chosen: What is there, by path, then version.
        omitted: What is selected and not there, likewise.
        failed: How many of the omitted ones a later sync may still bring.
        withdrawn: What nobody is to be given any more, selected or not.
        withdrawn_digest: Of these, as the catalog remembers what a bundle told.
        artifacts: Files beside versions, by kind, then name.
        unread: How many of these are left out since the site cannot read their
            kind, by kind.
    """

    chosen: tuple[SelectedVersion, ...]
    omitted: tuple[OmittedEntry, ...]
    failed: int
    withdrawn: tuple[WithdrawnEntry, ...] = ()
    withdrawn_digest: str = NOTHING_WITHDRAWN
    artifacts: tuple[Artifact, ...] = ()
    unread: Mapping[str, int] = MappingProxyType({})

    @property
    def held_digest(self) -> str:
        """What names the versions that a site has with it."""
        return digest_of_set((chosen.mv, chosen.need) for chosen in self.chosen)

    @property
    def artifact_digests(self) -> dict[tuple[str, str], str]:
        """The digests of its artifacts, by kind and name."""
        return {each.key: each.digest for each in self.artifacts}


def read_selection(
    catalog: Catalog,
    reader: ReaderFeatures | None = None,
    *,
    with_pulled: bool = False,
) -> BundleSelection:
    """Return the present selection; hold the lease to select.

    A version may be withdrawn at any time, and a bundle says of each one thing only:
    if that happens meanwhile all is read again.

    Args:
        catalog: The catalog.
        reader: What the site can read, None where nobody knows.
        with_pulled: Whether versions belong to it that only a server was asked for.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    pulled = {} if with_pulled else _pulled(catalog)
    while True:
        withdrawn = catalog.withdrawn.all()
        found = _read(catalog, reader, withdrawn, pulled)
        if catalog.withdrawn.all() == withdrawn:
            return found


def _pulled(catalog: Catalog) -> dict[ModuleVersion, Need | None]:
    """Return what is left of each pulled version without the server's word."""
    return {each.mv: each.base for each in catalog.pulled.latest_first()}


def _read(
    catalog: Catalog,
    reader: ReaderFeatures | None,
    withdrawn: list[Withdrawal],
    pulled: Mapping[ModuleVersion, Need | None],
) -> BundleSelection:
    chosen: list[SelectedVersion] = []
    omitted: list[OmittedEntry] = []
    failed = 0
    for each in catalog.versions.all_rows():
        row = each
        if row.mv in pulled:
            row = replace(row, selected=pulled[row.mv])
        if row.selected is None or row.withdrawn:
            continue
        whole = row.selected is row.carried is Need.ZIP and not row.denied
        if row.carried is not None:
            chosen.append(SelectedVersion(row, Need.ZIP if whole else Need.MOD))
        if row.carried is None or (row.selected is Need.ZIP and not whole):
            omitted.append(_omitted(catalog, row))
            failed += row.state is not State.OMITTED and not row.denied
    kept = catalog.artifacts.all()
    told = [a for a in kept if reader is None or a.kind in reader.artifacts]
    return BundleSelection(
        tuple(chosen),
        tuple(omitted),
        failed,
        tuple(map(_withdrawn_entry, withdrawn)),
        digest_of(withdrawn),
        artifacts=tuple(told),
        unread=dict(Counter(a.kind for a in kept) - Counter(a.kind for a in told)),
    )


def _omitted(catalog: Catalog, row: VersionRow) -> OmittedEntry:
    assert row.selected is not None
    failure = catalog.failures.get(row.mv)
    reason = _REASONS.get(row.state, row.state.value)
    ruling = catalog.rulings.get(row.mv) if row.denied else None
    if ruling is not None:
        reason = f"denied by the policy: {ruling.reason}"
    elif failure is not None and row.state is not State.OMITTED:
        reason = failure.reason[:1000]
    return OmittedEntry(
        path=row.path, version=row.version, need=row.selected, reason=reason
    )


def entry_of(chosen: SelectedVersion, segment: int | None) -> VersionEntry:
    """Return a version as a manifest has it.

    Args:
        chosen: The version.
        segment: The number of the segment that carries it, None for none.
    """
    row = chosen.row
    whole = chosen.need is Need.ZIP
    travels = segment is not None
    assert row.mod_h1 is not None
    assert row.proof is not None
    text = row.record_text
    return VersionEntry(
        path=row.path,
        version=row.version,
        need=chosen.need,
        mod_h1=row.mod_h1,
        zip_h1=row.zip_h1 if whole else None,
        proof=row.proof,
        record_id=row.record_id,
        found_by=row.found_by,
        segment=segment,
        record=text.decode() if travels and text is not None else None,
        index_time=row.index_time if travels else None,
        info_digest=row.info_digest if travels else None,
        mod_digest=row.mod_digest if travels else None,
        zip_bytes=row.zip_bytes if travels and whole else None,
    )


def findings_of(
    catalog: Catalog, selected: Iterable[ModuleVersion]
) -> tuple[FindingEntry, ...]:
    """Return what stands of these versions and of their modules.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    items = set(selected)
    items |= {ModuleVersion(mv.path, "") for mv in items}
    found = (
        _finding(finding)
        for finding in catalog.findings.all()
        if finding.state is not FindingState.RESOLVED and finding.mv in items
    )
    return tuple(sorted(found, key=lambda each: each.key))


def _finding(finding: Finding) -> FindingEntry:
    return FindingEntry(
        kind=finding.kind,
        path=finding.path,
        version=finding.version,
        source=finding.source,
        summary=finding.summary,
        ours=dict(finding.ours),
        theirs=dict(finding.theirs),
        first_seen=finding.first_seen,
        accepted=finding.state is FindingState.ACCEPTED,
    )


def _withdrawn_entry(withdrawal: Withdrawal) -> WithdrawnEntry:
    return WithdrawnEntry(
        path=withdrawal.path,
        version=withdrawal.version,
        reason=withdrawal.reason,
        withdrawn_at=withdrawal.withdrawn_at,
        needed_by=withdrawal.needed_by,
    )


def knows_withdrawn(catalog: Catalog, receiver: Receiver, told: str) -> bool:
    """Return whether the bundle before told a receiver of these withdrawals.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    base = receiver.base
    if receiver.kind is not BundleKind.INCREMENT or base is None:
        return False
    return catalog.withdrawn.is_told(base.target, base.sequence, told)
