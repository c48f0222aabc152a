"""Changes since the last bundle, apart from versions: artifacts, rules, readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from gosync.bundle.format.artifacts import Blob
from gosync.bundle.format.features import WITHDRAWALS, ReaderFeatures
from gosync.bundle.format.manifest import ShrinkEntry
from gosync.bundle.format.names import FORMAT
from gosync.bundle.make.receiver import Receiver, reader_of
from gosync.bundle.make.selection import (
    BundleSelection,
    knows_withdrawn,
    read_selection,
)
from gosync.catalog.bundle_table import Bundles
from gosync.catalog.bundles import BundleKind
from gosync.catalog.db import Catalog
from gosync.catalog.held_sets import digest_of_set
from gosync.errors import UsageError
from gosync.site.ruletext import SelectionRules
from gosync.site.site import Site

_KNOWN_SECONDS: Final = 60.0


class SelectionSummary(msgspec.Struct, frozen=True):
    """What a selection is held against what a site has by.

    Attributes:
        held: What names its versions (``digest_of_set``).
        artifacts: The digests of its artifacts, by kind and name.
        withdrawn: The digest of what is withdrawn.
        is_empty: Whether there is nothing in it.
    """

    held: str
    artifacts: Mapping[tuple[str, str], str]
    withdrawn: str
    is_empty: bool


def summary_of(selection: BundleSelection) -> SelectionSummary:
    """Return a selection's summary."""
    return SelectionSummary(
        selection.held_digest,
        selection.artifact_digests,
        selection.withdrawn_digest,
        is_empty=not (selection.chosen or selection.artifacts),
    )


def is_same(catalog: Catalog, selection: BundleSelection, receiver: Receiver) -> bool:
    """Return whether the receiver has all of a selection, and nothing else.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    held = {chosen.mv: chosen.need for chosen in selection.chosen}
    return (
        held == receiver.held
        and selection.artifact_digests == receiver.artifacts
        and knows_withdrawn(catalog, receiver, selection.withdrawn_digest)
    )


class TargetNews:
    """Whether targets' next bundles would bring anything, asked of one after the other.

    The selection is read once for all of them who can read the same, and again after
    a minute: what changes meanwhile is told the next time, and a bundle is made of what
    is selected then. Of what a site has only the name is looked at.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[ReaderFeatures | None, SelectionSummary] = {}
        self._until = 0.0

    def has_changed(self, target: str) -> bool:
        """Return whether a target's next bundle would bring what its last one did not.

        The last bundle that was sealed counts, whether it has arrived or not. Where
        nothing was made yet and nothing is here there is nothing to bring.

        Raises:
            CatalogError: the catalog cannot be read.
        """
        catalog = self._site.catalog
        summary = self._summary(reader_of(catalog.bundles, target))
        base = catalog.bundles.base(target, sealed=True)
        if base is None:
            return not summary.is_empty
        named = catalog.bundles.held_digest(base)
        if named is None:  # of a bundle from before sets had names
            named = digest_of_set(catalog.bundles.holds(base).items())
        receiver = Receiver(kind=BundleKind.INCREMENT, base=base)
        return not (
            named == summary.held
            and summary.artifacts == catalog.bundles.artifacts(base)
            and knows_withdrawn(catalog, receiver, summary.withdrawn)
        )

    def _summary(self, reader: ReaderFeatures | None) -> SelectionSummary:
        clock, pulled = self._site.clock, self._site.options.bundle_pulled
        if clock.monotonic() >= self._until:
            self._known = {}
        if reader not in self._known:
            catalog = self._site.catalog
            selection = read_selection(catalog, reader, with_pulled=pulled)
            self._known[reader] = summary_of(selection)
            self._until = clock.monotonic() + _KNOWN_SECONDS
        return self._known[reader]


def new_blobs(selection: BundleSelection, receiver: Receiver) -> list[Blob]:
    """Return the artifacts' bytes that the receiver has not, ordered by digest."""
    held = set(receiver.artifacts.values())
    blobs = {Blob(each.digest, each.size_bytes) for each in selection.artifacts}
    return sorted(blob for blob in blobs if blob.digest not in held)


def check_readable(selection: BundleSelection, reader: ReaderFeatures | None) -> None:
    """Check that a site can read the bundle that a selection makes.

    Args:
        selection: The selection, without artifacts that the site cannot read.
        reader: What the site can read, None where nobody knows.

    Raises:
        UsageError: it cannot.
    """
    if reader is None:
        return
    lacking = []
    if reader.format < FORMAT:
        lacking.append(f"format {FORMAT} of bundles")
    if selection.withdrawn and WITHDRAWALS not in reader.requires:
        lacking.append("withdrawn versions")
    if lacking:
        raise UsageError(
            f"the gosync of the site cannot read {' and '.join(lacking)}",
            hint="bring a newer gosync inside first; the receipt of its next import"
            " says what it reads",
        )


def shrink_of(
    bundles: Bundles, target: str, selection: BundleSelection, rules: SelectionRules
) -> ShrinkEntry | None:
    """Return how many versions leave a site because rules changed, None for none.

    What the site acknowledged counts, not what this bundle builds on: one in between
    may never arrive.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    base = bundles.base(target, sealed=False) or bundles.base(target, sealed=True)
    if base is None or base.rules_fingerprint in (None, rules.fingerprint):
        return None
    stays = {chosen.mv for chosen in selection.chosen}
    stays |= {each.mv for each in selection.omitted}
    stays |= {entry.mv for entry in selection.withdrawn}
    lost = sum(mv not in stays for mv in bundles.holds(base))
    if not lost:
        return None
    return ShrinkEntry(
        versions=lost,
        was=base.rules or "",
        now=rules.text,
        was_fingerprint=base.rules_fingerprint or "",
        now_fingerprint=rules.fingerprint,
    )
