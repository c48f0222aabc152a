"""Pruning: versions that nothing selects any more, forgotten after their grace days.

In this order, so that a kill in between leaves only what the next prune takes up:

1. the catalog: a version becomes a tombstone, or loses its zip when its ``.mod``
   is still wanted; the journal is told first, so that a rebuild knows, too;
2. the tree: what names a version goes before its files (I6, backwards);
3. the tombstones, once every tree has followed;
4. versions that waited for a proof, and nothing wants any more;
5. the blobs that no row names and no line of the journal (``unexplained``).

Others may write meanwhile. The caller holds the lease "select" from the plan to the
end, so that nothing is selected that is about to go, and "import", so that no bundle
is half taken in, whose versions are selected last; blobs go in portions, each in a
transaction that looks once more that neither a row nor an announcement names them.

Nothing is planned while the selection is incomplete, or not that of the present
configuration: what is unselected then may be wanted in an hour. Nor while something
that is selected is missing: what would go may be all that clients have of a module.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec
from msgspec.structs import asdict, replace

from gosync.catalog.selections import CONFIGURED
from gosync.catalog.versions import Need, VersionRow
from gosync.clock import shift
from gosync.errors import IncompleteError
from gosync.hint import advise, command
from gosync.ingest.entries import forget_entry, narrow_entry
from gosync.ingest.unexplained import unexplained
from gosync.publish.report import PublishReport, TreeReport
from gosync.site.site import Site
from gosync.store.digest import Digest
from gosync.sync.fingerprint import fingerprint_of
from gosync.sync.planned import PlannedRemoval, removals
from gosync.sync.projects import ConfiguredProject
from gosync.work.progress import Progress

_PORTION = 500


class PrunePlan(msgspec.Struct, frozen=True):
    """What a prune would do.

    Attributes:
        forgotten: Versions that nothing wants.
        narrowed: Versions of which only the ``.mod`` is wanted.
        waiting: How many more are unselected, but within their time of grace.
    """

    forgotten: tuple[VersionRow, ...]
    narrowed: tuple[VersionRow, ...]
    waiting: int

    @property
    def deletes(self) -> int:
        """How many versions lose something."""
        return len(self.forgotten) + len(self.narrowed)

    @property
    def bytes(self) -> int:
        """Sizes of all files that go; less is freed where versions share them."""
        whole = ((r.info_bytes, r.mod_bytes, r.zip_bytes) for r in self.forgotten)
        zips = ((row.zip_bytes,) for row in self.narrowed)
        return sum(size or 0 for sizes in (*whole, *zips) for size in sizes)


class Swept(msgspec.Struct, frozen=True):
    """What was removed from the disk.

    Attributes:
        blobs: How many.
        bytes: Their sizes.
        unexplained: How many stayed because the journal names them.
    """

    blobs: int
    bytes: int
    unexplained: int = 0


class Pruned(msgspec.Struct, frozen=True):
    """What a prune did, beyond its plan.

    Attributes:
        published: What became of the tree.
        swept: What became of the blobs.
    """

    published: PublishReport
    swept: Swept


class ReleaseReport(msgspec.Struct, frozen=True):
    """How many versions are kept no longer only because a command asked for them."""

    released: int


class PrunePlanReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a plan; its fields are the document's keys.

    Attributes:
        removes: What would go.
        bytes: Sizes of all of it.
        waiting: How many more versions are within their time of grace.
    """

    removes: list[PlannedRemoval]
    bytes: int
    waiting: int

    @classmethod
    def of(cls, plan: PrunePlan) -> PrunePlanReport:
        """Return what is told of a plan."""
        removes = removals((*plan.forgotten, *plan.narrowed))
        return PrunePlanReport(removes=removes, bytes=plan.bytes, waiting=plan.waiting)


class PruneReport(PrunePlanReport, frozen=True, kw_only=True):
    """What is told of a prune.

    Attributes:
        published: What became of the tree.
        blobs_removed: How many blobs went.
        bytes_freed: Their sizes.
        blobs_unexplained: How many stayed because the journal names them.
    """

    published: TreeReport
    blobs_removed: int
    bytes_freed: int
    blobs_unexplained: int

    @classmethod
    def done(cls, planned: PrunePlanReport, pruned: Pruned) -> PruneReport:
        """Return what is told of a plan that was carried out."""
        return PruneReport(
            **asdict(planned),
            published=TreeReport.of(pruned.published),
            blobs_removed=pruned.swept.blobs,
            bytes_freed=pruned.swept.bytes,
            blobs_unexplained=pruned.swept.unexplained,
        )


def plan_prune(
    site: Site, projects: Iterable[ConfiguredProject], *, grace_days: float
) -> PrunePlan:
    """Return what may be forgotten now.

    Raises:
        IncompleteError: if the selection is incomplete or an old one, or some of it
            is not here.
        CatalogError: if the catalog cannot be read.
    """
    _check_selection(site, projects)
    before = shift(site.clock.now(), -timedelta(days=grace_days))
    due = list(site.catalog.selected.unselected(before))
    everything = site.catalog.selected.unselected(site.clock.now())
    return PrunePlan(
        forgotten=tuple(row for row in due if row.selected is None),
        narrowed=tuple(row for row in due if row.selected is Need.MOD),
        waiting=sum(1 for _ in everything) - len(due),
    )


def _check_selection(site: Site, projects: Iterable[ConfiguredProject]) -> None:
    state = site.catalog.selections.get(CONFIGURED)
    hint = advise("run {} until it ends with 0, then prune", command("sync"))
    if state is None or not state.complete:
        raise IncompleteError("the selection is incomplete", hint=hint)
    if state.fingerprint != fingerprint_of(site.options, site.catalog, projects):
        raise IncompleteError("the selection is of another configuration", hint=hint)
    if missing := site.catalog.selected.missing():
        raise IncompleteError(f"{missing} selected versions are missing", hint=hint)


def allow_deletes(site: Site, plan: PrunePlan) -> Site:
    """Check that the plan's versions may go; return the site that lets them go.

    Raises:
        TooManyDeletesError: if they are too many, and nobody says that it is meant.
    """
    site.options.deletes.check(
        plan.deletes,
        f"{plan.deletes} versions would go",
        hint=advise(
            "look at them, then {}", command("prune", "--max-delete", plan.deletes)
        ),
    )
    return allowing(site, plan.deletes)


def allowing(site: Site, deletes: int) -> Site:
    """Return the site with as many versions allowed to go as were agreed to."""
    limit = site.options.deletes.allowing(deletes)
    return replace(site, options=replace(site.options, deletes=limit))


def forget(site: Site, plan: PrunePlan) -> None:
    """Take the plan's versions out of the catalog; see the order above.

    Raises:
        StoreError: if journal or catalog cannot be written.
    """
    if not plan.deletes:
        return
    gone = [row.mv for row in plan.forgotten]
    narrowed = [row.mv for row in plan.narrowed]
    entries = [forget_entry(mv) for mv in gone]
    entries += [narrow_entry(mv) for mv in narrowed]
    with site.writing():
        site.journal.append(entries)
        with site.catalog.transaction():
            site.catalog.selected.forget(gone)
            site.catalog.selected.narrow(narrowed)
            site.catalog.failures.clear(gone)


async def prune(site: Site, plan: PrunePlan, progress: Progress) -> Pruned:
    """Carry a plan out: catalog, tree, tombstones and blobs, in the order above.

    Args:
        site: The site, which lets as many versions go.
        plan: What goes.
        progress: Is told how far the publish is.

    Raises:
        GosyncError: as from ``publish_tree``; the next prune goes on from there.
        StoreError: if journal, catalog or store cannot be written.
    """
    # Who only looks what would go need not load what publishes.
    from gosync.site.tree import publish_again  # noqa: PLC0415

    forget(site, plan)
    published = await publish_again(site, progress)
    return Pruned(published, sweep(site))


def release_asked(site: Site) -> int:
    """Keep no longer what only commands asked for; return how many versions.

    The next sync makes the selection anew and unselects what it does not want.

    Raises:
        CatalogError: if the catalog cannot be written.
    """
    with site.catalog.transaction():
        released = site.catalog.selected.release_asked()
        site.catalog.selections.invalidate(CONFIGURED)
    return released


def sweep(site: Site) -> Swept:
    """Drop tombstones that every tree has followed, and blobs that nothing names.

    Raises:
        StoreError: if the store or the catalog cannot be read or written.
    """
    site.catalog.selected.drop_tombstones()
    site.catalog.unproven.drop_unwanted()
    seen = site.catalog.versions.last_change()
    named = site.catalog.versions.named_blobs()
    others = site.blobs.others(named)
    stay = unexplained(site.journal, site.catalog, others)
    due = [digest for digest in others if digest not in stay]
    blobs = size_bytes = 0
    for start in range(0, len(due), _PORTION):
        removed = _remove(site, due[start : start + _PORTION], seen)
        blobs += len(removed)
        size_bytes += sum(others[digest] for digest in removed)
    site.blobs.sync()
    return Swept(blobs, size_bytes, len(stay))


def _remove(site: Site, digests: list[Digest], seen: int) -> list[Digest]:
    """Remove those that no row names that changed since, and nobody relies on."""
    with site.catalog.transaction():
        named = site.catalog.versions.digests(changed_after=seen)
        named |= site.catalog.announcements.among(digests)
        free = [digest for digest in digests if digest not in named]
        site.blobs.remove(free)
    return free
