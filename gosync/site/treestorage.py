"""Storage of the published tree: from what a configuration names to what is opened.

The one place that knows that a tree is a folder. Whoever reads or writes the tree's
files goes through the contract of ``gosync.publish.tree``.
"""

from __future__ import annotations

from pathlib import Path

from gosync.publish.changelog import ChangeLog
from gosync.publish.localtree import LocalTree
from gosync.publish.notedtree import NotedTree
from gosync.publish.tree import TreeReader, TreeStorage
from gosync.site.options import SiteOptions


def tree_storage(options: SiteOptions) -> TreeStorage:
    """Return the configured tree's storage."""
    return named_tree(options, str(options.tree_path))


def named_tree(options: SiteOptions, name: str) -> TreeStorage:
    """Return the storage of a tree by the name that leases and the catalog have.

    What changes of the configured one is noted, where hooks are to be told.
    """
    storage = LocalTree(Path(name))
    if options.notes_changes and name == str(options.tree_path):
        return NotedTree(storage, ChangeLog(options.store_path))
    return storage


def read_tree(name: str) -> TreeReader:
    """Return a reader of any tree, by the name that leases and the catalog have."""
    return LocalTree(Path(name)).reader()
