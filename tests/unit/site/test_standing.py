"""Store, catalog, journal and tree held against each other: the rules."""

from __future__ import annotations

import pytest

from gosync.catalog.identity import CatalogStore
from gosync.catalog.trees import TreeState
from gosync.publish.marker import Marker
from gosync.site.standing import (
    StoreFound,
    Trouble,
    judge_catalog,
    judge_store,
    judge_tree,
)
from gosync.store.identity import Mark

OURS, THEIRS = "a" * 32, "b" * 32


def _marks(*numbers: int | str) -> list[Mark]:
    """Return marks, the newest first; "x" is an entry that is none."""
    return [
        Mark(OURS, each, is_last="x" not in numbers[:place])
        for place, each in enumerate(numbers)
        if isinstance(each, int)
    ]


@pytest.mark.parametrize(
    ("catalog", "marks", "trouble"),
    [
        (0, _marks(), None),  # made, and nothing was journaled yet
        (0, _marks("x"), None),  # lines that came before any count
        (3, _marks(3, 2), None),
        (3, _marks("x", 3), None),
        (3, _marks(4, "x", 3), None),  # killed before the catalog had 4
        (3, _marks(6, 5, 4, "x", 3), None),  # three times in a row
        (3, _marks("x", 4, 3), Trouble.CATALOG_OLD),
        (3, _marks(5, "x", 4, "x", 3), Trouble.CATALOG_OLD),
        (0, _marks("x", 1), Trouble.CATALOG_OLD),
        (3, _marks(2), Trouble.JOURNAL_OLD),
        (3, _marks("x", 2), Trouble.JOURNAL_OLD),
        (3, _marks(), Trouble.JOURNAL_LOST),
        (None, _marks(1), Trouble.CATALOG_OLD),
        (None, _marks(), None),
    ],
)
def test_a_run_that_was_killed_is_told_from_a_restored_backup(
    catalog: int | None, marks: list[Mark], trouble: Trouble | None
):
    known = None if catalog is None else CatalogStore(OURS, catalog)
    found = judge_catalog(known, marks, folder=OURS, is_empty=False, entries=True)
    assert found == trouble


@pytest.mark.parametrize(
    ("is_empty", "entries", "trouble"),
    [
        (True, True, Trouble.CATALOG_LOST),
        (True, False, None),
        (False, True, None),
    ],
)
def test_an_empty_catalog_beside_a_journal_is_a_lost_one(
    is_empty: bool, entries: bool, trouble: Trouble | None
):
    found = judge_catalog(None, [], folder="", is_empty=is_empty, entries=entries)
    assert found == trouble


@pytest.mark.parametrize(
    ("folder", "trouble"),
    [
        (OURS, Trouble.JOURNAL_FOREIGN),
        (THEIRS, Trouble.CATALOG_FOREIGN),
        ("", Trouble.CATALOG_FOREIGN),
    ],
)
def test_the_folder_says_which_of_two_is_foreign(folder: str, trouble: Trouble):
    marks = [Mark(THEIRS, 9)]
    ours = CatalogStore(OURS, 9)
    found = judge_catalog(ours, marks, folder=folder, is_empty=False, entries=True)
    assert found == trouble


@pytest.mark.parametrize(
    ("marks", "entries", "blobs", "catalog", "nothing", "trouble"),
    [
        (False, False, False, False, True, None),
        (False, False, False, True, False, None),
        (True, False, False, False, False, Trouble.CATALOG_LOST),
        (False, True, True, False, False, Trouble.CATALOG_LOST),
        (False, False, True, False, False, Trouble.ALL_BUT_BLOBS_LOST),
        (True, True, True, True, False, None),
    ],
)
def test_what_is_in_the_folder_alone(
    marks: bool,
    entries: bool,
    blobs: bool,
    catalog: bool,
    nothing: bool,
    trouble: Trouble | None,
):
    found = StoreFound(marks=marks, entries=entries, blobs=blobs, catalog=catalog)
    assert found.is_nothing == nothing
    if not nothing:
        assert judge_store(found) == trouble


def _state(contents: str) -> TreeState:
    return TreeState("/tree", 1, contents, "")


@pytest.mark.parametrize(
    ("marker", "state", "trouble"),
    [
        (None, None, None),
        (None, _state("c"), Trouble.TREE_AWAY),
        (Marker(store=OURS, generation=5), None, None),
        (Marker(store=OURS, generation=4), _state("old"), None),
        (Marker(store=OURS, generation=6), _state("c"), Trouble.TREE_AHEAD),
        (Marker(store=THEIRS, generation=1), None, Trouble.TREE_FOREIGN),
        (Marker(contents="c"), _state("c"), None),
        (Marker(contents="c"), _state("d"), Trouble.TREE_UNKNOWN),
        (Marker(contents="c"), None, Trouble.TREE_UNKNOWN),
        (Marker(format=0), _state("c"), Trouble.TREE_UNKNOWN),
    ],
)
def test_a_tree(marker: Marker | None, state: TreeState | None, trouble: object):
    assert judge_tree(marker, state, CatalogStore(OURS, 5)) == trouble
