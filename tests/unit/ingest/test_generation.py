"""A generation is counted up before a run's first line, in journal and catalog."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.identity import CatalogStore
from gosync.errors import CatalogError, StoreError
from gosync.ingest.generation import Generation
from gosync.store.journal import Journal
from gosync.store.localjournal import LocalJournal
from gosync.store.root import open_store

ID = "ab" * 16


@pytest.fixture
def root(tmp_path: Path) -> Path:
    open_store(tmp_path / "var")
    return tmp_path / "var"


@pytest.fixture
def catalog(root: Path) -> Iterator[Catalog]:
    with Catalog.open(root / "catalog.sqlite", create=True) as catalog:
        catalog.identity.put(CatalogStore(ID, 4))
        yield catalog


def lines(journal: Journal) -> list[object]:
    """Return of each line its generation, or its own number, negative."""
    return [
        entry["generation"] if "generation" in entry else -int(entry["n"] or 0)
        for entry in journal.read()
        if isinstance(entry, dict)
    ]


def test_the_first_lines_of_a_run_follow_a_new_number(root: Path, catalog: Catalog):
    journal = LocalJournal(root)
    generation = Generation(root, ID, journal=journal, catalog=catalog)
    journal.append([{"n": 1}])
    journal.append([{"n": 2}])
    assert generation.advance(beyond=9) == 10
    assert lines(journal) == [5, -1, -2, 10]
    assert generation.number == 10


def test_inside_of_a_transaction_it_waits(root: Path, catalog: Catalog):
    journal = LocalJournal(root)
    Generation(root, ID, journal=journal, catalog=catalog)
    with catalog.transaction():
        journal.append([{"n": 1}])
    journal.append([{"n": 2}])
    assert lines(journal) == [-1, 5, -2]


def test_no_line_follows_a_number_that_the_catalog_refused(
    root: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
):
    journal = LocalJournal(root)
    generation = Generation(root, ID, journal=journal, catalog=catalog)

    def refuse(_: CatalogStore) -> None:
        raise CatalogError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(catalog.identity, "put", refuse)
        for _ in range(2):
            with pytest.raises(CatalogError):
                journal.append([{"n": 1}])
        with catalog.transaction(), pytest.raises(StoreError):
            journal.append([{"n": 2}])
    assert (lines(journal), generation.number) == ([5, 6], 4)
    journal.append([{"n": 3}])
    assert (lines(journal), generation.number) == ([5, 6, 7, -3], 7)


def test_of_many_threads_one_counts_and_all_wait(root: Path, catalog: Catalog):
    journal = LocalJournal(root)
    Generation(root, ID, journal=journal, catalog=catalog)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: journal.append([{"n": number}]), range(1, 41)))
    found = lines(journal)
    assert found[0] == 5
    assert sorted(found[1:], key=str) == sorted(range(-40, 0), key=str)
