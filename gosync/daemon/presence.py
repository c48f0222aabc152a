"""Whether the store and the tree are where they were.

A disk that is not mounted leaves an empty folder. To begin a new store in it would
fill the wrong disk, and a tree made of an empty store would carry nothing. So what
was there once must be there; nothing is made in its place, and nothing deleted.
"""

from __future__ import annotations

from gosync.errors import StoreAwayError
from gosync.publish import routes
from gosync.store.layout import BLOBS, CATALOG
from gosync.sync.options import SiteOptions
from gosync.sync.site import Site
from gosync.sync.tree import tree_target

_HINT = "is its disk mounted? nothing was changed; work goes on once it is back"


def check_store_there(options: SiteOptions) -> None:
    """Check that the store is there: catalog and blobs.

    Raises:
        StoreAwayError: if it is not.
    """
    root = options.store_path
    if not ((root / BLOBS).is_dir() and (root / CATALOG).is_file()):
        raise StoreAwayError(f"{root}: the store is not there", hint=_HINT)


def check_tree_there(site: Site) -> None:
    """Check that the tree is there, once it was published.

    Raises:
        StoreAwayError: if it is not.
    """
    target = tree_target(site)
    if site.catalog.trees.get(target.id) is None:
        return
    if not (target.root / routes.MARKER).is_file():
        raise StoreAwayError(
            f"{target.root}: the tree is not there",
            hint="is its disk mounted? if it was removed on purpose, write it anew"
            " with `gosync publish`",
        )


def may_create_store(options: SiteOptions) -> bool:
    """Whether this is a new site: there is neither a catalog nor a tree yet.

    Raises:
        StoreAwayError: if it is not, and the store is not there.
    """
    tree = options.tree_path / routes.MARKER
    if not (tree.exists() or (options.store_path / CATALOG).exists()):
        return True
    check_store_there(options)
    return False
