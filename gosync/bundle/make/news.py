"""Changes since the last bundle, apart from versions: artifacts, rules, readers."""

from __future__ import annotations

from gosync.bundle.format.artifacts import Blob
from gosync.bundle.format.features import WITHDRAWALS, ReaderFeatures
from gosync.bundle.format.manifest import ShrinkEntry
from gosync.bundle.format.names import FORMAT
from gosync.bundle.make.receiver import Receiver, reader_of, receiver_of
from gosync.bundle.make.selection import (
    BundleSelection,
    knows_withdrawn,
    read_selection,
)
from gosync.catalog.bundle_table import Bundles
from gosync.catalog.db import Catalog
from gosync.errors import UsageError
from gosync.site.ruletext import SelectionRules
from gosync.site.site import Site


def is_same(catalog: Catalog, selection: BundleSelection, receiver: Receiver) -> bool:
    """Return whether the receiver has all of a selection, and nothing else.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    held = {chosen.mv: chosen.need for chosen in selection.chosen}
    artifacts = {each.key: each.digest for each in selection.artifacts}
    return (
        held == receiver.held
        and artifacts == receiver.artifacts
        and knows_withdrawn(catalog, receiver, selection)
    )


def has_changed(site: Site, target: str) -> bool:
    """Return whether a target's next bundle would bring what its last one did not.

    The last bundle that was sealed counts, whether it has arrived or not. Where
    nothing was made yet and nothing is here there is nothing to bring.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    catalog = site.catalog
    reader = reader_of(catalog.bundles, target)
    pulled = site.options.bundle_pulled
    selection = read_selection(catalog, reader, with_pulled=pulled)
    receiver = receiver_of(catalog.bundles, target, sealed=True)
    if receiver.base is None and not (selection.chosen or selection.artifacts):
        return False
    return not is_same(catalog, selection, receiver)


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
