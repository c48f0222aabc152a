"""Storage of the published tree: from what a configuration names to what is opened.

The one place that knows that a tree is a folder. Whoever reads or writes the tree's
files goes through the contract of ``gosync.publish.tree``.
"""

from __future__ import annotations

from pathlib import Path

from gosync.publish.localtree import LocalTree
from gosync.publish.tree import TreeStorage
from gosync.site.options import SiteOptions


def tree_storage(options: SiteOptions) -> TreeStorage:
    """Return the configured tree's storage."""
    return named_tree(str(options.tree_path))


def named_tree(name: str) -> TreeStorage:
    """Return the storage of a tree by the name that leases and the catalog have."""
    return LocalTree(Path(name))
