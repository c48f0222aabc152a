"""Hooks' commands, contained: what hangs, fails, floods or forks."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from gosync.daemon.command import CommandEnd, run_command

DATA = b'{"job": "sync"}\n'


def _run(
    *command: str,
    data: bytes = DATA,
    limit: float = 10.0,
    cancelled: threading.Event | None = None,
) -> CommandEnd:
    return run_command(
        command,
        data,
        time_limit_seconds=limit,
        cancelled=cancelled or threading.Event(),
    )


def _sh(script: str, *, limit: float = 10.0, data: bytes = DATA) -> CommandEnd:
    return _run("sh", "-c", script, limit=limit, data=data)


def _is_alive(pid_file: Path) -> bool:
    """Whether the process that wrote its number lives; a zombie does not."""
    stat = Path("/proc", pid_file.read_text().strip(), "stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_gets_the_document_on_stdin(tmp_path: Path):
    end = _sh(f"cat > {tmp_path}/got; echo said; echo too >&2")

    assert end == CommandEnd(0, "said\ntoo\n")
    assert (tmp_path / "got").read_bytes() == DATA


def test_a_failure_is_told_with_what_it_printed():
    assert _sh("echo why; exit 3") == CommandEnd(3, "why\n")
    assert _sh("kill -9 $$").exit_code == -9


def test_one_that_is_not_there_is_an_os_error():
    with pytest.raises(FileNotFoundError):
        _run("/not/there")


def test_one_that_reads_nothing_is_no_trouble():
    assert _sh("exec <&-; echo done", data=b"x" * 3_000_000) == CommandEnd(0, "done\n")


def test_one_that_hangs_is_ended(tmp_path: Path):
    started = time.monotonic()
    end = _sh(
        f"trap '' TERM; echo $$ > {tmp_path}/pid; echo begun; sleep 600", limit=0.5
    )

    assert end == CommandEnd(None, "begun\n")
    assert time.monotonic() - started < 60
    assert not _is_alive(tmp_path / "pid")


def test_the_daemons_end_ends_it():
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    started = time.monotonic()

    assert _run("sleep", "600", limit=60, cancelled=cancelled).exit_code is None
    assert time.monotonic() - started < 60


def test_of_megabytes_the_beginning_is_kept():
    end = _sh("yes | head -c 50000000; echo the end >&2")

    assert end.exit_code == 0
    assert end.output == "y\n" * 2048


def test_what_it_leaves_behind_ends_with_it(tmp_path: Path):
    """A child in the background, one in a session of its own, one that forked twice."""
    names = [str(tmp_path / name) for name in ("one", "two", "three")]
    stay = [f"sh -c 'echo $$ > {name}; sleep 600'" for name in names]
    there = " -a ".join(f"-s {name}" for name in names)
    started = time.monotonic()
    end = _sh(
        f'{stay[0]} & setsid {stay[1]} & setsid sh -c "(setsid {stay[2]} &)" &'
        f" while ! [ {there} ]; do sleep 0.02; done; echo left"
    )

    assert end == CommandEnd(0, "left\n")
    assert time.monotonic() - started < 60
    assert not any(_is_alive(Path(name)) for name in names)


def test_one_that_forks_and_forks_is_ended(tmp_path: Path):
    program = (
        "import os, time\n"
        "for _ in range(4): os.fork()\n"
        "os.setsid() if os.getpid() != os.getpgid(0) else None\n"
        f"open('{tmp_path}/' + str(os.getpid()), 'w').write(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )
    end = _run(sys.executable, "-c", program, limit=1.5)

    assert end.exit_code is None
    pids = list(tmp_path.iterdir())
    assert len(pids) == 16
    assert not any(map(_is_alive, pids))


def test_it_cannot_speak_for_us_to_the_manager(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "1")

    end = _sh("env")

    assert "NOTIFY_SOCKET" not in end.output
    assert "WATCHDOG" not in end.output
    assert "PATH=" in end.output
