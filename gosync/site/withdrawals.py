"""Withdrawn versions: written down, taken out of every known tree, learnt from one.

Their order, and the way back, are ``gosync.sync.withdrawing``'s.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from gosync.catalog.withdrawn import Withdrawal
from gosync.errors import GosyncError
from gosync.ingest.entries import withdrawal_entry
from gosync.publish.takeout import take_out
from gosync.publish.withdrawnfile import WITHDRAWN_FILE
from gosync.site.site import Site
from gosync.site.treestorage import named_tree, tree_storage


class TreeTaken(msgspec.Struct, frozen=True):
    """What became of a withdrawn version in one tree.

    Attributes:
        root: The tree.
        removed: How many files were removed.
        error: Why it may still be there, "" when it is not.
    """

    root: str
    removed: int = 0
    error: str = ""


def write_withdrawals(site: Site, withdrawals: Iterable[Withdrawal]) -> None:
    """Write these, in force or undone: the journal, then the catalog.

    Raises:
        StoreError: if they cannot be written.
    """
    withdrawals = list(withdrawals)
    with site.writing():
        site.journal.append(map(withdrawal_entry, withdrawals))
        site.catalog.withdrawn.put(withdrawals)


def take_from_trees(site: Site, paths: Iterable[str]) -> list[TreeTaken]:
    """Take what is withdrawn of these modules out of every tree that is known.

    A tree that cannot be written does not keep the others.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    paths = list(paths)
    roots = {str(site.options.tree_path)}
    roots |= {each.tree_id for each in site.catalog.trees.all()}
    return [_take_from(site, root, paths) for root in sorted(roots)]


def _take_from(site: Site, root: str, paths: list[str]) -> TreeTaken:
    database = site.options.database
    try:
        with site.hold_modules(root):
            removed = take_out(
                named_tree(site.options, root),
                paths,
                catalog=site.catalog,
                blobs=site.blobs,
                database="" if database is None else database.name,
            )
    except GosyncError as error:
        return TreeTaken(root, error=str(error))
    if removed is None:
        known = site.catalog.trees.get(root) is not None
        return TreeTaken(root, error="the tree is not there" if known else "")
    return TreeTaken(root, removed)


def learn_withdrawals(site: Site) -> None:
    """Take in what the tree says is withdrawn and the catalog has never heard of.

    A store that came back from an older copy must not show it again.

    Raises:
        StoreError: if journal or catalog cannot be written.
    """
    told = WITHDRAWN_FILE.read(tree_storage(site.options).reader())
    if not told:
        return
    known = {(each.mv, each.told_by): each for each in site.catalog.withdrawn.known()}
    write_withdrawals(
        site,
        [each for each in told if _is_news(known.get((each.mv, each.told_by)), each)],
    )


def _is_news(known: Withdrawal | None, told: Withdrawal) -> bool:
    """Return whether this is another withdrawal than the one that is known.

    When it was undone is another clock's time, perhaps.
    """
    if known is None:
        return True
    return known.undone_at is not None and known.withdrawn_at < told.withdrawn_at
