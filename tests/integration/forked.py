"""Runs gosync in children of a process that has imported it already.

    process = forked.start(["sync"], folder=..., environment=...)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    code, out, err = forked.run(["status"], folder=..., environment=...,
                                timeout_seconds=120)

Python's start and the imports take longer than most commands of these tests. So one
process beside each test process imports gosync once and forks a child for each run;
the child calls what the ``gosync`` script calls, ``gosync.cli.main.entry``.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Self

from tests.integration import forkserver

CHECKOUT = Path(__file__).resolve().parents[2]
_NUMBER_BYTES = 32


class Process:
    """A command that runs in a fork; used as ``subprocess.Popen`` is.

    What it writes lies in memory and can be read while it runs. Use it in ``with``,
    or wait for its end.

    Attributes:
        pid: Its number.
        returncode: How it ended, None before that is known; a negative code is that
            of a signal.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        connection: int,
        out: int,
        err: int,
    ) -> None:
        """Take over a connection to the server, which was asked to fork.

        Args:
            arguments: What runs.
            connection: Where the server tells its number, and how it ended. It and
                the files are closed here.
            out: A file in memory for its standard output.
            err: One for its standard error.
        """
        self._arguments = arguments
        self._connection, self._out, self._err = connection, out, err
        self.pid = int(os.read(connection, _NUMBER_BYTES))
        self.returncode: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.wait()

    def __del__(self) -> None:
        for each in (self._connection, self._out, self._err):
            os.close(each)

    @property
    def out(self) -> str:
        """What it has written to its standard output so far."""
        return _text(self._out)

    @property
    def err(self) -> str:
        """What it has written to its standard error so far."""
        return _text(self._err)

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return how it ended.

        Raises:
            subprocess.TimeoutExpired: if it still runs after so many seconds.
        """
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self._arguments, timeout or 0)
            self.returncode = int(os.read(self._connection, _NUMBER_BYTES))
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end and return what it wrote.

        Raises:
            subprocess.TimeoutExpired: if it still runs after so many seconds.
        """
        self.wait(timeout)
        return self.out, self.err

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def start(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    stdin: int | None = None,
    log: int | None = None,
) -> Process:
    """Start ``gosync ARGUMENTS``.

    Args:
        arguments: The command.
        folder: Where it runs.
        environment: Its whole environment.
        stdin: A file for its standard input; /dev/null by default.
        log: A file for both of its streams, instead of memory.
    """
    request = {
        "arguments": list(arguments),
        "folder": str(folder),
        "environment": dict(environment),
    }
    out, err = os.memfd_create("output"), os.memfd_create("errors")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection,
        open(os.devnull) as nothing,  # noqa: PTH123
    ):
        connection.connect(_server())
        first = nothing.fileno() if stdin is None else stdin
        streams = [first, *((out, err) if log is None else (log, log))]
        socket.send_fds(connection, [json.dumps(request).encode()], streams)
        return Process(arguments, connection.detach(), out, err)


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout_seconds: float,
) -> tuple[int, str, str]:
    """Run ``gosync ARGUMENTS``; return its exit code and what it wrote.

    Raises:
        subprocess.TimeoutExpired: if it took too long; it is killed then.
    """
    with start(arguments, folder=folder, environment=environment) as process:
        code = process.wait(timeout_seconds)
        return code, process.out, process.err


def _text(file: int) -> str:
    return os.pread(file, os.fstat(file).st_size, 0).decode()


@cache
def _server() -> bytes:
    """Start the process that forks; return its address."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind("")  # Linux chooses an abstract name
    listener.listen(16)
    process = subprocess.Popen(
        [sys.executable, "-m", forkserver.__name__, str(listener.fileno())],
        cwd=CHECKOUT,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.PIPE,
        pass_fds=[listener.fileno()],
    )
    atexit.register(process.wait)
    assert process.stdin is not None
    atexit.register(process.stdin.close)
    address = listener.getsockname()
    listener.close()
    assert isinstance(address, bytes)
    return address
