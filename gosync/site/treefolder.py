"""A tree's folder: for what looks at files, and for what is served from one.

What only looks gets a copy of a tree that is in a bucket; what goes on for long
says what to do instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gosync.errors import UsageError
from gosync.hint import Hint
from gosync.publish.storage.treecopy import copy_of_tree
from gosync.site.options import TreePlace
from gosync.store.objects.opening import open_bucket
from gosync.store.objects.options import BucketOptions
from gosync.work.progress import Progress

_SERVE_BUCKETS = (
    "point a web server or a CDN at the bucket, as docs/object-storage.md shows; or"
    " copy what it has into a folder, and serve that"
)


@contextmanager
def tree_as_folder(
    tree: TreePlace, buckets: BucketOptions, progress: Progress
) -> Iterator[Path]:
    """Yield a tree's folder, or a copy of what is in its bucket, which goes again.

    Args:
        tree: Where the tree is.
        buckets: How buckets are reached.
        progress: Is told how far a copy is.

    Raises:
        UsageError: what opens buckets is not installed.
        MalformedError: a key is no path in a folder.
        NoSpaceError: there is no room for a copy.
        StoreError: the bucket refuses.
    """
    if isinstance(tree, Path):
        yield tree
        return
    with copy_of_tree(open_bucket(tree, buckets), progress) as folder:
        yield folder


def tree_folder(tree: TreePlace, who: str, *, hint: str | Hint) -> Path:
    """Return a tree's folder.

    Args:
        tree: Where the tree is.
        who: What needs it, at the beginning of a sentence.
        hint: What to do instead where it is in a bucket.

    Raises:
        UsageError: it is in a bucket.
    """
    if isinstance(tree, Path):
        return tree
    raise UsageError(
        f"{who} needs a tree in a folder, and {tree} is in a bucket", hint=hint
    )


def served_folder(tree: TreePlace) -> Path:
    """Return the folder that is served.

    Raises:
        UsageError: the tree is in a bucket.
    """
    return tree_folder(tree, "Serving", hint=_SERVE_BUCKETS)
