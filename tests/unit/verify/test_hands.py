"""Two processes check where that pays; none is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from gosync.errors import StoreError
from gosync.gomod.module import ModuleVersion
from gosync.verify.answers import Answer
from gosync.verify.checks import Checked
from gosync.verify.hands import WORTH_BYTES, Answers, Hands

_CHECKED = [ModuleVersion("example.com/m", f"v1.{n}.0") for n in range(4)]


class Told:
    """A target of which checking says who did it."""

    def __init__(self, *, is_still: bool = True) -> None:
        self.is_still = is_still

    def check(self, mv: ModuleVersion, answer: Answer) -> Checked:
        """Do as the version says."""
        if mv.version == "v1.2.0":
            os.kill(os.getpid(), signal.SIGKILL)
        if mv.version == "v1.3.0":
            raise KeyError("a bug of ours")
        time.sleep(0.1)  # long enough that the other one takes the other
        return Checked(mv, answer, read_bytes=os.getpid())


def _asked(number: int) -> Answers:
    return {_CHECKED[number]: Answer()}


def _who(target: Told, size_bytes: int) -> set[int]:
    with Hands(target, size_bytes) as hands:
        both = [hands.check(_asked(0)), hands.check(_asked(1))]
        return {done.read_bytes for each in both for done in each.result()}


def _alone(story: Callable[[Connection], None]) -> Any:
    """Return what a story says that runs in a process without other threads."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=story, args=(there,))
    process.start()
    there.close()
    try:
        return here.recv()
    finally:
        process.join()


def _tell_who(there: Connection) -> None:
    apart = _who(Told(), WORTH_BYTES)
    small = _who(Told(), WORTH_BYTES - 1)
    moving = _who(Told(is_still=False), WORTH_BYTES)
    threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    beside = _who(Told(), WORTH_BYTES)
    there.send((os.getpid(), apart, small, moving, beside))


def test_two_processes_check_where_that_pays_and_is_safe():
    own, apart, small, moving, beside = _alone(_tell_who)
    assert len(apart) == 2
    assert own not in apart
    assert small == moving == beside == {own}


def _tell_trouble(there: Connection) -> None:
    said = []
    for number in (3, 2):
        with Hands(Told(), WORTH_BYTES) as hands:
            error = hands.check(_asked(number)).exception()
            said.append((type(error).__name__, str(error)))
    there.send(said)


def test_a_process_that_fails_says_why():
    bug, killed = _alone(_tell_trouble)
    assert bug[0] == "RuntimeError"
    assert "a bug of ours" in bug[1]
    assert killed[0] == StoreError.__name__
    assert str(_CHECKED[2]) in killed[1]


def _be_killed(there: Connection) -> None:
    hands = Hands(Told(), WORTH_BYTES)
    both = [hands.check(_asked(0)), hands.check(_asked(1))]
    there.send([done.read_bytes for each in both for done in each.result()])
    os.kill(os.getpid(), signal.SIGKILL)


def test_none_outlives_a_process_that_is_killed():
    left = {int(each) for each in _alone(_be_killed)}
    assert len(left) == 2
    for _ in range(100):
        if not any(_runs(process) for process in left):
            return
        time.sleep(0.05)
    pytest.fail(f"still there: {left}")


def _runs(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
