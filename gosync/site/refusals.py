"""What is said of a store, catalog, journal or tree that does not fit: exit 7.

Each refusal names one next step, and nothing was changed when it is raised.
"""

from __future__ import annotations

from pathlib import Path

from gosync.errors import IdentityError, StoreAwayError, StoreError
from gosync.hint import Hint, advise, command
from gosync.publish.owner import foreign_tree, tree_ahead
from gosync.site.options import TreePlace
from gosync.site.standing import Trouble
from gosync.store.layout import BLOBS, CATALOG, JOURNAL

_REBUILD = advise(
    "run {}: it makes the catalog of journal and blobs", command("catalog rebuild")
)
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


def refusal(trouble: Trouble, *, store: Path, tree: TreePlace) -> StoreError:
    """Return the error that tells of what does not fit.

    Args:
        trouble: What.
        store: The store's folder.
        tree: The tree's place.
    """
    if trouble is Trouble.TREE_FOREIGN:
        return foreign_tree(tree)
    if trouble is Trouble.TREE_AHEAD:
        return tree_ahead(tree)
    if trouble is Trouble.TREE_UNKNOWN:
        return _unknown_tree(tree)
    if trouble is Trouble.TREE_AWAY:
        return tree_away(tree)
    if trouble is Trouble.STORE_AWAY:
        return store_away(store)
    name, reason, hint = _TEXTS[trouble]
    kind = StoreAwayError if trouble is Trouble.BLOBS_AWAY else IdentityError
    return kind(f"{store / name}: {reason}", hint=hint)


def store_away(store: Path, *, tree: TreePlace | None = None) -> StoreAwayError:
    """Return the refusal to begin a store where one was, or beside a tree."""
    beside = "" if tree is None else f", and {tree} shows what one published"
    return StoreAwayError(
        f"{store}: the store is not there{beside}",
        hint="is its disk mounted? nothing was changed; for a store that is lost or"
        " truly new, name --new-store: it takes in what the tree shows",
    )


def no_store(store: Path) -> StoreAwayError:
    """Return the refusal to work on a store that was not made yet."""
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
