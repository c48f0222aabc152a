"""The journal: appended, torn, rotated, read again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gosync.errors import StoreError
from gosync.store.journal import Damage
from gosync.store.localjournal import LocalJournal
from gosync.store.root import open_store


@pytest.fixture
def root(tmp_path):
    open_store(tmp_path)
    return tmp_path


def _numbers(root):
    return [
        entry.get("n") for entry in LocalJournal(root).read() if isinstance(entry, dict)
    ]


def _file(root, number=1):
    return root / "journal" / f"{number:08d}.jsonl"


def test_what_is_appended_is_read_in_order(root):
    journal = LocalJournal(root)
    assert list(journal.read()) == []
    assert journal.append([]) == 0
    assert not _file(root).exists()
    assert journal.append([{"n": 1}, {"n": 2}]) == 2
    LocalJournal(root).append([{"n": 3}])
    assert _numbers(root) == [1, 2, 3]


def test_an_entry_keeps_every_plain_value(root):
    entry = {"text": "é\n\udcff\x00", "none": None, "true": True, "n": -(2**70)}
    LocalJournal(root).append([entry])
    assert list(LocalJournal(root).read()) == [entry]
    assert _file(root).read_bytes().isascii()


@pytest.mark.parametrize("torn", [b'{"n":3', b"{", b"\x00\x00", b'{"n":3}'])
def test_a_torn_last_line_is_skipped_and_cut_off_by_the_next_append(root, torn):
    LocalJournal(root).append([{"n": 1}, {"n": 2}])
    with _file(root).open("ab") as file:
        file.write(torn)
    entries = list(LocalJournal(root).read())
    assert entries[:2] == [{"n": 1}, {"n": 2}]
    LocalJournal(root).append([{"n": 4}])
    assert _numbers(root) == [1, 2, 4]


def test_a_file_that_is_one_torn_line_begins_again(root):
    _file(root).write_bytes(b"x" * 200_000)
    LocalJournal(root).append([{"n": 1}])
    assert list(LocalJournal(root).read()) == [{"n": 1}]


def test_a_damaged_line_is_reported_in_its_place(root):
    journal = LocalJournal(root)
    journal.append([{"n": 1}, {"n": 2}, {"n": 3}])
    data = _file(root).read_bytes().replace(b'{"n":2}', b'{"n"2}}') + b"[1]\n{}"
    _file(root).write_bytes(data)
    assert list(journal.read()) == [
        {"n": 1},
        Damage("00000001.jsonl", 2, torn=False),
        {"n": 3},
        Damage("00000001.jsonl", 4, torn=False),
        {},
    ]


def test_a_large_file_is_followed_by_the_next_number(root):
    journal = LocalJournal(root, rotate_bytes=10)
    for n in range(3):
        journal.append([{"n": n}, {"n": n}])
    assert sorted(path.name for path in (root / "journal").iterdir()) == [
        "00000001.jsonl",
        "00000002.jsonl",
        "00000003.jsonl",
    ]
    (root / "journal" / "notes.txt").write_text("not ours")
    assert _numbers(root) == [0, 0, 1, 1, 2, 2]


def test_threads_do_not_mix_their_lines(root):
    journal = LocalJournal(root, rotate_bytes=2_000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: journal.append([{"n": n, "x": "y" * 50}]), range(200)))
    assert sorted(_numbers(root)) == list(range(200))


def test_an_entry_that_no_reader_would_take_is_not_written(root):
    with pytest.raises(StoreError, match="too long"):
        LocalJournal(root).append([{"x": "y" * (4 << 20)}])
    assert not _file(root).exists()
