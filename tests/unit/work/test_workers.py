"""Workers work beside threads; whatever becomes of them, nobody waits for ever."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from gosync.work.workers import Workers
from tests.children import have_ended, workers_here


class Doer:
    """Does as an item says, and tells who did it and how much it had done before."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, item: str, descriptor: int | None) -> tuple[int, int]:
        """Do it."""
        if descriptor is not None:
            assert os.pread(descriptor, 9, 0) == item.encode()
        if item == "fail":
            raise KeyError("a bug of ours")
        if item == "be killed":
            time.sleep(1)  # long enough that others wait for it
            os.kill(os.getpid(), signal.SIGKILL)
        if item == "slow":
            time.sleep(1)
        self._count += 1
        return os.getpid(), self._count


def _ask_at_once(
    workers: Workers[str, tuple[int, int]], *items: str
) -> list[tuple[int, int] | None]:
    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(workers.ask, items))


def test_workers_are_started_when_asked_and_shared_by_threads():
    with Workers(Doer, count=2) as workers:
        assert workers_here() == []
        first = workers.ask("a")
        alone = workers_here()
        answers = _ask_at_once(workers, "slow", "slow", "slow", "slow")
        both = workers_here()
    assert first == (alone[0], 1)
    assert len(alone) == 1
    assert len(both) == 2
    assert {each[0] for each in answers if each} == set(both), "who waits is served"
    assert all(answers)
    assert max(each[1] for each in answers if each) > 1, "a worker keeps what it knows"
    assert workers_here() == []


def test_an_open_file_without_a_name_goes_along(tmp_path: Path):
    with Workers(Doer, count=1) as workers, (tmp_path / "f").open("wb+") as file:
        file.write(b"first")
        file.flush()
        (tmp_path / "f").unlink()
        assert workers.ask("first", descriptor=file.fileno()) is not None


def test_what_fails_is_to_be_done_here_and_the_worker_goes_on():
    with Workers(Doer, count=1) as workers:
        assert workers.ask("fail") is None
        assert workers.ask("a") is not None


def test_who_waits_for_a_worker_that_is_killed_is_answered():
    with Workers(Doer, count=1) as workers:
        assert workers.ask("a") is not None
        assert (
            _ask_at_once(workers, "be killed", "be killed", "be killed") == [None] * 3
        )
        assert workers.ask("a") is None, "it is not replaced"
        assert workers_here() == []


def test_one_that_is_left_serves_on():
    with Workers(Doer, count=2) as workers:
        _ask_at_once(workers, "slow", "slow")
        os.kill(workers_here()[0], signal.SIGKILL)
        answers = [workers.ask("a") for _ in range(3)]
        assert answers.count(None) <= 1
        assert answers[-1] is not None


@pytest.mark.parametrize("program", ["/does/not/exist", "/bin/false"])
def test_a_worker_that_cannot_be_started_costs_nothing_but_time(
    program: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", program)
    with Workers(Doer, count=2) as workers:
        assert _ask_at_once(workers, "a", "b", "c") == [None] * 3
        assert workers.ask("a") is None


def test_a_worker_hears_no_signal_of_the_terminal_or_the_supervisor():
    with Workers(Doer, count=1) as workers:
        answer = workers.ask("a")
        assert answer is not None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(answer[0], number)
        assert workers.ask("a") == (answer[0], 2)
        assert os.getsid(answer[0]) == answer[0]


def _be_killed(there: Connection) -> None:
    workers: Workers[str, tuple[int, int]] = Workers(Doer, count=2)
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    _ask_at_once(workers, "slow", "slow")
    there.send(workers_here())
    time.sleep(60)


def test_none_outlives_a_process_that_is_killed():
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_be_killed, args=(there,))
    process.start()
    there.close()
    left = here.recv()
    assert len(left) == 2
    process.kill()
    process.join()
    assert have_ended(left)
