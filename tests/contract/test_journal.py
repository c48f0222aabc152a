"""The contract of a journal (gosync.store.journal), sentence by sentence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from gosync.errors import NoSpaceError, StoreError
from gosync.store.journal import Damage
from tests.contract.storages import STORES, Storage

STORAGES = STORES


def numbers(storage: Storage) -> list[object]:
    """Return the entries by their numbers, as another run reads them."""
    found = storage.journal().read()
    return ["torn" if isinstance(e, Damage) else e["n"] for e in found if e != {}]


def test_entries_are_read_as_they_were_appended_and_outlive_a_power_cut(
    storage: Storage,
) -> None:
    journal = storage.journal()
    assert numbers(storage) == []
    entry = {"text": "\u00e9\udcff\n", "no": None, "yes": True, "n": 1 << 60, "e": ""}
    assert journal.append([entry]) == 1
    assert journal.append({"n": n} for n in range(9)) == 9
    assert journal.append([]) == 0
    storage.cut_power()
    assert next(storage.journal().read()) == entry
    assert numbers(storage) == [1 << 60, *range(9)]


def test_many_appends_stay_in_order(storage: Storage) -> None:
    journal = storage.journal()
    for n in range(100):
        journal.append([{"n": n}, {"n": -n}])
    storage.cut_power()
    assert numbers(storage) == [m for n in range(100) for m in (n, -n)]


def test_writers_in_turn_keep_one_order(storage: Storage) -> None:
    journals = [storage.journal() for _ in range(3)]
    for n in range(60):
        journals[n % 3].append([{"n": n}])
    assert numbers(storage) == list(range(60))


def test_threads_may_share_a_journal(storage: Storage) -> None:
    journal = storage.journal()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: journal.append([{"n": n}, {"n": n}]), range(60)))
    found = numbers(storage)
    assert found[::2] == found[1::2], "an append is not parted"
    assert sorted(found[::2], key=str) == sorted(range(60), key=str)


def test_without_room_all_of_it_is_kept_or_nothing(storage: Storage) -> None:
    journal = storage.journal()
    journal.append([{"n": 0}])
    storage.full(yes=True)
    with pytest.raises(NoSpaceError):
        journal.append([{"n": 1}, {"n": 2}])
    storage.full(yes=False)
    assert numbers(storage) == [0]
    journal.append([{"n": 3}])
    assert numbers(storage) == [0, 3]


def test_what_a_killed_run_tore_is_said_and_cut_off(storage: Storage) -> None:
    journal = storage.journal()
    journal.append([{"n": 0}])
    storage.tear_journal()
    assert numbers(storage) == [0, "torn"]
    journal.append([{"n": 1}])  # it was somebody else who died
    storage.tear_journal()
    storage.journal().append([{"n": 2}])
    assert numbers(storage) == [0, 1, 2]


def test_an_entry_that_is_too_long_is_refused_with_all_beside_it(
    storage: Storage,
) -> None:
    with pytest.raises(StoreError, match="too long"):
        storage.journal().append([{"n": 0}, {"n": "y" * (4 << 20)}])
    assert numbers(storage) == []


def test_what_is_to_be_done_before_entries_may_append_and_keep_them_out(
    storage: Storage,
) -> None:
    journal, done = storage.journal(), list[int]()

    def before() -> None:
        if not done:
            done.append(1)
            journal.append([{"n": "first"}])
        elif len(done) > 1:
            raise StoreError("not now")

    journal.before_entries(before)
    journal.append([])
    assert done == []
    journal.append([{"n": 0}])
    done.append(2)
    with pytest.raises(StoreError, match="not now"):
        journal.append([{"n": 1}])
    assert numbers(storage) == ["first", 0]


def test_what_files_begin_with_is_said_again_and_nothing_else(storage: Storage) -> None:
    journal = storage.journal()
    journal.begin_files_with({})
    for n in range(60):
        journal.append([{"n": n}])
    assert numbers(storage) == list(range(60))


def test_one_that_others_have_not_touched_says_so(storage: Storage) -> None:
    ours, theirs = storage.journal(), storage.journal()
    ours.append([{"n": 0}])
    assert ours.is_as_we_left_it
    assert not theirs.is_as_we_left_it
    theirs.append([{"n": 1}])
    assert not ours.is_as_we_left_it


def test_who_writes_more_than_an_append_keeps_others_out(storage: Storage) -> None:
    ours, theirs = storage.journal(), storage.journal()
    with ThreadPoolExecutor(1) as pool:
        with ours.writing():
            done = pool.submit(theirs.append, [{"n": 2}])
            ours.append([{"n": 0}])
            ours.append([{"n": 1}])
        done.result(10)
    assert numbers(storage) == [0, 1, 2]
