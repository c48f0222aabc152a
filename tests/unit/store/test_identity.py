"""Which store it is: its file, and the marks along its journal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gosync.errors import MalformedError, StoreError
from gosync.store.identity import (
    JOURNAL_FORMAT,
    Mark,
    has_entries,
    mark_entry,
    new_store_id,
    parse_mark,
    read_marks,
    read_store_id,
    write_store_id,
)
from gosync.store.localjournal import LocalJournal
from gosync.store.root import open_store

ID = "0123456789abcdef" * 2


@pytest.fixture
def root(tmp_path: Path) -> Path:
    open_store(tmp_path)
    return tmp_path


def test_an_id_goes_both_ways(root: Path):
    assert read_store_id(root) == ""
    store = new_store_id()
    write_store_id(root, store)
    assert read_store_id(root) == store
    assert list((root / "staging").iterdir()) == []


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"\xff", b'{"format":1,"store":"../x"}', b"[" * 5000]
)
def test_an_id_that_says_nothing_is_none(root: Path, data: bytes):
    (root / "store.json").write_bytes(data)
    assert read_store_id(root) == ""


def test_nothing_waits_for_a_pipe(root: Path):
    os.mkfifo(root / "store.json")
    os.mkfifo(root / "journal" / "00000001.jsonl")
    assert (read_store_id(root), list(read_marks(root))) == ("", [])
    assert not has_entries(root)


def test_marks_are_read_backwards_and_know_what_follows_them(root: Path):
    journal = LocalJournal(root)
    assert list(read_marks(root)) == []
    journal.append([mark_entry(ID, 1)])
    assert not has_entries(root)
    journal.append([{"kind": "version", "path": '"kind":"store"'}])
    assert has_entries(root)
    journal.append([mark_entry(ID, 2), mark_entry(ID, 3)])
    assert list(read_marks(root)) == [
        Mark(ID, 3),
        Mark(ID, 2),
        Mark(ID, 1, is_last=False),
    ]
    journal.append([{"kind": "head"}])
    assert [mark.is_last for mark in read_marks(root)] == [False, False, False]


def test_a_journal_of_a_newer_format_is_refused(root: Path):
    entry = mark_entry("ab" * 16, 3)
    assert entry["format"] == JOURNAL_FORMAT
    of_old = {name: entry[name] for name in ("kind", "store", "generation")}
    assert parse_mark(of_old) == parse_mark(entry)
    LocalJournal(root).append([{**entry, "format": JOURNAL_FORMAT + 1}])
    with pytest.raises(StoreError, match="newer than this gosync"):
        list(read_marks(root))


def test_a_torn_mark_is_none(root: Path):
    LocalJournal(root).append([mark_entry(ID, 1)])
    file = root / "journal" / "00000001.jsonl"
    whole = file.read_bytes()
    for cut in range(1, len(whole)):
        file.write_bytes(whole + whole.replace(b"1,", b"2,")[:-cut])
        assert list(read_marks(root)) == [Mark(ID, 1)]


def test_a_mark_is_found_in_the_last_file_however_long_the_run(root: Path):
    journal = LocalJournal(root, rotate_bytes=200)
    mark = mark_entry(ID, 7)
    journal.append([mark])
    journal.begin_files_with(mark)
    for number in range(20):
        journal.append([{"n": number, "pad": "x" * 90}])
    (root / "journal" / "00000001.jsonl").write_bytes(b"")  # nobody looks there
    assert next(read_marks(root)) == Mark(ID, 7, is_last=False)


def test_a_mark_far_from_the_end_is_found(root: Path):
    journal = LocalJournal(root)
    journal.append([mark_entry(ID, 1)])
    for _ in range(40):
        journal.append([{"pad": "x" * 100_000}])
    assert list(read_marks(root)) == [Mark(ID, 1, is_last=False)]


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "store"},
        {"kind": "store", "store": ID, "generation": True},
        {"kind": "store", "store": ID, "generation": -1},
        {"kind": "store", "store": ID.upper(), "generation": 1},
    ],
)
def test_what_is_no_mark(root: Path, entry: dict[str, str | int]):
    with pytest.raises(MalformedError):
        parse_mark(entry)
    LocalJournal(root).append([entry])
    assert list(read_marks(root)) == []


def test_work_is_done_before_entries_and_may_keep_them_out(root: Path):
    journal = LocalJournal(root)
    seen: list[int] = []

    def before() -> None:
        seen.append(len(seen))
        if len(seen) == 2:
            journal.append([{"n": 0}])
        if len(seen) == 4:
            raise StoreError("not now")

    journal.before_entries(before)
    journal.append([])
    assert seen == []
    for number in (1, 2):
        journal.append([{"n": number}])
    with pytest.raises(StoreError):
        journal.append([{"n": 3}])
    numbers = [entry["n"] for entry in journal.read() if isinstance(entry, dict)]
    assert numbers == [1, 0, 2]
