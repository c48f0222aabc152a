"""The contract of the writer lock (gosync.store.lock), sentence by sentence."""

from __future__ import annotations

import threading
import time

import pytest

from gosync.errors import LockedError
from tests.contract.storages import STORES, Storage

STORAGES = STORES


def test_who_holds_it_excludes_others_and_lets_go_at_the_end(storage: Storage) -> None:
    ours, theirs = storage.lock(), storage.lock()
    with ours.held():
        assert (ours.is_held, theirs.is_held) == (True, False)
        with pytest.raises(LockedError), theirs.held(wait_seconds=0.01):
            pass
    assert not ours.is_held
    with theirs.held(wait_seconds=60):
        assert theirs.is_held


def test_it_is_let_go_by_an_error(storage: Storage) -> None:
    with pytest.raises(KeyError), storage.lock().held():
        raise KeyError
    with storage.lock().held(wait_seconds=60):
        pass


def test_a_thread_that_holds_it_may_take_it_again(storage: Storage) -> None:
    ours, theirs = storage.lock(), storage.lock()
    with ours.held():
        with ours.held(wait_seconds=60):
            pass
        with pytest.raises(LockedError), theirs.held(wait_seconds=0.01):
            pass


def test_threads_and_writers_are_inside_one_after_the_other(storage: Storage) -> None:
    locks = [storage.lock(), storage.lock()]
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(5):
            with locks[number % 2].held(wait_seconds=30):
                inside.append(number)
                most.append(len(inside))
                time.sleep(0.001)
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(most), max(most)) == (30, 1)


def test_a_wait_ends_when_it_is_let_go_or_its_time_is_up(storage: Storage) -> None:
    ours, theirs = storage.lock(), storage.lock()
    began, free = threading.Event(), threading.Event()

    def hold() -> None:
        with ours.held():
            began.set()
            free.wait(120)

    thread = threading.Thread(target=hold)
    thread.start()
    began.wait(60)
    for other in (ours, theirs):
        start = time.monotonic()
        with pytest.raises(LockedError), other.held(wait_seconds=0.05):
            pass
        assert 0.04 < time.monotonic() - start < 60
    free.set()
    with theirs.held(wait_seconds=60):
        pass
    thread.join()
