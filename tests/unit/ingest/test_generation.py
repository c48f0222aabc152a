"""A generation is counted up before a run's first line, in journal and catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.identity import CatalogStore
from gosync.errors import CatalogError, StoreError
from gosync.ingest.generation import Generation
from gosync.store.identity import mark_entry, read_marks
from gosync.store.journal import Journal
from gosync.store.localjournal import LocalJournal
from gosync.store.lock import LocalWriterLock
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


def lines(journal: Journal) -> list[int]:
    """Return of each line its generation, or its own number, negative."""
    return [
        int(entry["generation"] or 0)
        if "generation" in entry
        else -int(entry["n"] or 0)
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


class Beside:
    """A run of its own in the same store, as another process has it open."""

    def __init__(self, root: Path, *, rotate_bytes: int = 300) -> None:
        self.lock = LocalWriterLock(root)
        self.catalog = Catalog.open(root / "catalog.sqlite", create=False)
        self.catalog.write_under(self.lock.held)
        self.journal = LocalJournal(
            root, rotate_bytes=rotate_bytes, writing=self.lock.held
        )
        self.generation = Generation(
            root, ID, journal=self.journal, catalog=self.catalog
        )

    def write(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.journal.append([{"n": number}])

    def close(self) -> None:
        self.catalog.close()
        self.lock.close()


def test_runs_beside_each_other_write_one_journal(root: Path, catalog: Catalog):
    """Every line is there, no number comes twice, and each file begins with one."""
    runs = [Beside(root) for _ in range(4)]
    starts = range(1, 81, 20)
    work = [(run, range(n, n + 20)) for run, n in zip(runs, starts, strict=True)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: each[0].write(each[1]), work))
    found = lines(runs[0].journal)
    numbers = [each for each in found if each > 0]
    assert sorted(-each for each in found if each < 0) == list(range(1, 81))
    assert sorted(set(numbers)) == [5, 6, 7, 8]
    assert numbers == sorted(numbers), "a new file begins with the newest number"
    assert runs[0].generation.number == next(read_marks(root)).generation == 8
    for file in sorted((root / "journal").glob("*.jsonl"))[1:]:
        assert b'"kind":"store"' in file.read_bytes().splitlines()[0]
    for run in runs:
        run.close()


def test_a_number_that_a_killed_run_left_is_counted_past(root: Path, catalog: Catalog):
    """Its mark is in the journal, and the catalog has never taken it."""
    ours, theirs = (Beside(root, rotate_bytes=1 << 20) for _ in range(2))
    ours.write([1])
    theirs.write([2])
    theirs.journal.append([mark_entry(ID, 9)])  # and here it was killed
    ours.write([3])
    assert lines(ours.journal) == [5, -1, 6, -2, 9, 10, -3]
    assert ours.generation.number == 10
    for run in (ours, theirs):
        run.close()


def test_a_line_that_a_killed_run_tore_is_cut_off_by_the_others(root: Path, catalog):
    ours, theirs = Beside(root, rotate_bytes=1 << 20), Beside(root)
    ours.write([1])
    (file,) = (root / "journal").glob("*.jsonl")
    with file.open("ab") as journal:
        journal.write(b'{"n": 99')
    ours.write([2])
    assert lines(ours.journal) == [5, -1, -2]
    for run in (ours, theirs):
        run.close()
