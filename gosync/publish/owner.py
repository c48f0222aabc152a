"""Whose a tree is: this store's, another one's, or that of a newer state of it."""

from __future__ import annotations

from enum import StrEnum

from gosync.catalog.identity import CatalogStore
from gosync.errors import IdentityError
from gosync.hint import advise, command
from gosync.publish.marker import Marker


class Owner(StrEnum):
    """Whose a tree is, by its marker."""

    NOBODY = "nobody"  # a tree from before stores had an identity
    OURS = "ours"
    AHEAD = "ahead"  # ours, but this store is older: restored from a backup
    FOREIGN = "foreign"


def owner_of(marker: Marker, ours: CatalogStore | None) -> Owner:
    """Return whose a tree is. Pure."""
    if not marker.store or ours is None:
        return Owner.NOBODY
    if marker.store != ours.store:
        return Owner.FOREIGN
    return Owner.AHEAD if marker.generation > ours.generation else Owner.OURS


def check_owner(tree: str, marker: Marker, ours: CatalogStore | None) -> None:
    """Refuse to change a tree that is another store's, or newer than this store.

    Raises:
        IdentityError: it is.
    """
    owner = owner_of(marker, ours)
    if owner is Owner.FOREIGN:
        raise foreign_tree(tree)
    if owner is Owner.AHEAD:
        raise tree_ahead(tree)


def foreign_tree(tree: object) -> IdentityError:
    """Return the refusal of another store's tree."""
    return IdentityError(
        f"{tree}: this tree was published from another store",
        hint=advise(
            "mount the right one or name another folder; to make it this"
            " store's, run {}: it takes in what the tree shows",
            command("adopt"),
        ),
    )


def tree_ahead(tree: object) -> IdentityError:
    """Return the refusal of a store that is older than its tree."""
    return IdentityError(
        f"{tree}: the tree is newer than its store, which was restored from an older"
        " backup",
        hint=advise(
            "run {}: it proves and takes in what the tree shows and the store"
            " lacks; {} does so, too",
            command("adopt"),
            command("sync"),
        ),
    )
