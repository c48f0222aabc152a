"""The lock: held by one process, named, let go by the kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import anyio
import pytest

from gosync.cli.interruptible import run_interruptible
from gosync.errors import InterruptedRunError, LockedError
from gosync.store.lock import (
    LocalWriterLock,
    StoreLock,
    claim_store,
    share_store,
)
from gosync.store.writerlock import WRITE_WAIT_SECONDS
from gosync.work.interruption import forget

_HOLD = """
import sys, pathlib
from gosync.store.lock import StoreLock
StoreLock(pathlib.Path(sys.argv[1]), command="gosync sync").acquire()
print("held", flush=True)
sys.stdin.read()
"""


class FixedClock:
    def now(self):
        return datetime(2026, 11, 22, 13, 0, tzinfo=UTC)

    def monotonic(self):
        return time.monotonic()


@pytest.fixture(autouse=True)
def _no_signal_is_left():
    """What a signal asked for here is not meant for whoever waits next."""
    yield
    forget()


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_file_says_who_holds_it_and_is_never_unlinked(tmp_path):
    lock = StoreLock(tmp_path, command="gosync\n sync", clock=FixedClock())
    with lock.acquire():
        assert lock.path.read_text() == (
            f"pid {os.getpid()}\ncommand gosync sync\n"
            "since 2026-11-22T13:00:00.000000Z\n"
        )
    assert lock.path.read_text() == ""
    lock.release()


def test_another_process_is_kept_out_and_told_who_holds_it(tmp_path, holder):
    with pytest.raises(LockedError) as caught:
        StoreLock(tmp_path).acquire()
    assert f"held by pid {holder.pid} (gosync sync) since 2" in str(caught.value)
    assert caught.value.exit_code == 11


def test_the_lock_of_a_killed_process_is_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert "gosync sync" in (tmp_path / "lock").read_text()
    with StoreLock(tmp_path).acquire():
        pass


def test_waiting_takes_the_lock_when_it_is_let_go(tmp_path, holder):
    timer = threading.Timer(0.3, holder.kill)
    timer.start()
    with StoreLock(tmp_path).acquire(wait_seconds=30):
        pass
    timer.join()


def test_waiting_ends(tmp_path, holder):
    with pytest.raises(LockedError):
        StoreLock(tmp_path).acquire(wait_seconds=0.2)


def test_two_locks_of_one_process_exclude_each_other(tmp_path):
    with StoreLock(tmp_path).acquire(), pytest.raises(LockedError):
        StoreLock(tmp_path).acquire()


@pytest.mark.parametrize("text", [b"", b"junk", b"\xff\xfe", b"pid 1\n"])
def test_a_lock_file_that_tells_nothing_still_locks(tmp_path, text):
    with StoreLock(tmp_path).acquire() as lock:
        lock.path.write_bytes(text)
        with pytest.raises(LockedError, match="another process"):
            StoreLock(tmp_path).acquire()


def test_the_writer_lock_nests_in_its_thread_and_excludes_others(tmp_path):
    lock, other = LocalWriterLock(tmp_path, command="a test"), LocalWriterLock(tmp_path)
    with lock.held():
        with lock.held():
            inside = lock.is_held
        with (
            pytest.raises(LockedError, match=r"held by pid \d+ \(a test\)"),
            other.held(wait_seconds=0.05),
        ):
            pass
    assert (inside, lock.is_held) == (True, False)
    with other.held(wait_seconds=0):
        pass


def test_threads_take_the_writer_lock_in_turn(tmp_path):
    lock, inside, most = LocalWriterLock(tmp_path), [], []

    def work():
        for _ in range(20):
            with lock.held():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert set(most) == {1}


def test_a_thread_waits_for_another_one_no_longer_than_it_is_told(tmp_path):
    lock, entered, leave = (
        LocalWriterLock(tmp_path),
        threading.Event(),
        threading.Event(),
    )

    def hold():
        with lock.held():
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(30)
    with (
        pytest.raises(LockedError, match="another thread"),
        lock.held(wait_seconds=0.05),
    ):
        pass
    leave.set()
    thread.join()


def test_a_killed_process_lets_go_of_the_writer_lock(tmp_path, holder):
    writer = LocalWriterLock(tmp_path)
    with pytest.raises(LockedError), writer.held(wait_seconds=0.05):
        pass
    holder.kill()
    with writer.held(wait_seconds=60):
        pass


def test_a_forked_child_holds_nothing_and_does_not_hold_it_on(tmp_path):
    lock = LocalWriterLock(tmp_path)
    with lock.held():
        child = os.fork()
        if child == 0:  # it must wait for its parent like anybody
            try:
                with lock.held(wait_seconds=0.05):
                    os._exit(1)
            except LockedError:
                os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert lock.is_held
    with LocalWriterLock(tmp_path).held(wait_seconds=0):
        pass


def test_runs_share_a_store_and_who_claims_it_is_alone(tmp_path):
    with (
        share_store(tmp_path, command="gosync sync"),
        share_store(tmp_path, command="gosync verify"),
        pytest.raises(LockedError, match="another process"),
    ):
        claim_store(tmp_path, command="gosync catalog rebuild")
    with (
        claim_store(tmp_path, command="gosync catalog rebuild"),
        pytest.raises(LockedError, match="gosync catalog rebuild"),
    ):
        share_store(tmp_path, command="gosync sync")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_wait_in_which_the_event_loop_stands_still(
    tmp_path, holder, number
):
    """And what waits for the lock after that, too."""
    writer, waits = LocalWriterLock(tmp_path), []

    async def work():
        await anyio.sleep(0.01)  # who watches for signals is there
        timer = threading.Timer(0.05, os.kill, (os.getpid(), number))
        timer.start()
        for _ in range(3):
            try:
                with writer.held():
                    pass
            except InterruptedRunError as error:
                waits.append(error.exit_code)

    began = time.monotonic()
    with pytest.raises(InterruptedRunError):
        run_interruptible(work_and_rest(work))
    writer.close()
    assert waits == [128 + number] * 3
    assert time.monotonic() - began < WRITE_WAIT_SECONDS / 2


def work_and_rest(work):
    async def both():
        await work()
        await anyio.sleep_forever()

    return both
