"""The plan of an import: which versions come from which bundle, which are missing.

The bundles at hand are the one on the medium and those that wait. A selection is
complete when each of its versions is in the store, or travels in one of them and
can be unpacked there: a patch needs its base in the store, or in a bundle that is
read before. Repairs are read first, for they build on what was applied alone; then
by number, for each builds on the one before.

What counts is contents, by h1; numbers only order. So a bundle may come before the
one that it builds on, and a repair may fill any hole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from gosync.bundle.format.artifacts import ArtifactEntry, known_artifacts
from gosync.bundle.take.holdings import Holdings
from gosync.catalog.bundles import BundleKind
from gosync.catalog.versions import Need
from gosync.gomod.module import ModuleVersion

if TYPE_CHECKING:
    from gosync.bundle.format.manifest import VersionEntry
    from gosync.bundle.read.folder import BundleFolder


class Taking(msgspec.Struct, frozen=True):
    """What is taken out of one bundle.

    Attributes:
        bundle: The bundle.
        versions: Which versions.
        blobs: The digests of artifacts' blobs.
    """

    bundle: BundleFolder
    versions: frozenset[ModuleVersion]
    blobs: frozenset[str] = frozenset()


class ImportPlan(msgspec.Struct, frozen=True):
    """How one bundle's selection comes together.

    Attributes:
        chosen: The bundle.
        takings: What is taken out of which bundle, in this order.
        missing: Versions of the selection that nothing here makes.
        lacking: Artifacts, likewise.
        is_listed: Whether it is known what all it selects: its list is whole.
    """

    chosen: BundleFolder
    takings: tuple[Taking, ...]
    missing: tuple[VersionEntry, ...]
    lacking: tuple[ArtifactEntry, ...] = ()
    is_listed: bool = True

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing, once everything was taken."""
        return self.is_listed and not self.missing and not self.lacking

    @property
    def is_done(self) -> bool:
        """Whether the store has all of it already."""
        return not self.takings and self.is_complete

    @property
    def new_bytes(self) -> int:
        """The sizes of the zips that it brings, as the upstream had them."""
        return self._artifact_bytes + sum(
            entry.zip_bytes or 0
            for taking in self.takings
            for entry in taking.bundle.manifest.travelling()
            if entry.mv in taking.versions
        )

    @property
    def _artifact_bytes(self) -> int:
        """The sizes of the artifacts' blobs that it brings."""
        entries = self.chosen.manifest.artifacts
        sizes = {entry.digest: entry.size_bytes for entry in entries}
        return sum(sizes[digest] for t in self.takings for digest in t.blobs)


class BundleSet:
    """The bundles at hand."""

    def __init__(self, bundles: Iterable[BundleFolder], holdings: Holdings) -> None:
        self._holdings = holdings
        self._bundles = sorted(bundles, key=_reading_order)
        self._offers: defaultdict[ModuleVersion, list[tuple[int, VersionEntry]]]
        self._offers = defaultdict(list)
        for number, bundle in enumerate(self._bundles):
            for entry in bundle.manifest.travelling():
                self._offers[entry.mv].append((number, entry))
        self._blobs = {
            entry.digest: number
            for number, bundle in reversed(list(enumerate(self._bundles)))
            for entry in bundle.manifest.artifacts
            if entry.segment is not None
        }

    @property
    def newest_first(self) -> list[BundleFolder]:
        """The bundles, the highest number first."""
        return sorted(self._bundles, key=lambda b: -b.header.sequence)

    def plan(self, chosen: BundleFolder) -> ImportPlan:
        """Return how the selection of one of the bundles comes together."""
        taken: list[set[ModuleVersion]] = [set() for _ in self._bundles]
        missing = tuple(
            entry
            for entry in chosen.manifest.versions
            if not self._holdings.has(entry) and not self._take(entry, taken)
        )
        blobs: list[set[str]] = [set() for _ in self._bundles]
        lacking = tuple(
            entry
            for entry in known_artifacts(chosen.manifest.artifacts)
            if not self._holdings.has_artifact(entry)
            and not self._take_blob(entry, blobs)
        )
        takings = tuple(
            Taking(bundle, frozenset(versions), frozenset(digests))
            for bundle, versions, digests in zip(
                self._bundles, taken, blobs, strict=True
            )
            if versions or digests
        )
        is_listed = chosen.manifest.list_base is None
        return ImportPlan(chosen, takings, missing, lacking, is_listed)

    def _take_blob(self, wanted: ArtifactEntry, taken: list[set[str]]) -> bool:
        """Find who brings the bytes of an artifact, and note it."""
        number = self._blobs.get(wanted.digest)
        if number is None:
            return False
        taken[number].add(wanted.digest)
        return True

    def _take(self, wanted: VersionEntry, taken: list[set[ModuleVersion]]) -> bool:
        """Find who brings a version; note it, and its base before it."""
        for number, offer in self._offers.get(wanted.mv, ()):
            if _satisfies(offer, wanted) and self._take_base(number, offer, taken):
                taken[number].add(offer.mv)
                return True
        return False

    def _take_base(
        self, number: int, offer: VersionEntry, taken: list[set[ModuleVersion]]
    ) -> bool:
        """Return whether what an offer is a patch against is here by then."""
        assert offer.segment is not None
        base = self._bundles[number].manifest.segments[offer.segment].base
        if base is None or self._holdings.has_base(base):
            return True
        for earlier, found in self._offers.get(base.mv, ()):
            fits = earlier < number and found.zip_h1 == base.h1
            if fits and self._take_base(earlier, found, taken):
                taken[earlier].add(found.mv)
                return True
        return False


def _reading_order(bundle: BundleFolder) -> tuple[bool, int]:
    return bundle.header.kind is not BundleKind.REPAIR, bundle.header.sequence


def _satisfies(offer: VersionEntry, wanted: VersionEntry) -> bool:
    if offer.mod_h1 != wanted.mod_h1:
        return False
    if wanted.need is Need.MOD:
        return True
    return offer.need is Need.ZIP and offer.zip_h1 == wanted.zip_h1
