"""The lock: held by one process, named, let go by the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from gosync.errors import LockedError
from gosync.store.lock import StoreLock, read_holder

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
        assert str(read_holder(tmp_path)).startswith(f"pid {os.getpid()} (gosync sync)")
    assert lock.path.read_text() == ""
    assert read_holder(tmp_path) is None
    assert read_holder(tmp_path / "elsewhere") is None
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
    assert read_holder(tmp_path) is None
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
