"""What works with a tree in a folder alone, and what to do where it is in a bucket."""

from __future__ import annotations

from pathlib import Path

from gosync.errors import UsageError
from gosync.hint import Hint
from gosync.site.options import TreePlace

_SERVE_BUCKETS = (
    "point a web server or a CDN at the bucket, as docs/object-storage.md shows; or"
    " copy what it has into a folder, and serve that"
)


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
