"""Hook command: somebody's program, run so that it cannot harm us.

It gets its input on stdin, a time limit, and a session of its own. Of what it prints
the beginning is kept and the rest read away. When it ends, or its time is over,
whatever it started is killed as well: a process that left the session still has the
mark in its environment by which it is found. (One that clears that, too, is left to
the service manager, who knows the processes of a unit.)
"""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

_MARK = "GOSYNC_HOOK"
_KEPT_BYTES = 4096
_LOOK_SECONDS = 0.05
_ROUNDS = 50  # of killing what forks while it is killed
# What speaks for us to the service manager is none of a command's business.
_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID")


class CommandEnd(msgspec.Struct, frozen=True):
    """How a command ended.

    Attributes:
        exit_code: Its exit code, negative for a signal; None when it was ended.
        output: The beginning of what it printed.
    """

    exit_code: int | None
    output: str


def run_command(
    command: Sequence[str],
    data: bytes,
    *,
    time_limit_seconds: float,
    cancelled: threading.Event,
) -> CommandEnd:
    """Run a command to its end, or to the end of its time; blocks.

    Args:
        command: The program and its arguments.
        data: What it reads on stdin; it need not.
        time_limit_seconds: How long it may take.
        cancelled: Ends it earlier.

    Raises:
        OSError: if it cannot be started.
    """
    mark = secrets.token_hex(16)
    environment = {k: v for k, v in os.environ.items() if k not in _OURS}
    process = subprocess.Popen(  # noqa: S603 - the operator's own command, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={**environment, _MARK: mark},
    )
    deadline = time.monotonic() + time_limit_seconds
    try:
        output = _converse(process, data, deadline, cancelled)
        code = process.poll()
    finally:
        _end_all(process, mark)
    return CommandEnd(code, output.decode("utf-8", "replace"))


def _converse(
    process: subprocess.Popen[bytes],
    data: bytes,
    deadline: float,
    cancelled: threading.Event,
) -> bytes:
    """Write the input and read the output until the command or its time ends."""
    assert process.stdin is not None
    assert process.stdout is not None
    left, kept = memoryview(data), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, events in (
            (process.stdin, selectors.EVENT_WRITE),
            (process.stdout, selectors.EVENT_READ),
        ):
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, events)
        while time.monotonic() < deadline and not cancelled.is_set():
            ended = process.poll() is not None
            ready = selector.select(0 if ended else _LOOK_SECONDS)
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    left = _feed(selector, process, left)
                else:
                    _read(selector, process, kept)
            if ended:  # what a child of it prints later is nobody's
                break
    return bytes(kept)


def _feed(
    selector: selectors.BaseSelector, process: subprocess.Popen[bytes], left: memoryview
) -> memoryview:
    assert process.stdin is not None
    try:
        left = left[os.write(process.stdin.fileno(), left) :]
    except BlockingIOError:
        return left
    except OSError:  # it does not want to read
        left = left[:0]
    if not left:
        selector.unregister(process.stdin)
        with suppress(OSError):
            process.stdin.close()
    return left


def _read(
    selector: selectors.BaseSelector, process: subprocess.Popen[bytes], kept: bytearray
) -> None:
    assert process.stdout is not None
    try:
        data = os.read(process.stdout.fileno(), 65536)
    except BlockingIOError:
        return
    if not data:
        selector.unregister(process.stdout)
    kept += data[: _KEPT_BYTES - len(kept)]


def _end_all(process: subprocess.Popen[bytes], mark: str) -> None:
    """Kill the command and everything that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()
    for _ in range(_ROUNDS):
        found = _marked(f"{_MARK}={mark}".encode())
        if not found:
            return
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: bytes) -> list[int]:
    """Return the processes whose environment has the mark."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
