"""Looking at store, catalog, journal and tree together, before anything is done.

Nothing is written here but what tells of them: a store's id, where it has none yet.
The rules are ``standing``'s, what is said of them ``refusals``'.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

import msgspec

from gosync.catalog.db import Catalog
from gosync.catalog.identity import CatalogStore
from gosync.errors import BucketAwayError, BucketDeniedError
from gosync.ingest.generation import Generation
from gosync.ingest.known import journal_is_known
from gosync.publish.claim import claim_tree
from gosync.publish.marker import read_marker
from gosync.publish.owner import Owner, owner_of
from gosync.publish.shown import unknown_to
from gosync.publish.storage.tree import TreeStorage
from gosync.site.options import SiteOptions
from gosync.site.places import check_place
from gosync.site.refusals import no_store, refusal, store_away
from gosync.site.standing import (
    JOURNAL_TROUBLES,
    TREE_KNOWS_MORE,
    StoreFound,
    Trouble,
    judge_catalog,
    judge_store,
    judge_tree,
)
from gosync.site.storeparts import has_blobs
from gosync.site.treestorage import tree_storage
from gosync.store.durable import disk_errors
from gosync.store.identity import (
    has_entries,
    new_store_id,
    read_marks,
    read_store_id,
    write_store_id,
)
from gosync.store.journal import Journal
from gosync.store.layout import BLOBS, CATALOG
from gosync.store.root import open_store

_LOOKS_AGAIN = 1
_log = logging.getLogger(__name__)


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How a site is opened.

    Attributes:
        create: Whether a store may be made where there is none.
        new_store: Whether it was said that there is none yet: then it may be made
            beside a tree, which the caller takes in, and on a file system that is not
            known.
        tolerate: What need not fit, because the caller sees to it.
        alone: Whether it is a store for an hour, that has no tree.
    """

    create: bool = True
    new_store: bool = False
    tolerate: Collection[Trouble] = frozenset()
    alone: bool = False


class Standing(msgspec.Struct, frozen=True):
    """How an open site stands.

    Attributes:
        generation: Counts on what is written.
        trouble: What does not fit, and is tolerated.
    """

    generation: Generation
    trouble: frozenset[Trouble] = frozenset()

    @property
    def tree_knows_more(self) -> bool:
        """Whether the tree may show what the store does not know."""
        return not self.trouble.isdisjoint(TREE_KNOWS_MORE)


def look_at_store(root: Path) -> StoreFound:
    """Look at a store's folder; nothing need be there.

    Raises:
        StoreError: the disk refuses.
    """
    with disk_errors(root):
        catalog = root / CATALOG
        return StoreFound(
            marks=next(read_marks(root), None) is not None,
            entries=has_entries(root),
            blobs=next((root / BLOBS).glob("??/*"), None) is not None,
            catalog=catalog.exists() and not _is_hollow(catalog),
        )


def _is_hollow(catalog: Path) -> bool:
    """Whether it is a file of no bytes, and no log beside it has any."""
    log = catalog.with_name(f"{catalog.name}-wal")
    files = [each for each in (catalog, log) if each.exists()]
    return catalog.is_file() and not any(each.stat().st_size for each in files)


def check_before(options: SiteOptions, opening: Opening) -> bool:
    """Refuse a store that is not there, or not whole, before anything is made.

    Returns:
        Whether a catalog is to be made: there was no store, or none but blobs.

    Raises:
        StoreAwayError: it is not there, and this is not known to be a first run.
        IdentityError: its catalog is lost.
        StoreError: the disk refuses.
    """
    root, tree, bucket = options.store_path, options.tree_path, options.bucket
    found = look_at_store(root)
    if not found.is_nothing:
        trouble = judge_store(found)
        if trouble is Trouble.ALL_BUT_BLOBS_LOST and opening.new_store:
            return True
        if trouble is not None:
            raise refusal(trouble, store=root, tree=tree, bucket=bucket)
        return False
    if opening.new_store or opening.alone:
        return True
    if read_marker(tree_storage(options).reader()) is not None:
        raise store_away(root, tree=tree, bucket=bucket)
    check_place(options)
    if not opening.create:
        raise no_store(root, bucket=bucket)
    return True


def check_before_rebuild(root: Path) -> None:
    """Refuse to make a catalog where there is nothing to make it of.

    Raises:
        StoreAwayError: the store is not there.
        StoreError: the disk refuses.
    """
    if look_at_store(root).is_nothing:
        raise no_store(root)


def check_before_verify(root: Path) -> None:
    """Refuse to look at a store that is not there, or whose catalog is lost.

    Raises:
        StoreAwayError: the store is not there.
        IdentityError: its catalog is lost.
        StoreError: the disk refuses.
    """
    check_before_rebuild(root)
    trouble = judge_store(look_at_store(root))
    if trouble is not None:
        raise refusal(trouble, store=root, tree=root)


def check_verifiable(root: Path, catalog: Catalog) -> None:
    """Hold a catalog against its store; what lies beside it, a verify tells itself.

    Raises:
        IdentityError: the catalog is empty, older than the journal or another's.
        StoreError: something cannot be read.
    """
    trouble = _judge_catalog(root, catalog)
    if trouble is not None and trouble not in JOURNAL_TROUBLES:
        raise refusal(trouble, store=root, tree=root)


def is_behind_journal(root: Path, catalog: Catalog) -> bool:
    """Return whether a journal goes on after what its catalog has come to.

    Raises:
        StoreError: something cannot be read.
    """
    return _judge_catalog(root, catalog) is Trouble.CATALOG_OLD


def journal_trouble(root: Path, catalog: Catalog) -> Trouble | None:
    """Return how a journal does not fit its catalog, None if it does.

    Raises:
        StoreError: something cannot be read.
    """
    trouble = _judge_catalog(root, catalog)
    return trouble if trouble in JOURNAL_TROUBLES else None


def settle(
    options: SiteOptions, opening: Opening, journal: Journal, catalog: Catalog
) -> Standing:
    """Hold an open catalog against the rest, and give identity to what has none.

    The caller holds the lock.

    Raises:
        IdentityError: they do not belong together.
        StoreAwayError: blobs or tree are not there.
        StoreError: something cannot be read or written.
    """
    root = options.store_path
    troubles = [
        trouble
        for trouble in (_judge_catalog(root, catalog), _judge_blobs(options, catalog))
        if trouble is not None
    ]
    _refuse(options, opening, troubles)
    open_store(root)  # the folders that are missing
    store = _name_store(root, catalog)
    generation = Generation(root, store, journal=journal, catalog=catalog)
    if not opening.alone:
        troubles += _settle_tree(options, generation, catalog)
        _refuse(options, opening, troubles)
    return Standing(generation, frozenset(troubles))


def check_readable(options: SiteOptions, catalog: Catalog, *, blobs: bool) -> None:
    """Hold a catalog that is only read against the rest.

    A tree whose bucket cannot be asked is not looked at: what the catalog says is true
    without it.

    Args:
        options: Where it is.
        catalog: The catalog.
        blobs: Whether its blobs must be there; in a backup they are not.

    Raises:
        IdentityError: they do not belong together.
        StoreAwayError: blobs or tree are not there.
        StoreError: something cannot be read.
    """
    root, tree = options.store_path, options.tree_path
    for trouble in (
        _judge_catalog(root, catalog),
        _judge_blobs(options, catalog) if blobs else None,
        _judge_tree_there(options, catalog),
    ):
        if trouble is not None:
            raise refusal(trouble, store=root, tree=tree, bucket=options.bucket)


def _judge_tree_there(options: SiteOptions, catalog: Catalog) -> Trouble | None:
    """Judge a tree, once; one in a bucket that does not answer is not judged."""
    quick = msgspec.structs.replace(options.buckets, most_retries=_LOOKS_AGAIN)
    try:
        storage = tree_storage(msgspec.structs.replace(options, buckets=quick))
        return _judge_tree(storage, catalog)
    except (BucketAwayError, BucketDeniedError) as error:
        _log.warning("the tree was not looked at: %s", error)
        return None


def _refuse(
    options: SiteOptions, opening: Opening, troubles: Collection[Trouble]
) -> None:
    for trouble in troubles:
        if opening.new_store and trouble in TREE_KNOWS_MORE:
            continue  # it is taken in first
        if trouble not in opening.tolerate:
            raise refusal(trouble, store=options.store_path, tree=options.tree_path)


def _judge_catalog(root: Path, catalog: Catalog) -> Trouble | None:
    """Hold catalog and journal against each other; who reads may have no lock.

    A run may count up between our look at the one and at the other.
    """
    while True:
        ours = catalog.identity.get()
        trouble = _judge_once(root, catalog, ours)
        if trouble is None or catalog.identity.get() == ours:
            return trouble


def _judge_once(
    root: Path, catalog: Catalog, ours: CatalogStore | None
) -> Trouble | None:
    is_empty = catalog.identity.is_empty()
    entries = has_entries(root) if ours is None else True
    trouble = judge_catalog(
        ours,
        read_marks(root),
        folder=read_store_id(root),
        is_empty=is_empty,
        entries=entries,
    )
    if trouble is None and ours is None and entries:
        # From before stores had an identity: only what both say tells.
        return None if journal_is_known(root, catalog) else Trouble.CATALOG_OLD
    return trouble


def _judge_blobs(options: SiteOptions, catalog: Catalog) -> Trouble | None:
    if catalog.identity.carries_blobs() and not has_blobs(options):
        return Trouble.BLOBS_AWAY
    return None


def _name_store(root: Path, catalog: Catalog) -> str:
    """Return the store's id; give one to a store that has none."""
    ours, folder = catalog.identity.get(), read_store_id(root)
    if ours is not None:
        if folder != ours.store:
            write_store_id(root, ours.store)
        return ours.store
    store = folder or new_store_id()
    if not folder:
        write_store_id(root, store)
    if not catalog.identity.is_empty():
        _log.warning("%s: store and catalog agree; from now on it is %s", root, store)
    catalog.identity.put(CatalogStore(store, 0))
    return store


def _settle_tree(
    options: SiteOptions, generation: Generation, catalog: Catalog
) -> list[Trouble]:
    tree = options.tree_path
    storage = tree_storage(options)
    trouble = _judge_tree(storage, catalog)
    if trouble is not None:
        return [trouble]
    marker = read_marker(storage.reader())
    if marker is not None and owner_of(marker, catalog.identity.get()) is Owner.NOBODY:
        claim_tree(storage, generation)
        _log.warning(
            "%s: tree and store agree; from now on it is %s's", tree, generation.store
        )
    return []


def _judge_tree(storage: TreeStorage, catalog: Catalog) -> Trouble | None:
    tree = storage.reader()
    marker, state = read_marker(tree), catalog.trees.get(storage.name)
    trouble = judge_tree(marker, state, catalog.identity.get())
    is_unknown = trouble is Trouble.TREE_UNKNOWN
    if is_unknown and next(unknown_to(catalog, tree), None) is None:
        return None
    return trouble


def check_still_there(
    options: SiteOptions, standing: Standing, catalog: Catalog
) -> None:
    """Check that a site is still what it was when it was opened: no disk went away.

    Raises:
        StoreAwayError: the store or the tree is not there.
        IdentityError: it is another one.
    """
    root, tree = options.store_path, options.tree_path
    store = read_store_id(root)
    if store != standing.generation.store or not (root / CATALOG).is_file():
        raise store_away(root)
    trouble = _judge_tree(tree_storage(options), catalog)
    if trouble is not None and trouble not in standing.trouble:
        raise refusal(trouble, store=root, tree=tree)
