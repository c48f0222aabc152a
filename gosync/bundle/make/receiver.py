"""The receiver's state: what the ledger or its need.json says that it has.

Usually that is what it holds after the base: the last bundle that it acknowledged.
A need.json speaks for itself: the receiver has what the bundle that it applied last
gave it, and what its staged ones select, less the versions that it names.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec

from gosync.bundle.format.features import ReaderFeatures
from gosync.bundle.format.header import Known
from gosync.bundle.format.need import NeedFile
from gosync.bundle.options import TargetSpec
from gosync.catalog.bundle_table import Bundles
from gosync.catalog.bundles import BundleKind, BundleRow
from gosync.catalog.documents import read_document
from gosync.catalog.versions import Need
from gosync.errors import UsageError
from gosync.gomod.module import ModuleVersion
from gosync.hint import advise, command


def reader_of(
    bundles: Bundles, target: str, told: ReaderFeatures | None = None
) -> ReaderFeatures | None:
    """Return what a target's gosync can read, None where nobody knows.

    Args:
        bundles: The ledger, whose newest receipt counts.
        target: The target.
        told: What somebody says it can read, which counts more.

    Raises:
        CatalogError: the catalog cannot be read, or has what no receipt says.
    """
    if told is not None:
        return told
    said = bundles.reads(target)
    return None if said is None else read_document(said, ReaderFeatures)


def reads(
    bundles: Bundles, target: str, told: ReaderFeatures | None, feature: str
) -> bool:
    """Return whether a target's gosync knows what a header may require.

    Where nobody can tell, it does: whoever installs one inside takes a current one.

    Raises:
        CatalogError: the catalog cannot be read, or has what no receipt says.
    """
    reader = reader_of(bundles, target, told)
    return reader is None or feature in reader.requires


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a target.

    Attributes:
        kind: What kind of bundle it needs.
        base: The bundle that this one builds on, None for none.
        held: How much of which versions it has.
        applied: Which versions its store has for sure: what patches may be against.
        after: A sequence that it took in, 0 for none that is known.
        heads: Sizes of tree heads that it or its clients know.
        artifacts: The digests of the artifacts that it has, by kind and name.
        lacks_list: Whether it asks for a whole list of what is selected.
    """

    kind: BundleKind = BundleKind.FULL
    base: BundleRow | None = None
    held: Mapping[ModuleVersion, Need] = msgspec.field(default_factory=dict)
    applied: AbstractSet[ModuleVersion] = frozenset()
    after: int = 0
    heads: tuple[int, ...] = ()
    artifacts: Mapping[tuple[str, str], str] = msgspec.field(default_factory=dict)
    lacks_list: bool = False


def receiver_for(
    bundles: Bundles, target: TargetSpec, need: NeedFile | None, *, full: bool
) -> Receiver:
    """Return what the target of a bundle has, by what it says and what is asked for.

    Raises:
        UsageError: the need is another target's.
        CatalogError: the catalog cannot be read.
    """
    if need is not None:
        return receiver_with_need(bundles, target.name, need)
    if full:
        return Receiver()
    return receiver_of(bundles, target.name, sealed=target.sealed_base)


def receiver_of(bundles: Bundles, target: str, *, sealed: bool) -> Receiver:
    """Return what a target has after the ledger's base.

    Args:
        bundles: The ledger.
        target: The site.
        sealed: Whether a bundle without a receipt may be the base.

    Raises:
        CatalogError: the catalog cannot be read.
    """
    base = bundles.base(target, sealed=sealed)
    if base is None:
        return Receiver()
    held = bundles.holds(base)
    return Receiver(
        kind=BundleKind.INCREMENT,
        base=base,
        held=held,
        applied=held.keys(),
        after=base.sequence,
        artifacts=bundles.artifacts(base),
    )


def receiver_with_need(bundles: Bundles, target: str, need: NeedFile) -> Receiver:
    """Return what a target has that says itself what it lacks.

    A receiver whose last bundle this ledger does not know has nothing, and is made
    a full bundle.

    Raises:
        UsageError: the need is another target's.
        CatalogError: the catalog cannot be read.
    """
    if need.target != target:
        raise UsageError(
            f"the need is of target {need.target!r}, not {target!r}",
            hint=advise(
                "run {}", command("bundle create", need.target, "--need", "FILE")
            ),
        )
    after = max((k.sequence for k in (need.applied, *need.staged) if k), default=0)
    base = _known(bundles, target, need.applied)
    applied = bundles.holds(base) if base is not None else {}
    if base is None or not applied:
        return Receiver(after=after, heads=need.heads)
    staged = [_known(bundles, target, known) for known in need.staged]
    newest = max(filter(None, staged), key=lambda row: row.sequence, default=base)
    lacking = {each.mv for each in need.versions}
    held = {**bundles.holds(newest), **applied}
    artifacts = {**bundles.artifacts(newest), **bundles.artifacts(base)}
    lost = {each.digest for each in need.artifacts}
    return Receiver(
        kind=BundleKind.REPAIR,
        base=base,
        held={mv: much for mv, much in held.items() if mv not in lacking},
        applied=applied.keys() - lacking,
        after=after,
        heads=need.heads,
        artifacts={k: digest for k, digest in artifacts.items() if digest not in lost},
        lacks_list=need.selection,
    )


def _known(bundles: Bundles, target: str, known: Known | None) -> BundleRow | None:
    """Return the ledger's row of a bundle that the receiver names, if it is ours."""
    row = bundles.get(target, known.sequence) if known is not None else None
    ours = row is not None and known is not None and row.bundle_id == known.bundle_id
    return row if ours else None
