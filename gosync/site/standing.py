"""Whether store, catalog, journal and tree belong together: the rules.

Each is looked at beside the others, because alone an empty folder is a new store and
an empty catalog a new catalog. What is there is never given up for what is missing:
less knowledge than before is no reason to remove anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import chain

import msgspec

from gosync.catalog.identity import CatalogStore
from gosync.catalog.trees import TreeState
from gosync.publish.marker import Marker
from gosync.publish.owner import Owner, owner_of
from gosync.store.identity import Mark


class Trouble(StrEnum):
    """What does not fit."""

    STORE_AWAY = "store away"
    BLOBS_AWAY = "blobs away"
    CATALOG_LOST = "catalog lost"
    ALL_BUT_BLOBS_LOST = "all but blobs lost"
    CATALOG_OLD = "catalog old"
    CATALOG_FOREIGN = "catalog foreign"
    JOURNAL_LOST = "journal lost"
    JOURNAL_OLD = "journal old"
    JOURNAL_FOREIGN = "journal foreign"
    TREE_AWAY = "tree away"
    TREE_AHEAD = "tree ahead"
    TREE_FOREIGN = "tree foreign"
    TREE_UNKNOWN = "tree unknown"


JOURNAL_TROUBLES = frozenset(
    {Trouble.JOURNAL_LOST, Trouble.JOURNAL_OLD, Trouble.JOURNAL_FOREIGN}
)
# A tree that shows what the store may not know: it can be taken in.
TREE_KNOWS_MORE = frozenset(
    {Trouble.TREE_AHEAD, Trouble.TREE_FOREIGN, Trouble.TREE_UNKNOWN}
)
TREE_TROUBLES = TREE_KNOWS_MORE | {Trouble.TREE_AWAY}


class StoreFound(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in a store's folder, as far as names and the journal tell.

    Attributes:
        marks: Whether the journal has any line that names a store.
        entries: Whether it says anything else.
        blobs: Whether there is any blob.
        catalog: Whether there is a catalog file, and one that is not of 0 bytes.
    """

    marks: bool
    entries: bool
    blobs: bool
    catalog: bool

    @property
    def is_nothing(self) -> bool:
        """Whether no store was here, or only one that was never begun."""
        return not (self.marks or self.entries or self.blobs or self.catalog)


def judge_store(found: StoreFound) -> Trouble | None:
    """Return what is wrong with a store that is there, before its catalog is opened."""
    if found.catalog:
        return None
    if found.marks or found.entries:
        return Trouble.CATALOG_LOST
    return Trouble.ALL_BUT_BLOBS_LOST


def judge_catalog(
    catalog: CatalogStore | None,
    marks: Iterable[Mark],
    *,
    folder: str,
    is_empty: bool,
    entries: bool,
) -> Trouble | None:
    """Return how catalog and journal do not fit, None if they do.

    Args:
        catalog: What the catalog says that it is of.
        marks: What the journal says, the newest first; read as far as needed.
        folder: The id in the store's folder, "" for none.
        is_empty: Whether the catalog knows nothing.
        entries: Whether the journal says anything.
    """
    if catalog is None:
        if is_empty and entries:
            return Trouble.CATALOG_LOST
        return Trouble.CATALOG_OLD if any(True for _ in marks) else None
    rest = iter(marks)
    newest = next(rest, None)
    if newest is None:
        return Trouble.JOURNAL_LOST if catalog.generation > 0 else None
    if newest.store != catalog.store:
        is_ours = folder == catalog.store
        return Trouble.JOURNAL_FOREIGN if is_ours else Trouble.CATALOG_FOREIGN
    if newest.generation < catalog.generation:
        return Trouble.JOURNAL_OLD
    return _judge_lead(catalog, newest, rest)


def _judge_lead(
    catalog: CatalogStore, newest: Mark, rest: Iterable[Mark]
) -> Trouble | None:
    """Return what it means that the journal is ahead of its catalog.

    A run that was killed before its catalog had the number has written nothing after
    it; the next one counts further.
    """
    for mark in chain([newest], rest):
        if mark.store == catalog.store and mark.generation <= catalog.generation:
            return None
        if not mark.is_last:
            return Trouble.CATALOG_OLD
    return None


def judge_tree(
    marker: Marker | None, state: TreeState | None, ours: CatalogStore | None
) -> Trouble | None:
    """Return how a tree does not fit its store, None if it does.

    TREE_UNKNOWN: it was published before stores had an identity, and the catalog does
    not remember it as it is; only its contents tell.
    """
    if marker is None:
        return None if state is None else Trouble.TREE_AWAY
    owner = owner_of(marker, ours)
    if owner is Owner.FOREIGN:
        return Trouble.TREE_FOREIGN
    if owner is Owner.AHEAD:
        return Trouble.TREE_AHEAD
    if owner is Owner.OURS:
        return None
    agrees = state is not None and state.contents == marker.contents
    return None if agrees else Trouble.TREE_UNKNOWN
