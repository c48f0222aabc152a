"""Runs gosync in children of a process that has imported it already.

    code, out, err = forked.run(["status"], folder=..., environment=...,
                                timeout_seconds=120)

Python's start and the imports take longer than most commands of these tests. So one
process beside each test process imports gosync once and forks a child for each run;
the child calls what the ``gosync`` script calls, ``gosync.cli.main.entry``.

A run is one connection: the request, as JSON, with the descriptors of standard
output and error; then the child's process id and, at its end, its exit code.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import IO, NoReturn

CHECKOUT = Path(__file__).resolve().parents[2]
_REQUEST_BYTES = 1 << 16
_NUMBER_BYTES = 32


def run(
    arguments: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout_seconds: float,
) -> tuple[int, str, str]:
    """Run ``gosync ARGUMENTS``; return its exit code and what it wrote.

    A negative code is that of a signal, as with subprocess.

    Raises:
        subprocess.TimeoutExpired: if it took too long; it is killed then.
    """
    request = {
        "arguments": list(arguments),
        "folder": str(folder),
        "environment": dict(environment),
    }
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection,
    ):
        connection.connect(_server())
        files = [out.fileno(), err.fileno()]
        socket.send_fds(connection, [json.dumps(request).encode()], files)
        child = int(connection.recv(_NUMBER_BYTES))
        connection.settimeout(timeout_seconds)
        try:
            code = int(connection.recv(_NUMBER_BYTES))
        except TimeoutError as exc:
            os.kill(child, signal.SIGKILL)
            raise subprocess.TimeoutExpired(arguments, timeout_seconds) from exc
        return code, _text(out), _text(err)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@cache
def _server() -> bytes:
    """Start the process that forks; return its address."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind("")  # Linux chooses an abstract name
    listener.listen(16)
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, str(listener.fileno())],
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


def become_gosync(
    arguments: Sequence[str],
    *,
    folder: str,
    environment: Mapping[str, str],
    out: int,
    err: int,
) -> None:
    """Give this process the folder, environment and streams of a command."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with open(os.devnull) as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.argv = ["gosync", *arguments]


def enter_and_exit() -> NoReturn:
    """Run the command that this process has become, and end with its exit code."""
    from gosync.cli.main import entry  # noqa: PLC0415 - imported before the fork

    code: object = 70
    try:
        entry()
    except SystemExit as exc:
        code = exc.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


# What libraries, and gosync's catalog, import when they are first used.
_WHEN_USED = (
    "anyio._backends._asyncio",
    "anyio._core._signals",
    "encodings.ascii",
    "encodings.idna",
    "h11",
    "h2.connection",
    "httpcore",
    "httpx",
    "rich.table",
    "sqlite_utils",
)


def import_gosync() -> None:
    """Import every verb, and what libraries import when they are used.

    Children find it as it is: their garbage collector leaves its pages shared.
    """
    import gosync.cli  # noqa: PLC0415 - not in the test's process

    for module in iter_modules(gosync.cli.__path__):
        import_module(f"gosync.cli.{module.name}")
    for name in _WHEN_USED:
        import_module(name)
    gc.freeze()


def _serve(listener: socket.socket) -> None:
    """Fork a child for each connection until the tests end."""
    import_gosync()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the tests' end is ours
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _attend(connection)
        connection.close()
        _reap()


def _reap() -> None:
    """Wait for the children that have ended; what they cost counts as ours."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _attend(connection: socket.socket) -> NoReturn:
    """Run one command in a child and tell how it ends."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    data, (out, err), _, _ = socket.recv_fds(connection, _REQUEST_BYTES, 2)
    child = os.fork()
    if child == 0:
        connection.close()
        become_gosync(**json.loads(data), out=out, err=err)
        os.close(out)
        os.close(err)
        enter_and_exit()
    with suppress(OSError):  # who asked may have gone
        connection.send(str(child).encode())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):
        connection.send(str(code).encode())
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
