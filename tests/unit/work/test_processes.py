"""Processes work where that pays; none is left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from gosync.errors import LockedError, StoreError
from gosync.store.lock import StoreLock
from gosync.work.processes import WORTH_BYTES, Hands
from tests.alone import alone
from tests.children import have_ended


def _do(item: str, descriptor: int | None) -> int:
    """Do as the item says, and tell who did it."""
    if descriptor is not None:
        return os.pread(descriptor, 9, 0) == item.encode()
    if item == "how many are open":
        return len(list(Path("/proc/self/fd").iterdir()))
    if item == "be killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "fail":
        raise KeyError("a bug of ours")
    time.sleep(1)  # long enough that the other one takes the other
    return os.getpid()


def _who(count: int, size_bytes: int = WORTH_BYTES) -> list[int | None]:
    with Hands(_do, count=count, size_bytes=size_bytes) as hands:
        return _offer_two(hands)


def _offer_two(hands: Hands[str, int]) -> list[int | None]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda item: hands.offer(item, subject=item), "ab"))


def _tell_who(there: Connection) -> None:
    two, one, small = _who(2), _who(1), _who(2, WORTH_BYTES - 1)
    threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    there.send((os.getpid(), two, one, small, _who(2)))


def test_processes_work_where_that_pays_and_is_safe():
    own, two, one, small, beside = alone(_tell_who)
    assert len({*two, own, None}) == 4
    assert sum(each is None for each in one) == 1  # who is busy takes no more
    assert small == beside == [None, None]


def _tell_trouble(there: Connection) -> None:
    said: list[object] = []
    with Hands(_do, count=1) as hands:
        said.append(hands.offer("fail", subject="m"))
        said.append(hands.offer("a", subject="m") is not None)
        try:
            hands.offer("be killed", subject="example.com/m@v1.0.0")
        except StoreError as error:
            said.append(str(error))
    there.send(said)


def test_what_fails_is_done_again_here_and_a_killed_one_is_told():
    failed, goes_on, killed = alone(_tell_trouble)
    assert failed is None
    assert goes_on
    assert killed.startswith("example.com/m@v1.0.0: ")
    assert "was killed" in killed


def _send_files(there: Connection, root: Path) -> None:
    """Tell whether files came along that have no name, and how many are open after."""
    said: list[object] = []
    with Hands(_do, count=1) as hands:
        for text in ("first", "second"):
            with (root / text).open("wb+") as file:
                file.write(text.encode())
                file.flush()
                (root / text).unlink()
                said.append(hands.offer(text, subject="m", descriptor=file.fileno()))
        said.append(hands.offer("how many are open", subject="m"))
        said.append(len(list(Path("/proc/self/fd").iterdir())))
    there.send(said)


def test_an_open_file_goes_with_an_item(tmp_path: Path):
    first, second, open_there, open_here = alone(_send_files, tmp_path)
    assert first == second == 1
    assert open_there < open_here + 2, "what came is closed again"


def _be_killed(there: Connection, root: Path) -> None:
    with StoreLock(root).acquire():
        hands = Hands(_do, count=2)
        there.send(_offer_two(hands))
        os.kill(os.getpid(), signal.SIGSTOP)


def test_none_outlives_a_process_that_is_killed_or_holds_its_lock(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_be_killed, args=(there, tmp_path))
    process.start()
    there.close()
    left = {int(each) for each in here.recv()}
    with pytest.raises(LockedError):
        StoreLock(tmp_path).acquire()
    for each in left:
        os.kill(each, signal.SIGSTOP)  # as one that is long at its work
    process.kill()
    process.join()
    StoreLock(tmp_path).acquire().release()
    for each in left:
        os.kill(each, signal.SIGCONT)
    assert len(left) == 2
    assert have_ended(left)
