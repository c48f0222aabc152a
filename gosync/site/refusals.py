"""What is said of a store, catalog, journal or tree that does not fit: exit 7.

Each refusal names one next step, and nothing was changed when it is raised.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gosync.errors import IdentityError, StoreAwayError, StoreError
from gosync.hint import Hint, advise, command
from gosync.publish.owner import foreign_tree, tree_ahead
from gosync.site.options import TreePlace
from gosync.site.standing import Trouble
from gosync.store.layout import BLOBS, CATALOG, JOURNAL
from gosync.store.objects.location import BucketLocation

_REBUILD = advise(
    "run {}: it makes the catalog of journal and blobs", command("catalog rebuild")
)
_RESTORE = advise("run {} to bring it here", command("restore"))
_MEND = advise(
    "put back the journal that goes with this catalog, or run {}: it"
    " writes what the catalog knows",
    command("verify", "--repair"),
)
_PUT_BACK = (
    f"put {CATALOG} and {JOURNAL}/ back from a backup; --new-store begins anew and"
    " keeps the blobs that are fetched again"
)
_TEXTS: dict[Trouble, tuple[str, str, Hint | str]] = {
    Trouble.BLOBS_AWAY: (
        BLOBS,
        "the blobs are not there, and the catalog names some",
        advise(
            "mount their disk; what is lost {} fetches anew",
            command("verify", "--repair"),
        ),
    ),
    Trouble.CATALOG_LOST: (
        CATALOG,
        "there is no catalog, or an empty one, beside a journal that is none",
        _REBUILD,
    ),
    Trouble.ALL_BUT_BLOBS_LOST: (
        "",
        "there are blobs, and neither catalog nor journal says what they are",
        _PUT_BACK,
    ),
    Trouble.CATALOG_OLD: (CATALOG, "the catalog is older than the journal", _REBUILD),
    Trouble.CATALOG_FOREIGN: (CATALOG, "the catalog is another store's", _REBUILD),
    Trouble.JOURNAL_LOST: (
        JOURNAL,
        "the journal is missing or empty, and the catalog is not",
        _MEND,
    ),
    Trouble.JOURNAL_OLD: (JOURNAL, "the journal is older than the catalog", _MEND),
    Trouble.JOURNAL_FOREIGN: (JOURNAL, "the journal is another store's", _MEND),
}


def refusal(
    trouble: Trouble,
    *,
    store: Path,
    tree: TreePlace,
    bucket: BucketLocation | None = None,
) -> StoreError:
    """Return the error that tells of what does not fit.

    Args:
        trouble: What.
        store: The store's folder.
        tree: The tree's place.
        bucket: Where the rest of the store is, None where all of it is in the folder.
    """
    if bucket is not None and trouble in _OF_BUCKETS:
        return _OF_BUCKETS[trouble](store, tree)
    if trouble in _OF_TREES:
        return _OF_TREES[trouble](tree)
    if trouble is Trouble.STORE_AWAY:
        return store_away(store)
    name, reason, hint = _TEXTS[trouble]
    kind = StoreAwayError if trouble is Trouble.BLOBS_AWAY else IdentityError
    return kind(f"{store / name}: {reason}", hint=hint)


def _catalog_elsewhere(store: Path, _tree: TreePlace) -> IdentityError:
    """Return the refusal of a folder that a restore into it has not come to."""
    hint = _REBUILD if (store / CATALOG).exists() else _RESTORE
    return IdentityError(
        f"{store / CATALOG}: there is no catalog, or an empty one, beside a journal"
        " that is none",
        hint=hint,
    )


def _tree_of_another(store: Path, tree: TreePlace) -> IdentityError:
    """Return the refusal of a catalog that is behind the tree of its bucket."""
    return IdentityError(
        f"{tree}: the tree is newer than the catalog in {store}",
        hint=advise(
            "run {}: it takes in what the tree shows, or says which machine writes the"
            " store now",
            command("sync"),
        ),
    )


# What is another matter where one machine may go on with another one's store.
_OF_BUCKETS = {
    Trouble.CATALOG_LOST: _catalog_elsewhere,
    Trouble.TREE_AHEAD: _tree_of_another,
}


def store_away(
    store: Path,
    *,
    tree: TreePlace | None = None,
    bucket: BucketLocation | None = None,
) -> StoreAwayError:
    """Return the refusal to begin a store where one was, or beside a tree."""
    beside = "" if tree is None else f", and {tree} shows what one published"
    if bucket is not None:
        return StoreAwayError(
            f"{store}: the store is not there{beside}",
            hint=advise(
                "run {} to bring it here; for a store that is lost or truly new, name"
                " --new-store: it takes in what the tree shows",
                command("restore"),
            ),
        )
    return StoreAwayError(
        f"{store}: the store is not there{beside}",
        hint="is its disk mounted? nothing was changed; for a store that is lost or"
        " truly new, name --new-store: it takes in what the tree shows",
    )


def no_store(store: Path, *, bucket: BucketLocation | None = None) -> StoreAwayError:
    """Return the refusal to work on a store that was not made yet."""
    if bucket is not None:
        return StoreAwayError(
            f"{store}: the store is not there",
            hint=advise(
                "run {} to bring it here, or {} to begin one",
                command("restore"),
                command("sync"),
            ),
        )
    return StoreAwayError(
        f"{store}: the store is not there",
        hint=advise("run {} first, or check store.path and its mount", command("sync")),
    )


def other_disk(folder: Path) -> StoreAwayError:
    """Return the refusal to begin on a file system that nobody has named."""
    return StoreAwayError(
        f"{folder}: nothing is there, and it is on another file system than is known",
        hint="mount its disk; if this is where a new store belongs, name --new-store",
    )


def tree_away(tree: TreePlace) -> StoreAwayError:
    """Return the refusal to go on without a tree that was published."""
    return StoreAwayError(
        f"{tree}: the tree is not there",
        hint=advise(
            "is its disk mounted? if it was removed on purpose, write it anew with {}",
            command("publish"),
        ),
    )


def _unknown_tree(tree: TreePlace) -> IdentityError:
    return IdentityError(
        f"{tree}: the tree shows versions that the store does not know",
        hint=advise(
            "mount the right store or tree; to keep what this tree shows, run"
            " {}: it proves it and takes it in",
            command("adopt"),
        ),
    )


_OF_TREES: dict[Trouble, Callable[[TreePlace], StoreError]] = {
    Trouble.TREE_FOREIGN: foreign_tree,
    Trouble.TREE_AHEAD: tree_ahead,
    Trouble.TREE_UNKNOWN: _unknown_tree,
    Trouble.TREE_AWAY: tree_away,
}
